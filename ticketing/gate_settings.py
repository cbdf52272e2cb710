"""The settings of the gate: the rules that a trained model must pass to be promoted.

`models.evaluation.gate` applies them; `ticketing.settings` has all other settings.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from ticketing.setting_types import Section

# The faults for which a reviewer would reject a reply, in the order of the report's columns.
FAULTS = (
    "empty_or_cut_off",
    "wrong_language",
    "wrong_order_number",
    "invented_fact",
    "unknown_promise",
)
ANY_FAULT = "any_fault"
# The systems that each metric is compared with. Evaluation measures no other comparison, so no rule can ask for one.
COMPARED: dict[tuple[str, str], tuple[str, ...]] = {
    ("classifier", "accuracy"): ("champion",),
    ("classifier", "coverage"): ("champion",),
    ("classifier", "recall"): ("champion",),
    **{("generator", metric): ("champion", "base", "nearest") for metric in ("bleu", "chrf", ANY_FAULT, *FAULTS)},
}


class GateRule(Section):
    """One rule of the gate: it compares a metric in a scope with a fixed value, or with another system's metric."""

    kind: Literal["classifier", "generator"]
    metric: str = Field(min_length=1, description="its name in the report: selective_accuracy, bleu, wrong_language, …")
    scope: str = Field(
        "all",
        pattern=r"^(all|each (language|category)|(language|category)=.+)$",
        description="all, 'each language', 'each category', 'language=zh', 'category=payment'",
    )
    operator: Literal[">=", ">", "<=", "<"] = ">="
    value: float | None = Field(None, description="the fixed value that the metric is compared with")
    against: Literal["champion", "base", "nearest"] | None = Field(
        None, description="instead of a value: the system to compare with, on the same tickets"
    )
    margin: float = Field(
        0.0, ge=0, description="how much worse than the other system a candidate may be and still pass"
    )
    confidence: float | None = Field(
        None,
        gt=0.5,
        lt=1,
        description="confidence level of the one-sided confidence bound that is tested instead of the measured value",
    )
    min_count: int | None = Field(
        None,
        gt=0,
        description="the rule fails on fewer tickets. Unset: gate.min_tickets, for a generator gate.min_replies",
    )

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        of_categories = self.scope == "each category" or self.scope.startswith("category=")
        if self.kind == "classifier" and self.metric == "accuracy" and of_categories:
            raise ValueError("the accuracy of a single category is its recall: set metric = 'recall'")
        if self.kind == "classifier" and self.metric in ("recall", "precision") and not of_categories:
            raise ValueError(f"{self.metric} is measured by category: set scope = 'each category', or name a category")
        if (self.value is None) == (self.against is None):
            raise ValueError(f"the rule on {self.metric} needs either 'value' or 'against', not both")
        if self.against is not None and self.against not in COMPARED.get((self.kind, self.metric), ()):
            metrics = ", ".join(m for (kind, m), who in COMPARED.items() if kind == self.kind and self.against in who)
            raise ValueError(
                f"a {self.kind}'s {self.metric} is not compared with the {self.against}, so the rule could never pass; "
                f"metrics that are compared with it: {metrics or 'none'}"
            )
        if self.against is not None and self.metric in (ANY_FAULT, *FAULTS) and self.operator in (">", ">="):
            raise ValueError(f"a lower {self.metric} is better: set operator = '<=' or '<'")
        return self


class GateSettings(Section):
    """What a candidate must reach to be promoted. `rules` for a kind of model replace its default rules."""

    accuracy: float = Field(
        0.98, gt=0, le=1, description="accuracy on the tickets that the classifier routes without a human"
    )
    confidence: float = Field(
        0.9,
        gt=0.5,
        lt=1,
        description="confidence level of the lower bounds on accuracy, for thresholds and for the gate",
    )
    out_of_scope_share: float = Field(
        0.01, gt=0, lt=0.5, description="share of in-scope tickets that may be classified as out of scope"
    )
    min_coverage: float = Field(
        0.2, ge=0, le=1, description="minimum share of test tickets that are routed without a human"
    )
    min_tickets: int = Field(100, gt=0, description="a classifier fails with fewer test tickets, or fewer routed ones")
    min_replies: int = Field(50, gt=0, description="a generator fails in a language with fewer test replies")
    max_test_replies: int = Field(
        150,
        gt=0,
        description="maximum number of test replies that are scored; each language gets min_replies all the same",
    )
    max_reply_faults: dict[str, float] = Field(
        {"wrong_language": 0.02, "empty_or_cut_off": 0.05, "wrong_order_number": 0.05, "invented_fact": 0.1},
        description="the largest share of replies with each fault",
    )
    rules: tuple[GateRule, ...] = Field(
        (), description="[[gate.rules]] tables; a kind of model without own rules has the default rules"
    )
    human_approval: bool = Field(False, description="a person must approve each promotion in Prefect's UI")
    approval_timeout_seconds: int = Field(
        12 * 3600, gt=0, description="without an answer by then the promotion is refused"
    )
