"""The inference engine: vLLM in its own process, and the generators that it serves."""
