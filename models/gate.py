"""The gate: rules a candidate must pass, and the verdict that names each with its number and margin.

The numbers come from `models.evaluation`; promoting is `models.registry`.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

OPERATORS = {">=": lambda value, bound: value >= bound, ">": lambda value, bound: value > bound}


@dataclass(frozen=True)
class RuleResult:
    """One rule and what came of it; `value` is None where the number is missing, and the rule then fails."""

    name: str
    value: float | None
    operator: str
    bound: float | None
    passed: bool

    @property
    def sentence(self) -> str:
        """The rule in words, with its margin."""
        if self.value is None or self.bound is None:
            return f"{self.name} could not be measured"
        margin = self.value - self.bound
        verb = "is" if self.passed else "should be"
        return f"{self.name} {self.value:.4f} {verb} {self.operator} {self.bound:.4f} ({margin:+.4f})"

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """All rules of one candidate. Without rules nothing passes."""

    rules: tuple[RuleResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule passed."""
        return bool(self.rules) and all(rule.passed for rule in self.rules)

    @property
    def sentence(self) -> str:
        """Which rules failed by how much; or, of a candidate that passed, all of them."""
        shown = [rule for rule in self.rules if rule.passed == self.passed]
        return "; ".join(rule.sentence for rule in shown) or "there was nothing to judge"


def rule(name: str, value: float | None, operator: str, bound: float | None) -> RuleResult:
    """Judges one number. A number that is missing or not a number fails."""
    numbers = [None if number is None or math.isnan(number) else float(number) for number in (value, bound)]
    passed = None not in numbers and OPERATORS[operator](*numbers)
    return RuleResult(name, numbers[0], operator, numbers[1], passed)
