"""The gate: rules from the settings, what was measured, and the verdict that names each rule with number and margin.

The numbers come from the evaluations; promoting is `models.registry.versions`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.evaluation.measurements import ALL, Comparison, Measurement, Measurements
from ticketing.settings import GateRule, GateSettings

OPERATORS = {
    ">=": lambda value, bound: value >= bound,
    ">": lambda value, bound: value > bound,
    "<=": lambda value, bound: value <= bound,
    "<": lambda value, bound: value < bound,
}
EACH = "each "
SURELY_WITHIN = 0.01  # of 100 routed tickets 98 are right in one model of four that is right in 96 % of all
SIZES = ("tickets", "replies")  # metrics that say how many tickets there are: a rule on them has its own bound


def told(number: float) -> str:
    """A number as people read it: counts whole, scores of up to 100 with two decimals, shares with four."""
    if number == round(number):
        return str(round(number))
    return f"{number:.2f}" if abs(number) > 1 else f"{number:.4f}"


@dataclass(frozen=True)
class RuleResult:
    """One rule and what came of it.

    `value` is None where the number is missing, and the rule then fails. `judged` is what was held against the bound:
    the value, or the end of its interval where the rule says how sure it must be.
    """

    name: str
    value: float | None
    operator: str
    bound: float
    passed: bool
    against: str | None = None
    confidence: float | None = None  # how sure the rule must be; None: the number itself is judged
    min_count: int = 0  # on fewer tickets it fails, whatever the number is
    judged: float | None = None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    p_value: float | None = None
    skipped: str | None = None  # why there is nothing to judge: no failure, as a missing number is, and no pass

    @property
    def margin(self) -> float | None:
        """How far on the right side of the bound it is; negative on the wrong one."""
        if self.judged is None:
            return None
        distance = self.judged - self.bound
        return distance if self.operator in (">", ">=") else -distance

    @property
    def too_few(self) -> bool:
        """Whether its number is of fewer tickets than the rule asks for."""
        return self.count is not None and self.count < self.min_count

    @property
    def unsure(self) -> bool:
        """Whether it passed though its interval reaches over the bound, since the rule asks for the number alone."""
        worst = self.low if self.operator in (">", ">=") else self.high
        alone = self.passed and self.judged is not None and self.judged == self.value
        return alone and worst is not None and not OPERATORS[self.operator](worst, self.bound)

    @property
    def sentence(self) -> str:
        """The rule in words, with its value, interval and margin."""
        if self.skipped:
            return f"{self.name}: {self.skipped}"
        if self.value is None or self.judged is None or self.margin is None:
            return f"{self.name} could not be measured"
        if self.too_few:
            return f"{self.name} {told(self.value)} is of {self.count} tickets, {self.min_count} at least are needed"
        verb = "is" if self.passed else "should be"
        surely = f" (surely enough {told(self.judged)})" if self.judged != self.value else ""
        interval = (
            f"[{told(self.low)}, {told(self.high)}], "
            if self.low is not None and self.high is not None and self.low != self.high
            else ""
        )
        p_value = f"p {self.p_value:.4f}, " if self.p_value is not None else ""
        return (
            f"{self.name} {told(self.value)}{surely} {verb} {self.operator} {told(self.bound)} "
            f"({interval}{p_value}{self.count} tickets, margin {'+' if self.margin >= 0 else ''}{told(self.margin)})"
        )

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return {**asdict(self), "margin": self.margin}


@dataclass(frozen=True)
class Verdict:
    """All rules of one candidate. Without a rule that was judged nothing passes."""

    rules: tuple[RuleResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule passed, and there was one at least."""
        judged = [rule for rule in self.rules if not rule.skipped]
        return bool(judged) and all(rule.passed for rule in judged)

    @property
    def sentence(self) -> str:
        """Which rules failed by how much; or, of a candidate that passed, all of them."""
        shown = [rule for rule in self.rules if not rule.skipped and rule.passed == self.passed]
        return "; ".join(rule.sentence for rule in shown) or "there was nothing to judge"


def judge(rules: Iterable[GateRule], measured: Measurements) -> Verdict:
    """Holds what was measured against the rules. A number that is missing, or not a number, makes its rule fail."""
    return Verdict(tuple(result for rule in rules for result in _results(rule, measured)))


def rules_of(gate: GateSettings, kind: str) -> list[GateRule]:
    """The rules that a kind of model is held to: those of the settings, or, where they have none, the default ones.

    Each says on how many tickets its number must be, so that no rule passes on a handful; `min_count` of a rule, where
    it is set, stands instead of `gate.min_tickets` or `gate.min_replies`.
    """
    least = gate.min_tickets if kind == "classifier" else gate.min_replies
    own = [rule for rule in gate.rules if rule.kind == kind]
    rules = own or [rule for rule in default_rules(gate) if rule.kind == kind]
    return [rule if rule.min_count is not None else rule.model_copy(update={"min_count": least}) for rule in rules]


def default_rules(gate: GateSettings) -> tuple[GateRule, ...]:
    """The rules of both kinds where the settings name none; the numbers among them are settings of their own.

    A classifier: accurate enough on what it routes itself, and surely no more than `SURELY_WITHIN` below that; on
    enough tickets, some of them in each language that it routes; and no worse than the champion on the same tickets. A
    generator: surely better than its base model and than the nearest reply, on enough replies, with few replies that a
    reviewer would throw away, and no worse than the champion.
    """
    return (
        GateRule(kind="classifier", metric="tickets", operator=">=", value=gate.min_tickets),
        GateRule(kind="classifier", metric="tickets", scope="each language", operator=">=", value=1),
        GateRule(kind="classifier", metric="selective_accuracy", operator=">=", value=gate.accuracy),
        GateRule(
            kind="classifier",
            metric="selective_accuracy",
            operator=">=",
            value=max(round(gate.accuracy - SURELY_WITHIN, 4), 0.0),
            confidence=gate.confidence,
        ),
        GateRule(kind="classifier", metric="coverage", operator=">=", value=gate.min_coverage),
        GateRule(kind="classifier", metric="accuracy", operator=">=", against="champion"),
        GateRule(kind="generator", metric="replies", scope="each language", operator=">=", value=gate.min_replies),
        *(
            GateRule(
                kind="generator", metric="bleu", scope="each language", operator=">", against=other, confidence=0.95
            )
            for other in ("base", "nearest")
        ),
        GateRule(kind="generator", metric="bleu", scope="each language", operator=">=", against="champion"),
        *(
            GateRule(kind="generator", metric=check, scope="each language", operator="<=", value=share)
            for check, share in gate.max_reply_faults.items()
        ),
    )


def _results(rule: GateRule, measured: Measurements) -> Iterator[RuleResult]:
    scopes: Sequence[str] = (rule.scope,)
    if rule.scope.startswith(EACH):
        # What should have been measured and was not fails as well.
        all_scopes = sorted(measured.expected.union(measured.scopes))
        scopes = [s for s in all_scopes if s.startswith(rule.scope.removeprefix(EACH) + "=")]
    if not scopes:
        # Nothing to look at in any of them is no reason to pass.
        yield _result(rule, rule.scope, None)
    for scope in scopes:
        if rule.against is None:
            yield _result(rule, scope, measured.values.get((rule.metric, scope)))
        elif rule.against in measured.absent:
            nobody = f"there is no other {rule.against}"
            yield RuleResult(_name(rule, scope), None, rule.operator, _bound(rule), True, rule.against, skipped=nobody)
        else:
            yield _result(rule, scope, measured.comparisons.get((rule.metric, scope, rule.against)))


def _result(rule: GateRule, scope: str, number: Measurement | Comparison | None) -> RuleResult:
    upwards, bound, name = rule.operator in (">", ">="), _bound(rule), _name(rule, scope)
    value = None if number is None else (number.value if isinstance(number, Measurement) else number.difference)
    if number is None or value is None or math.isnan(value):
        return RuleResult(name, None, rule.operator, bound, False, rule.against, rule.confidence)
    judged = value
    if rule.confidence is not None:
        judged = number.lower(rule.confidence) if upwards else number.upper(rule.confidence)
    least = 0 if rule.metric in SIZES else rule.min_count or 0
    return RuleResult(
        name=name,
        value=value,
        operator=rule.operator,
        bound=bound,
        passed=OPERATORS[rule.operator](judged, bound) and number.count >= least,
        against=rule.against,
        confidence=rule.confidence,
        min_count=least,
        judged=judged,
        low=number.low,
        high=number.high,
        count=number.count,
        p_value=number.p_value if isinstance(number, Comparison) else None,
    )


def _bound(rule: GateRule) -> float:
    if rule.value is not None:
        return rule.value
    # 'Not worse by more than the margin' is a bound on the difference.
    return 0.0 - rule.margin if rule.operator in (">", ">=") else rule.margin


def _name(rule: GateRule, scope: str) -> str:
    where = "" if scope == ALL else f" ({scope})"
    against = f" minus that of the {rule.against}" if rule.against else ""
    return f"{rule.metric}{where}{against}"
