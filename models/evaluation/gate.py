"""The gate: it compares the measurements of a candidate with rules, and returns a verdict with the margin of each rule.

The evaluations make the measurements; `models.registry.versions` promotes.
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
# The default rules require a lower confidence bound of at least the target minus this margin. The measured number alone
# is not enough: a model with a true accuracy of 0.96 gets 98 of 100 right one time in four.
BOUND_MARGIN = 0.01
SIZES = ("tickets", "replies")  # metrics that count tickets: `min_count` does not apply to them


def format_number(number: float) -> str:
    """A number for people: whole numbers without decimals, scores up to 100 with two, shares with four."""
    if number == round(number):
        return str(round(number))
    return f"{number:.2f}" if abs(number) > 1 else f"{number:.4f}"


@dataclass(frozen=True)
class RuleResult:
    """One rule and its result.

    `value` is None when the number is missing; the rule then fails. `judged` is the number that was compared with the
    bound: the value, or its one-sided confidence bound when the rule has a `confidence`.
    """

    name: str
    value: float | None
    operator: str
    bound: float
    passed: bool
    against: str | None = None
    confidence: float | None = None  # level of the confidence bound that is judged; None: the value is judged
    min_count: int = 0  # with fewer tickets the rule fails
    judged: float | None = None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    p_value: float | None = None
    skipped: str | None = None  # why the rule is not judged: it neither passes nor fails

    @property
    def margin(self) -> float | None:
        """The distance from the bound; negative when the rule fails."""
        if self.judged is None:
            return None
        distance = self.judged - self.bound
        return distance if self.operator in (">", ">=") else -distance

    @property
    def too_few(self) -> bool:
        """Whether there were fewer tickets than the rule needs."""
        return self.count is not None and self.count < self.min_count

    @property
    def unsure(self) -> bool:
        """Whether the value passed although its 95 % interval contains the bound."""
        worst = self.low if self.operator in (">", ">=") else self.high
        passed_by_value = self.passed and self.judged is not None and self.judged == self.value
        return passed_by_value and worst is not None and not OPERATORS[self.operator](worst, self.bound)

    @property
    def sentence(self) -> str:
        """The rule in words, with its value, interval and margin."""
        if self.skipped:
            return f"{self.name}: {self.skipped}"
        if self.value is None or self.judged is None or self.margin is None:
            return f"{self.name} could not be measured"
        if self.too_few:
            few = f"{self.count} tickets, but at least {self.min_count} are needed"
            return f"{self.name} {format_number(self.value)} was measured on {few}"
        verb = "is" if self.passed else "must be"
        end = "lower" if self.operator in (">", ">=") else "upper"
        tested = f"{self.name} {format_number(self.value)}"
        details = [] if self.name.split(" ")[0] in SIZES else [f"{self.count} tickets"]
        if self.p_value is not None:
            details.insert(0, f"p-value {self.p_value:.4f}")
        if self.low is not None and self.high is not None and self.low != self.high:
            details.insert(0, f"95 % interval {format_number(self.low)} to {format_number(self.high)}")
        if self.judged != self.value:
            tested = f"{end} confidence bound {format_number(self.judged)} of {self.name}"
            details.insert(0, f"measured {format_number(self.value)}")
        brackets = f" ({', '.join(details)})" if details else ""
        sign = "+" if self.margin >= 0 else ""
        return (
            f"{tested}{brackets} {verb} {self.operator} {format_number(self.bound)}, "
            f"margin {sign}{format_number(self.margin)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return {**asdict(self), "margin": self.margin}


@dataclass(frozen=True)
class Verdict:
    """The results of all rules for one candidate."""

    rules: tuple[RuleResult, ...]

    @property
    def passed(self) -> bool:
        """Whether at least one rule was judged, and every judged rule passed."""
        judged = [rule for rule in self.rules if not rule.skipped]
        return bool(judged) and all(rule.passed for rule in judged)

    @property
    def sentence(self) -> str:
        """The failed rules with their margins; all judged rules when none failed."""
        shown = [rule for rule in self.rules if not rule.skipped and rule.passed == self.passed]
        return "; ".join(rule.sentence for rule in shown) or "no rule could be judged"


def judge(rules: Iterable[GateRule], measured: Measurements) -> Verdict:
    """Compares measurements with rules. A rule fails if its number is missing or NaN."""
    return Verdict(tuple(result for rule in rules for result in _results(rule, measured)))


def rules_of(gate: GateSettings, kind: str) -> list[GateRule]:
    """The rules for a kind of model: those of the settings, or the default rules when the settings have none.

    A rule without a `min_count` gets `gate.min_tickets` for a classifier and `gate.min_replies` for a generator. So no
    rule passes on a handful of tickets.
    """
    default_min_count = gate.min_tickets if kind == "classifier" else gate.min_replies
    own = [rule for rule in gate.rules if rule.kind == kind]
    rules = own or [rule for rule in default_rules(gate) if rule.kind == kind]
    return [
        rule if rule.min_count is not None else rule.model_copy(update={"min_count": default_min_count})
        for rule in rules
    ]


def default_rules(gate: GateSettings) -> tuple[GateRule, ...]:
    """The rules for both kinds that apply when the settings have none.

    A classifier must be tested on enough tickets, with at least one in each language that it routes. Its selective
    accuracy must reach the target, and the lower confidence bound of that accuracy the target minus `BOUND_MARGIN`. Its
    coverage must be large enough, and its accuracy must not be below the champion's on the same tickets.

    A generator must pass in each language: enough test replies, a BLEU above that of its base model and that of the
    nearest reply (0.95 confidence), a BLEU not below the champion's, and few replies with faults.
    """
    return (
        GateRule(kind="classifier", metric="tickets", operator=">=", value=gate.min_tickets),
        GateRule(kind="classifier", metric="tickets", scope="each language", operator=">=", value=1),
        GateRule(kind="classifier", metric="selective_accuracy", operator=">=", value=gate.accuracy),
        GateRule(
            kind="classifier",
            metric="selective_accuracy",
            operator=">=",
            value=max(round(gate.accuracy - BOUND_MARGIN, 4), 0.0),
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
        # A rule also applies to expected scopes without numbers, and fails there.
        all_scopes = sorted(measured.expected.union(measured.scopes))
        scopes = [s for s in all_scopes if s.startswith(rule.scope.removeprefix(EACH) + "=")]
    if not scopes:
        # A rule for each language fails if there is no language at all.
        yield _result(rule, rule.scope, None)
    for scope in scopes:
        if rule.against is None:
            yield _result(rule, scope, measured.values.get((rule.metric, scope)))
        elif rule.against in measured.missing_systems:
            why = f"not judged: no {rule.against} to compare with"
            yield RuleResult(_name(rule, scope), None, rule.operator, _bound(rule), True, rule.against, skipped=why)
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
    min_count = 0 if rule.metric in SIZES else rule.min_count or 0
    return RuleResult(
        name=name,
        value=value,
        operator=rule.operator,
        bound=bound,
        passed=OPERATORS[rule.operator](judged, bound) and number.count >= min_count,
        against=rule.against,
        confidence=rule.confidence,
        min_count=min_count,
        judged=judged,
        low=number.low,
        high=number.high,
        count=number.count,
        p_value=number.p_value if isinstance(number, Comparison) else None,
    )


def _bound(rule: GateRule) -> float:
    if rule.value is not None:
        return rule.value
    # Non-inferiority: the difference from the other system may be on the worse side of zero by at most `margin`.
    return 0.0 - rule.margin if rule.operator in (">", ">=") else rule.margin


def _name(rule: GateRule, scope: str) -> str:
    where = "" if scope == ALL else f" ({scope})"
    against = f" minus that of the {rule.against}" if rule.against else ""
    return f"{rule.metric}{where}{against}"
