"""Generates made-up texts with known names and addresses, the training data of the name finder. It trains nothing."""

from ticketing.privacy.examples.generate import Example, generate_examples

__all__ = ["Example", "generate_examples"]
