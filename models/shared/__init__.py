"""Code that several rooms of `models` use: base models, the text encoder, statistics, hardware."""
