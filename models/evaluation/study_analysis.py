"""Analyses the ratings of a blind study: win rates and mean scores with confidence intervals, and raters' agreement.

`ticketing.study.studies` stores the ratings. `models.evaluation.gate` applies rules to the win rates.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import krippendorff
import numpy as np
from scipy.stats import norm

from models.evaluation.measurements import ALL, CONFIDENCE, Measurement, Measurements, mean
from ticketing.database import Database
from ticketing.study import studies as study
from ticketing.study.studies import Rating


@dataclass(frozen=True)
class WilsonShare(Measurement):
    """A share with Wilson's confidence bounds."""

    def lower(self, confidence: float) -> float:
        """The one-sided lower confidence bound: the lower end of the two-sided 2 · confidence − 1 interval."""
        return _wilson_interval(self.value, self.count, 2 * confidence - 1)[0]

    def upper(self, confidence: float) -> float:
        """The one-sided upper confidence bound."""
        return _wilson_interval(self.value, self.count, 2 * confidence - 1)[1]


@dataclass(frozen=True)
class Preference:
    """How often raters preferred one system to another.

    `wins`, `ties` and `losses` are shares of the tickets; `win_rate` is `wins` plus half of `ties`.
    """

    system: str
    against: str
    wins: float
    ties: float
    losses: float
    win_rate: Measurement


@dataclass(frozen=True)
class Analysis:
    """The results for one group of tickets: all tickets, those of one category, or those in one language."""

    items: int  # how many tickets
    ratings: int  # how many ratings
    raters: int  # how many raters
    preferences: tuple[Preference, ...]
    scores: dict[str, Measurement]  # system → mean score, 1..5
    alpha: float | None  # Krippendorff's alpha; None if no ticket has two raters or all scores are equal


@dataclass(frozen=True)
class StudyResults:
    """A study's results: for all tickets, by category and by language."""

    overall: Analysis
    categories: dict[str, Analysis]
    languages: dict[str, Analysis]


@dataclass(frozen=True)
class StudyMeasurement:
    """A version's win rates in a closed study; None for a system that the study lacks."""

    study_id: int
    version: str
    system: str  # the role of the version in the study: candidate or champion
    human: Measurement | None  # against the human agents
    champion: Measurement | None  # against the champion
    nearest: Measurement | None  # against the nearest-reply baseline


def study_measurement(database: Database, version: str) -> StudyMeasurement | None:
    """The win rates of a version in the newest closed study with ratings; None if there is no such study."""
    newest = study.newest_closed(database, version)
    if newest is None:
        return None
    ratings = study.ratings(database, newest.study_id)

    def win_rate(against: str) -> Measurement | None:
        both_rated = any({newest.system, against} <= rating.scores.keys() for rating in ratings)
        return preference(ratings, newest.system, against).win_rate if both_rated and against != newest.system else None

    # A win rate against an earlier champion says nothing about the present champion.
    champion = win_rate("champion") if newest.same_champion else None
    return StudyMeasurement(newest.study_id, version, newest.system, win_rate("human"), champion, win_rate("nearest"))


def with_study(measured: Measurements, study_result: StudyMeasurement | None) -> Measurements:
    """The measurements, extended by the win rates of a study, so that the gate's rules can use the win rates.

    The added metrics are `study_against_human`, `study_against_champion` and `study_against_nearest`.
    """
    if study_result is None:
        return measured
    win_rates = {"human": study_result.human, "champion": study_result.champion, "nearest": study_result.nearest}
    added = {
        (f"study_against_{other}", ALL): replace(win_rate, signature=f"study {study_result.study_id}, Wilson")
        for other, win_rate in win_rates.items()
        if win_rate is not None
    }
    return replace(measured, values={**measured.values, **added})


def analyse(ratings: Sequence[Rating]) -> StudyResults:
    """All results of a study.

    Raises:
        ValueError: there are no ratings.
    """
    return StudyResults(
        overall=analyse_group(ratings),
        categories=_analyse_by(ratings, lambda rating: rating.category),
        languages=_analyse_by(ratings, lambda rating: rating.language),
    )


def analyse_group(ratings: Sequence[Rating]) -> Analysis:
    """The results for a group of ratings.

    Raises:
        ValueError: there are no ratings.
    """
    if not ratings:
        raise ValueError("no ratings to analyse")
    systems = sorted({system for rating in ratings for system in rating.scores})
    return Analysis(
        items=len({rating.item_id for rating in ratings}),
        ratings=len(ratings),
        raters=len({rating.rater for rating in ratings}),
        preferences=tuple(preference(ratings, a, b) for a, b in combinations(systems, 2)),
        scores={system: mean_score(ratings, system) for system in systems},
        alpha=agreement(ratings),
    )


def preference(ratings: Iterable[Rating], system: str, against: str) -> Preference:
    """How often raters preferred one system to another.

    A system wins a rating if the rater preferred this system. If the rater preferred neither of the two systems, the
    system with the higher score wins. Equal scores are a tie. Each ticket counts once, with the mean over its raters,
    because several ratings of one ticket are not independent. The win rate counts a tie as half a win: it is the
    probability of superiority plus half the probability of equality (A. Vargha and H. D. Delaney, A critique and
    improvement of the CL common language effect size statistics of McGraw and Wong, J. Educ. Behav. Stat. 25, 2000).

    Raises:
        ValueError: no rating has scores for both systems.
    """
    by_item: dict[int, list[float]] = defaultdict(list)
    for rating in ratings:
        if system in rating.scores and against in rating.scores:
            by_item[rating.item_id].append(_outcome(rating, system, against))
    if not by_item:
        raise ValueError("no ratings to analyse")
    outcomes = list(by_item.values())

    def share(outcome: float) -> float:
        return float(np.mean([sum(value == outcome for value in ticket) / len(ticket) for ticket in outcomes]))

    wins = math.fsum(math.fsum(ticket) / len(ticket) for ticket in outcomes)
    return Preference(system, against, share(1.0), share(0.5), share(0.0), wilson(wins, len(outcomes)))


def wilson(successes: float, count: int) -> WilsonShare:
    """A share with Wilson's 95 % score interval, which is also valid for few tickets and for shares near 0 or 1.

    The interval is (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n) (E. B. Wilson, Probable inference, the law of
    succession, and statistical inference, JASA 22, 1927). `scipy.stats.binomtest(…).proportion_ci(method="wilson")`
    returns the same interval, but needs a whole number of successes. With ties, or with several raters per ticket, the
    variance is smaller than the formula assumes. The interval is then wider than necessary, but never too narrow.
    """
    p = successes / count
    return WilsonShare(p, *_wilson_interval(p, count, CONFIDENCE), count)


def mean_score(ratings: Iterable[Rating], system: str) -> Measurement:
    """The mean score of a system with its bootstrap interval. The score of a ticket is the mean over its raters.

    The bootstrap resamples tickets, not ratings, because the ratings of one ticket are not independent (C. A. Field and
    A. H. Welsh, Bootstrapping clustered data, J. R. Stat. Soc. B 69, 2007).

    Raises:
        ValueError: no rating has a score of this system.
    """
    by_item: dict[int, list[int]] = defaultdict(list)
    for rating in ratings:
        if system in rating.scores:
            by_item[rating.item_id].append(rating.scores[system])
    measurement = mean([float(np.mean(scores)) for _, scores in sorted(by_item.items())])
    if measurement is None:
        raise ValueError("no ratings to analyse")
    return measurement


def agreement(ratings: Iterable[Rating]) -> float | None:
    """Krippendorff's alpha for ordinal data: 1 − observed / expected disagreement, over replies with several raters.

    1 is perfect agreement, 0 is agreement by chance. The result is None if no reply has two raters or all scores are
    equal. K. Krippendorff (Content analysis, 3rd ed. 2013, ch. 12) requires 0.8, and at least 0.667 for tentative
    conclusions.
    """
    scores_by_reply: Mapping[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for rating in ratings:
        for system, score in rating.scores.items():
            scores_by_reply[rating.item_id, system][rating.rater] = score
    units = [scores for scores in scores_by_reply.values() if len(scores) > 1]
    if len({score for scores in units for score in scores.values()}) < 2:
        return None
    raters = sorted({rater for scores in units for rater in scores})
    table = [[float(scores.get(rater, math.nan)) for scores in units] for rater in raters]
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal"))


def _analyse_by(ratings: Sequence[Rating], group: Callable[[Rating], str]) -> dict[str, Analysis]:
    return {
        name: analyse_group([rating for rating in ratings if group(rating) == name])
        for name in sorted({group(rating) for rating in ratings})
    }


def _wilson_interval(p: float, count: int, confidence: float) -> tuple[float, float]:
    z = float(norm.ppf((1 + confidence) / 2))
    middle = p + z**2 / (2 * count)
    spread = z * math.sqrt(max(p * (1 - p), 0.0) / count + z**2 / (4 * count**2))
    scale = 1 + z**2 / count
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def _outcome(rating: Rating, system: str, against: str) -> float:
    if rating.preferred in (system, against):
        return 1.0 if rating.preferred == system else 0.0
    score, other_score = rating.scores[system], rating.scores[against]
    return 0.5 if score == other_score else float(score > other_score)
