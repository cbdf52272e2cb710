"""Code that several packages of `models` share, such as base models, the text encoder, statistics and hardware."""
