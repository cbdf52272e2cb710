"""The reply generator: QLoRA training, the manifest of an adapter, and the base model that it is served with."""
