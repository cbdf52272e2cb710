"""The gate: compares the measurements of a candidate with rules, and returns a verdict with the margin of each rule.

`models.evaluation.classifier` and `models.evaluation.generator` make the measurements. `models.registry.versions`
promotes candidates.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.evaluation.measurements import ALL, Comparison, Measurement, Measurements
from ticketing.gate_settings import GateRule, GateSettings

OPERATORS = {
    ">=": lambda value, bound: value >= bound,
    ">": lambda value, bound: value > bound,
    "<=": lambda value, bound: value <= bound,
    "<": lambda value, bound: value < bound,
}
EACH_PREFIX = "each "  # a rule's scope "each language" stands for every language
# The default rules require a lower confidence bound of at least the target minus this margin. The measured accuracy
# alone is not enough: a model with a true accuracy of 0.96 has at least 98 of 100 tickets right one time in four.
BOUND_MARGIN = 0.01
COUNT_METRICS = ("tickets", "replies")  # they count tickets, so `min_count` does not apply to them


def format_number(number: float) -> str:
    """A number for people: whole numbers without decimals, others above 1 with two, shares with four."""
    if number == round(number):
        return str(round(number))
    return f"{number:.2f}" if abs(number) > 1 else f"{number:.4f}"


@dataclass(frozen=True)
class RuleResult:
    """One rule and its result.

    `value` is the measured metric, or None if the metric is missing; then the rule fails. `judged` is what was compared
    with `bound`: the value, or its one-sided confidence bound if the rule has a `confidence`.
    """

    name: str
    value: float | None
    operator: str
    bound: float
    passed: bool
    against: str | None = None
    confidence: float | None = None  # level of the confidence bound that is judged; None if the value is judged
    min_count: int = 0  # with fewer tickets the rule fails
    judged: float | None = None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    p_value: float | None = None
    skipped: str | None = None  # why the rule was not judged, and so neither passed nor failed

    @property
    def margin(self) -> float | None:
        """The distance from the bound, negative if `judged` misses the bound; None without a measured value."""
        if self.judged is None:
            return None
        distance = self.judged - self.bound
        return distance if self.operator in (">", ">=") else -distance

    @property
    def too_few(self) -> bool:
        """Whether the metric was measured on fewer tickets than the rule needs."""
        return self.count is not None and self.count < self.min_count

    @property
    def unsure(self) -> bool:
        """Whether the rule passed on its value alone, although the 95 % interval of the value contains the bound."""
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
        details = [] if self.name.split(" ")[0] in COUNT_METRICS else [f"{self.count} tickets"]
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
        """The fields and the margin, as they are stored in the database."""
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
        """The failed rules with their margins. If none failed, all judged rules."""
        shown = [rule for rule in self.rules if not rule.skipped and rule.passed == self.passed]
        return "; ".join(rule.sentence for rule in shown) or "no rule could be judged"


def judge(rules: Iterable[GateRule], measured: Measurements) -> Verdict:
    """Compares measurements with rules. A rule fails if its metric is missing or NaN."""
    return Verdict(tuple(result for rule in rules for result in _results(rule, measured)))


def rules_of(gate: GateSettings, kind: str) -> list[GateRule]:
    """The rules for a kind of model from the settings. If the settings have none for it, the default rules.

    A rule without a `min_count` gets one, so that no rule passes on a handful of tickets: `gate.min_tickets` for a
    classifier, `gate.min_replies` for a generator.
    """
    default_min_count = gate.min_tickets if kind == "classifier" else gate.min_replies
    configured = [rule for rule in gate.rules if rule.kind == kind]
    rules = configured or [rule for rule in default_rules(gate) if rule.kind == kind]
    return [
        rule if rule.min_count is not None else rule.model_copy(update={"min_count": default_min_count})
        for rule in rules
    ]


def default_rules(gate: GateSettings) -> tuple[GateRule, ...]:
    """The rules for both kinds of models that apply when the settings have none.

    A classifier passes if all of these hold:

    - It was tested on enough tickets, with at least one in each language that it routes.
    - Its selective accuracy (the accuracy on the tickets that it routes) reaches the target. The lower confidence bound
      of this accuracy reaches the target minus `BOUND_MARGIN`.
    - Its coverage (the share of tickets that it routes) is large enough.
    - Its accuracy is not below the champion's on the same tickets.

    A generator passes if all of these hold in each language:

    - It was tested on enough replies.
    - Its BLEU is above that of its base model and of the nearest-reply baseline, at a confidence level of 0.95.
    - Its BLEU is not below the champion's.
    - The share of its replies with faults is small enough.
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
    if rule.scope.startswith(EACH_PREFIX):
        # A rule also applies to expected scopes without measurements, and fails there.
        all_scopes = sorted(measured.expected_scopes.union(measured.scopes))
        scopes = [s for s in all_scopes if s.startswith(rule.scope.removeprefix(EACH_PREFIX) + "=")]
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


def _result(rule: GateRule, scope: str, measured: Measurement | Comparison | None) -> RuleResult:
    upwards, bound, name = rule.operator in (">", ">="), _bound(rule), _name(rule, scope)
    value = None if measured is None else (measured.value if isinstance(measured, Measurement) else measured.difference)
    if measured is None or value is None or math.isnan(value):
        return RuleResult(name, None, rule.operator, bound, False, rule.against, rule.confidence)
    judged = value
    if rule.confidence is not None:
        judged = measured.lower(rule.confidence) if upwards else measured.upper(rule.confidence)
    min_count = 0 if rule.metric in COUNT_METRICS else rule.min_count or 0
    return RuleResult(
        name=name,
        value=value,
        operator=rule.operator,
        bound=bound,
        passed=OPERATORS[rule.operator](judged, bound) and measured.count >= min_count,
        against=rule.against,
        confidence=rule.confidence,
        min_count=min_count,
        judged=judged,
        low=measured.low,
        high=measured.high,
        count=measured.count,
        p_value=measured.p_value if isinstance(measured, Comparison) else None,
    )


def _bound(rule: GateRule) -> float:
    if rule.value is not None:
        return rule.value
    # Non-inferiority: the candidate may be worse than the other system by at most `margin`.
    return 0.0 - rule.margin if rule.operator in (">", ">=") else rule.margin


def _name(rule: GateRule, scope: str) -> str:
    where = "" if scope == ALL else f" ({scope})"
    against = f" minus that of the {rule.against}" if rule.against else ""
    return f"{rule.metric}{where}{against}"
