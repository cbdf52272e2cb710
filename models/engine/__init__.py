"""The inference engine: vLLM in a process of its own, and the generators that are served by it."""
