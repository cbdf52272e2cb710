"""What the ratings of a blind study amount to: preferences, mean scores and agreement, each with how sure it is.

Where ratings come from is `ticketing.study.studies`; what a number is good enough for is the gate's to say.
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
    """A share whose bounds, at any confidence, are Wilson's."""

    def lower(self, confidence: float) -> float:
        """What the share surely enough is not below: the end of a two-sided interval that leaves out twice as much."""
        return _wilson_interval(self.value, self.count, 2 * confidence - 1)[0]

    def upper(self, confidence: float) -> float:
        """What the share surely enough is not above."""
        return _wilson_interval(self.value, self.count, 2 * confidence - 1)[1]


@dataclass(frozen=True)
class Preference:
    """How often one system was found better than another: shares of the tickets, and the share won, ties as half."""

    system: str
    against: str
    wins: float
    ties: float
    losses: float
    win_rate: Measurement


@dataclass(frozen=True)
class Analysis:
    """The numbers of one group of tickets: all, those of a category, or those in a language."""

    items: int
    ratings: int
    raters: int
    preferences: tuple[Preference, ...]
    scores: dict[str, Measurement]  # system → mean score, 1..5
    alpha: float | None  # None: no two raters rated one ticket, or all scores are the same


@dataclass(frozen=True)
class StudyResults:
    """A study's numbers over all tickets, by category and by language."""

    overall: Analysis
    categories: dict[str, Analysis]
    languages: dict[str, Analysis]


@dataclass(frozen=True)
class StudyMeasurement:
    """What a closed study says of one version: the shares won against each other system; None: not in the study."""

    study_id: int
    version: str
    system: str  # what the version was there: candidate or champion
    human: Measurement | None
    champion: Measurement | None
    nearest: Measurement | None


def study_measurement(database: Database, version: str) -> StudyMeasurement | None:
    """What the newest closed study with ratings says of a version; None where there is no such study."""
    found = study.newest_closed(database, version)
    if found is None:
        return None
    ratings = study.ratings(database, found.study_id)

    def win_rate(against: str) -> Measurement | None:
        there = any({found.system, against} <= rating.scores.keys() for rating in ratings)
        return preference(ratings, found.system, against).win_rate if there and against != found.system else None

    # What was said of an earlier champion is no word on the present one.
    champion = win_rate("champion") if found.same_champion else None
    return StudyMeasurement(found.study_id, version, found.system, win_rate("human"), champion, win_rate("nearest"))


def with_study(measured: Measurements, said: StudyMeasurement | None) -> Measurements:
    """The numbers with those of people added, so that a rule can ask for them: `study_against_human` and so on.

    Each is the share of tickets in which people liked the version's reply better, with ties as half.
    """
    if said is None:
        return measured
    shares = {"human": said.human, "champion": said.champion, "nearest": said.nearest}
    people = {
        (f"study_against_{other}", ALL): replace(one, signature=f"study {said.study_id}, Wilson")
        for other, one in shares.items()
        if one is not None
    }
    return replace(measured, values={**measured.values, **people})


def analyse(ratings: Sequence[Rating]) -> StudyResults:
    """All numbers of a study.

    Raises:
        ValueError: there is no rating.
    """
    return StudyResults(
        overall=analyse_group(ratings),
        categories=_by(ratings, lambda rating: rating.category),
        languages=_by(ratings, lambda rating: rating.language),
    )


def analyse_group(ratings: Sequence[Rating]) -> Analysis:
    """The numbers of one group of ratings.

    Raises:
        ValueError: there is no rating.
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
    """How often a system was found better than another.

    In one rating a system wins when it was the preferred one, or, where neither of the two was, when it was scored
    higher; equal scores are a tie. Each ticket counts once, with the mean over its raters, since their ratings of one
    ticket are not independent. A tie is half a win and half a loss: the probability of superiority plus half that of
    equality (A. Vargha and H. D. Delaney, A critique and improvement of the CL common language effect size statistics
    of McGraw and Wong, J. Educ. Behav. Stat. 25, 2000).

    Raises:
        ValueError: no rating has both.
    """
    by_item: dict[int, list[float]] = defaultdict(list)
    for rating in ratings:
        if system in rating.scores and against in rating.scores:
            by_item[rating.item_id].append(_outcome(rating, system, against))
    if not by_item:
        raise ValueError("no ratings to analyse")
    outcomes = list(by_item.values())

    def share(outcome: float) -> float:
        return float(np.mean([sum(one == outcome for one in item) / len(item) for item in outcomes]))

    won = math.fsum(math.fsum(item) / len(item) for item in outcomes)
    return Preference(system, against, share(1.0), share(0.5), share(0.0), wilson(won, len(outcomes)))


def wilson(successes: float, count: int) -> WilsonShare:
    """A share with its 95 % score interval, which also holds for few tickets and shares near 0 or 1.

    (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n): E. B. Wilson, Probable inference, the law of succession, and
    statistical inference, JASA 22, 1927. `scipy.stats.binomtest(…).proportion_ci(method="wilson")` gives the same, but
    takes whole successes only. Ties, and tickets with several raters, vary less than the formula assumes: the
    interval is then too wide rather than too narrow.
    """
    p = successes / count
    return WilsonShare(p, *_wilson_interval(p, count, CONFIDENCE), count)


def mean_score(ratings: Iterable[Rating], system: str) -> Measurement:
    """The mean score of a system over tickets, each with the mean of its raters, and its bootstrap interval.

    Whole tickets are drawn again, not ratings: those of one ticket belong together (C. A. Field and A. H. Welsh,
    Bootstrapping clustered data, J. R. Stat. Soc. B 69, 2007).

    Raises:
        ValueError: no rating has it.
    """
    by_item: dict[int, list[int]] = defaultdict(list)
    for rating in ratings:
        if system in rating.scores:
            by_item[rating.item_id].append(rating.scores[system])
    found = mean([float(np.mean(scores)) for _, scores in sorted(by_item.items())])
    if found is None:
        raise ValueError("no ratings to analyse")
    return found


def agreement(ratings: Iterable[Rating]) -> float | None:
    """Krippendorff's alpha for ordinal data over the replies that two or more raters scored: 1 − observed / expected.

    1 is perfect agreement, 0 what chance gives; None where nothing was rated twice, or everything the same. Source:
    K. Krippendorff, Content analysis, 3rd ed. 2013, ch. 12, which asks for 0.8 and takes 0.667 for tentative
    conclusions.
    """
    given: Mapping[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for rating in ratings:
        for system, score in rating.scores.items():
            given[rating.item_id, system][rating.rater] = score
    units = [scores for scores in given.values() if len(scores) > 1]
    if len({score for scores in units for score in scores.values()}) < 2:
        return None
    raters = sorted({rater for scores in units for rater in scores})
    table = [[float(scores.get(rater, math.nan)) for scores in units] for rater in raters]
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal"))


def _by(ratings: Sequence[Rating], group: Callable[[Rating], str]) -> dict[str, Analysis]:
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
    ours, theirs = rating.scores[system], rating.scores[against]
    return 0.5 if ours == theirs else float(ours > theirs)
