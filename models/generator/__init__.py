"""The reply generator: its QLoRA training, the manifest of its adapter, and the base model that serves the adapter."""
