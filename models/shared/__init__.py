"""What the rooms of learnt models share: base models, texts as vectors, the hardware."""
