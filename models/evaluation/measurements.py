"""A measured number with its interval, the difference of two systems on the same tickets, and a set of both by scope.

What is measured is `models.evaluation.metrics` and the evaluations; what a number leads to is `models.evaluation.gate`.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import beta, binomtest, norm

CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 12345
ALL = "all"


@dataclass(frozen=True)
class Measurement:
    """A number, its 95 % interval, how many tickets it is of, and how it came about.

    `successes`: what a share was counted from; `samples`: what a bootstrap drew. A bound at any confidence comes from
    one or the other.
    """

    value: float
    low: float
    high: float
    count: int
    signature: str = ""
    successes: int | None = None
    samples: tuple[float, ...] = field(default=(), repr=False)

    def lower(self, confidence: float) -> float:
        """What the number surely enough is not below: a one-sided bound."""
        if self.successes is not None:
            return accuracy_lower_bound(self.successes, self.count, confidence)
        return float(np.quantile(self.samples, 1 - confidence)) if self.samples else self.low

    def upper(self, confidence: float) -> float:
        """What the number surely enough is not above: a one-sided bound."""
        if self.successes is not None:
            return 1 - accuracy_lower_bound(self.count - self.successes, self.count, confidence)
        return float(np.quantile(self.samples, confidence)) if self.samples else self.high

    def as_dict(self) -> dict[str, Any]:
        """For the database: everything but the samples."""
        return {name: value for name, value in asdict(self).items() if name != "samples"}


@dataclass(frozen=True)
class PairedShares:
    """On how many of the same tickets something is so of one system alone, and of the other alone."""

    ours: int
    theirs: int
    count: int

    def quantile(self, level: float) -> float:
        """Where the difference of the shares surely enough is not below, or above: see `share_difference`."""
        total = self.count + 2
        ours, theirs = (self.ours + 1) / total, (self.theirs + 1) / total
        spread = math.sqrt((ours + theirs - (ours - theirs) ** 2) / total)
        return min(1.0, max(-1.0, ours - theirs + float(norm.ppf(level)) * spread))


@dataclass(frozen=True)
class Comparison:
    """How much better a system is than another on the same tickets, with the 95 % interval and a two-sided p-value.

    A bound at any confidence comes from what a bootstrap drew, or, of two shares, from what they were counted from.
    """

    difference: float
    low: float
    high: float
    p_value: float
    count: int
    signature: str = ""
    samples: tuple[float, ...] = field(default=(), repr=False)
    paired: PairedShares | None = None

    def lower(self, confidence: float) -> float:
        """What the difference surely enough is not below."""
        if self.paired is not None:
            return self.paired.quantile(1 - confidence)
        return float(np.quantile(self.samples, 1 - confidence)) if self.samples else self.low

    def upper(self, confidence: float) -> float:
        """What the difference surely enough is not above."""
        if self.paired is not None:
            return self.paired.quantile(confidence)
        return float(np.quantile(self.samples, confidence)) if self.samples else self.high

    def as_dict(self) -> dict[str, Any]:
        """For the database: everything but the samples."""
        return {name: value for name, value in asdict(self).items() if name != "samples"}


@dataclass(frozen=True)
class Measurements:
    """Numbers by (metric, scope), and differences by (metric, scope, against); a scope is `all` or like `language=zh`.

    `absent`: what there is nothing of to compare with, such as a champion before the first promotion. A number that
    should be there and is not is missing, which is something else. `expected`: scopes that there should be numbers of,
    measured or not, such as a language that is routed.
    """

    values: dict[tuple[str, str], Measurement] = field(default_factory=dict)
    comparisons: dict[tuple[str, str, str], Comparison] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    expected: frozenset[str] = frozenset()

    @property
    def scopes(self) -> list[str]:
        """Every scope that something was measured in."""
        return sorted({scope for _, scope in self.values})

    def as_dict(self) -> dict[str, Any]:
        """For the database: metric → scope → number, and what it was compared with."""
        values: dict[str, Any] = {}
        for (metric, scope), one in self.values.items():
            values.setdefault(metric, {})[scope] = one.as_dict()
        compared: dict[str, Any] = {}
        for (metric, scope, against), other in self.comparisons.items():
            compared.setdefault(metric, {}).setdefault(scope, {})[against] = other.as_dict()
        return {"values": values, "comparisons": compared, "absent": sorted(self.absent)}

    def signatures(self) -> dict[str, str]:
        """How each number came about, where that needs saying: metric and scope → signature."""
        said = {f"{metric} {scope}": one.signature for (metric, scope), one in self.values.items()}
        for (metric, scope, against), other in self.comparisons.items():
            said[f"{metric} {scope} minus that of the {against}"] = other.signature
        return {name: signature for name, signature in said.items() if signature}


def accuracy_lower_bound(correct: int, total: int, confidence: float) -> float:
    """The one-sided Clopper–Pearson lower bound of an accuracy.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404–413.

    Args:
        correct: right answers out of `total`.
        confidence: how sure the bound is, 0..1.
    """
    return 0.0 if correct == 0 else float(beta.ppf(1 - confidence, correct, total - correct + 1))


def share(successes: int, total: int, signature: str = "") -> Measurement | None:
    """A share of tickets with its Clopper–Pearson interval; None where there are no tickets to take a share of."""
    if not total:
        return None
    interval = binomtest(successes, total).proportion_ci(CONFIDENCE, method="exact")
    return Measurement(
        successes / total, float(interval.low), float(interval.high), total, signature, successes=successes
    )


def count(number: int) -> Measurement:
    """A plain number of tickets, for rules on how much there must be."""
    return Measurement(float(number), float(number), float(number), number)


def resampled(rows: int, samples: int = RESAMPLES) -> np.ndarray:
    """Places drawn with replacement, samples × rows: the same ones for as many rows, so that systems stay paired."""
    return np.random.default_rng(SEED).choice(rows, size=(samples, rows), replace=True)


def mean(values: Sequence[float], signature: str = "") -> Measurement | None:
    """A mean with its percentile bootstrap interval.

    Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    if not len(values):
        return None
    numbers = np.asarray(values, dtype=float)
    return bootstrapped(float(numbers.mean()), numbers[resampled(len(numbers))].mean(axis=1), len(numbers), signature)


def bootstrapped(value: float, samples: np.ndarray, number: int, signature: str = "") -> Measurement:
    """A number whose interval are the quantiles of what a bootstrap drew."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Measurement(value, float(low), float(high), number, signature, samples=tuple(samples.tolist()))


def share_difference(right: Sequence[bool], other: Sequence[bool]) -> Comparison | None:
    """How much more often something is so of one system than of another on the same tickets: that it is right, say.

    The p-value is McNemar's exact one (Q. McNemar, Psychometrika 12 (1947) 153–157), the interval Bonett and Price's
    (Adjusted Wald confidence interval for a difference of binomial proportions based on paired data, Journal of
    Educational and Behavioral Statistics 37 (2012) 479–488): where two systems seldom differ a bootstrap draws next to
    no difference, and is far too sure. None where there are no tickets.
    """
    if not len(right):
        return None
    ours, theirs = np.asarray(right, dtype=bool), np.asarray(other, dtype=bool)
    better, worse = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    p_value = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    paired = PairedShares(better, worse, len(ours))
    tail = (1 - CONFIDENCE) / 2
    return Comparison(
        (better - worse) / len(ours), paired.quantile(tail), paired.quantile(1 - tail), p_value, len(ours),
        "McNemar exact, interval by Bonett and Price", paired=paired,
    )  # fmt: skip


def difference(value: float, samples: np.ndarray, p_value: float, number: int, signature: str) -> Comparison:
    """A difference whose interval are the quantiles of what a paired bootstrap drew."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(value, float(low), float(high), p_value, number, signature, tuple(samples.tolist()))
