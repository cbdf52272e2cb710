"""Made-up texts with names and addresses in known places: what the learnt recogniser of both is trained on."""

from ticketing.privacy.examples.generate import Example, generate_examples

__all__ = ["Example", "generate_examples"]
