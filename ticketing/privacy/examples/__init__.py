"""Generates made-up texts with known names and addresses: the training data of the name finder.

The version of the name finder covers the constants of these modules by name and value. After a change, every machine
trains its name finder again.
"""

from ticketing.privacy.examples.generate import Example, generate_examples

__all__ = ["Example", "generate_examples"]
