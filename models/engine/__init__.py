"""The inference engine: vLLM in its own process, and the generators and champions that run on it."""
