"""Measurements with confidence intervals, differences of two systems on the same tickets, and both grouped by scope.

The metrics are `models.evaluation.metrics`; the rules on measurements are `models.evaluation.gate`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm

from models.shared.statistics import clopper_pearson_lower_bound

CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 12345
ALL = "all"


@dataclass(frozen=True)
class Measurement:
    """A number with its 95 % confidence interval, the number of tickets, and a signature of the method.

    `successes` is set for a share, `samples` for a bootstrapped number; bounds at other confidence levels are computed
    from them.
    """

    value: float
    low: float
    high: float
    count: int
    signature: str = ""
    successes: int | None = None
    samples: tuple[float, ...] = field(default=(), repr=False)

    def lower(self, confidence: float) -> float:
        """The one-sided lower confidence bound."""
        if self.successes is not None:
            return clopper_pearson_lower_bound(self.successes, self.count, confidence)
        return float(np.quantile(self.samples, 1 - confidence)) if self.samples else self.low

    def upper(self, confidence: float) -> float:
        """The one-sided upper confidence bound."""
        if self.successes is not None:
            return 1 - clopper_pearson_lower_bound(self.count - self.successes, self.count, confidence)
        return float(np.quantile(self.samples, confidence)) if self.samples else self.high

    def as_dict(self) -> dict[str, Any]:
        """For the database: everything but the samples."""
        return {name: value for name, value in asdict(self).items() if name != "samples"}


@dataclass(frozen=True)
class PairedShares:
    """Of `count` tickets, those on which only the first system succeeds (`ours`) or only the second (`theirs`)."""

    ours: int
    theirs: int
    count: int

    def quantile(self, level: float) -> float:
        """The quantile of the difference of the two shares, by Bonett and Price: see `share_difference`."""
        total = self.count + 2
        ours, theirs = (self.ours + 1) / total, (self.theirs + 1) / total
        spread = math.sqrt((ours + theirs - (ours - theirs) ** 2) / total)
        return min(1.0, max(-1.0, ours - theirs + float(norm.ppf(level)) * spread))


@dataclass(frozen=True)
class Comparison:
    """The difference of two systems on the same tickets, with its 95 % confidence interval and two-sided p-value.

    Bounds at other confidence levels are computed from the bootstrap's `samples`, or from the counts of two shares
    (`paired`).
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
        """The one-sided lower confidence bound."""
        if self.paired is not None:
            return self.paired.quantile(1 - confidence)
        return float(np.quantile(self.samples, 1 - confidence)) if self.samples else self.low

    def upper(self, confidence: float) -> float:
        """The one-sided upper confidence bound."""
        if self.paired is not None:
            return self.paired.quantile(confidence)
        return float(np.quantile(self.samples, confidence)) if self.samples else self.high

    def as_dict(self) -> dict[str, Any]:
        """For the database: everything but the samples."""
        return {name: value for name, value in asdict(self).items() if name != "samples"}


@dataclass(frozen=True)
class Measurements:
    """Numbers by (metric, scope) and differences by (metric, scope, against); a scope is `all` or like `language=zh`.

    `missing_systems`: systems that do not exist, such as the champion before the first promotion. Rules against them
    are skipped, while a rule whose number is missing fails. `expected`: scopes that must have numbers, such as every
    language that the classifier routes.
    """

    values: dict[tuple[str, str], Measurement] = field(default_factory=dict)
    comparisons: dict[tuple[str, str, str], Comparison] = field(default_factory=dict)
    missing_systems: frozenset[str] = frozenset()
    expected: frozenset[str] = frozenset()

    @property
    def scopes(self) -> list[str]:
        """All scopes that have a number."""
        return sorted({scope for _, scope in self.values})

    def as_dict(self) -> dict[str, Any]:
        """For the database: metric → scope → number, and the comparisons."""
        values: dict[str, Any] = {}
        for (metric, scope), number in self.values.items():
            values.setdefault(metric, {})[scope] = number.as_dict()
        compared: dict[str, Any] = {}
        for (metric, scope, against), comparison in self.comparisons.items():
            compared.setdefault(metric, {}).setdefault(scope, {})[against] = comparison.as_dict()
        return {"values": values, "comparisons": compared, "missing_systems": sorted(self.missing_systems)}

    def signatures(self) -> dict[str, str]:
        """The signatures of the numbers that have one: metric and scope → signature."""
        found = {f"{metric} {scope}": number.signature for (metric, scope), number in self.values.items()}
        for (metric, scope, against), comparison in self.comparisons.items():
            found[f"{metric} {scope} minus that of the {against}"] = comparison.signature
        return {name: signature for name, signature in found.items() if signature}


def share(successes: int, total: int, signature: str = "") -> Measurement | None:
    """A share of tickets with its Clopper–Pearson interval; None without tickets."""
    if not total:
        return None
    interval = binomtest(successes, total).proportion_ci(CONFIDENCE, method="exact")
    return Measurement(
        successes / total, float(interval.low), float(interval.high), total, signature, successes=successes
    )


def count(number: int) -> Measurement:
    """A number of tickets, for rules on the size of a test part."""
    return Measurement(float(number), float(number), float(number), number)


def resampled(rows: int, samples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """Row numbers drawn with replacement, one array of length `rows` for each sample.

    The same number of rows gives the same samples, so that two systems stay paired. The samples come one by one: all of
    them together would take 8 kB for each row.
    """
    generator = np.random.default_rng(SEED)
    return (generator.choice(rows, size=rows, replace=True) for _ in range(samples))


def mean(values: Sequence[float], signature: str = "") -> Measurement | None:
    """A mean with its percentile bootstrap interval.

    Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    if not len(values):
        return None
    numbers = np.asarray(values, dtype=float)
    samples = np.asarray([numbers[rows].mean() for rows in resampled(len(numbers))])
    return bootstrapped(float(numbers.mean()), samples, len(numbers), signature)


def bootstrapped(value: float, samples: np.ndarray, number: int, signature: str = "") -> Measurement:
    """A number whose interval is given by the quantiles of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Measurement(value, float(low), float(high), number, signature, samples=tuple(samples.tolist()))


def share_difference(first: Sequence[bool], second: Sequence[bool]) -> Comparison | None:
    """The difference of two systems' shares of successes on the same tickets; None without tickets.

    The p-value is that of McNemar's exact test (Q. McNemar, Psychometrika 12 (1947) 153–157). The interval is that of
    Bonett and Price (Adjusted Wald confidence interval for a difference of binomial proportions based on paired data,
    Journal of Educational and Behavioral Statistics 37 (2012) 479–488). A bootstrap interval would be far too narrow
    when two systems seldom differ.

    Args:
        first: whether the first system succeeds on each ticket.
        second: whether the second system succeeds on each ticket.
    """
    if not len(first):
        return None
    ours, theirs = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    better, worse = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    p_value = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    paired = PairedShares(better, worse, len(ours))
    tail = (1 - CONFIDENCE) / 2
    return Comparison(
        (better - worse) / len(ours), paired.quantile(tail), paired.quantile(1 - tail), p_value, len(ours),
        "McNemar exact, interval by Bonett and Price", paired=paired,
    )  # fmt: skip


def difference(value: float, samples: np.ndarray, p_value: float, number: int, signature: str) -> Comparison:
    """A difference whose interval is given by the quantiles of paired bootstrap samples."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(value, float(low), float(high), p_value, number, signature, tuple(samples.tolist()))
