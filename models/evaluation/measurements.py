"""Measured metrics with confidence intervals, and differences between two systems on the same tickets.

A scope is the group of tickets that a metric covers. `models.evaluation.metrics` computes metrics.
`models.evaluation.gate` applies rules to measurements.
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
    """The value of a metric with its 95 % confidence interval, its number of tickets, and a signature of the method.

    Bounds at other confidence levels come from `successes` if the value is a share, and from `samples` if the interval
    is a bootstrap interval.
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
    """The counts that a difference of two shares on the same tickets is computed from."""

    ours: int  # tickets on which only the first system succeeds
    theirs: int  # tickets on which only the second system succeeds
    count: int  # all tickets

    def quantile(self, level: float) -> float:
        """A quantile of the difference of the two shares, by Bonett and Price's method: see `share_difference`."""
        total = self.count + 2
        ours, theirs = (self.ours + 1) / total, (self.theirs + 1) / total
        spread = math.sqrt((ours + theirs - (ours - theirs) ** 2) / total)
        return min(1.0, max(-1.0, ours - theirs + float(norm.ppf(level)) * spread))


@dataclass(frozen=True)
class Comparison:
    """The difference between two systems on the same tickets, with its 95 % confidence interval and two-sided p-value.

    Bounds at other confidence levels come from `paired` if the difference is one of shares, and from `samples` if the
    interval is a bootstrap interval.
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
    """All measurements of a candidate.

    `values` has the keys (metric, scope), and `comparisons` the keys (metric, scope, other system). A scope is `all`,
    or for example `language=zh`. `missing_systems` are systems that do not exist, such as the champion before the first
    promotion: the gate skips rules against them. If only a measurement is missing, the rule fails. `expected_scopes`
    must have measurements, for example every language that the classifier routes.
    """

    values: dict[tuple[str, str], Measurement] = field(default_factory=dict)
    comparisons: dict[tuple[str, str, str], Comparison] = field(default_factory=dict)
    missing_systems: frozenset[str] = frozenset()
    expected_scopes: frozenset[str] = frozenset()

    @property
    def scopes(self) -> list[str]:
        """All scopes that have a value."""
        return sorted({scope for _, scope in self.values})

    def as_dict(self) -> dict[str, Any]:
        """For the database: metric → scope → value, and metric → scope → other system → comparison."""
        values: dict[str, Any] = {}
        for (metric, scope), measurement in self.values.items():
            values.setdefault(metric, {})[scope] = measurement.as_dict()
        compared: dict[str, Any] = {}
        for (metric, scope, against), comparison in self.comparisons.items():
            compared.setdefault(metric, {}).setdefault(scope, {})[against] = comparison.as_dict()
        return {"values": values, "comparisons": compared, "missing_systems": sorted(self.missing_systems)}

    def signatures(self) -> dict[str, str]:
        """The signatures of the measurements that have one, by metric and scope."""
        found = {f"{metric} {scope}": measurement.signature for (metric, scope), measurement in self.values.items()}
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


def count(tickets: int) -> Measurement:
    """A number of tickets as a measurement, for rules on the size of a test part."""
    return Measurement(float(tickets), float(tickets), float(tickets), tickets)


def bootstrap_rows(rows: int, samples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """Row indices drawn with replacement, one array of length `rows` per bootstrap sample.

    The same number of rows always gives the same samples, so that two systems are compared on the same tickets. The
    samples come one by one, because all of them together would take 8 kB per row.
    """
    generator = np.random.default_rng(SEED)
    return (generator.choice(rows, size=rows, replace=True) for _ in range(samples))


def mean(values: Sequence[float], signature: str = "") -> Measurement | None:
    """A mean with its percentile bootstrap interval.

    Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    if not len(values):
        return None
    array = np.asarray(values, dtype=float)
    samples = np.asarray([array[rows].mean() for rows in bootstrap_rows(len(array))])
    return bootstrap_measurement(float(array.mean()), samples, len(array), signature)


def bootstrap_measurement(value: float, samples: np.ndarray, count: int, signature: str = "") -> Measurement:
    """A value with its bootstrap interval: quantiles of `samples`. `count` is the number of tickets."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Measurement(value, float(low), float(high), count, signature, samples=tuple(samples.tolist()))


def share_difference(first: Sequence[bool], second: Sequence[bool]) -> Comparison | None:
    """The difference between two systems' shares of successes on the same tickets; None without tickets.

    The p-value comes from McNemar's exact test (Q. McNemar, Psychometrika 12 (1947) 153–157). The interval is Bonett
    and Price's (Adjusted Wald confidence interval for a difference of binomial proportions based on paired data,
    Journal of Educational and Behavioral Statistics 37 (2012) 479–488). A bootstrap interval would be far too narrow
    when the systems seldom differ.

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


def bootstrap_difference(value: float, samples: np.ndarray, p_value: float, count: int, signature: str) -> Comparison:
    """A difference with its bootstrap interval: quantiles of `samples`, which are differences on the same tickets."""
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(value, float(low), float(high), p_value, count, signature, tuple(samples.tolist()))
