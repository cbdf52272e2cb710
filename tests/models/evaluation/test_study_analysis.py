"""The statistics of a study, compared with values that were computed by hand or published."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from models.evaluation.study_analysis import agreement, analyse, mean_score, preference, study_measurement, wilson
from tests.studies import CANDIDATE, make_study, rate_all
from ticketing.study import studies
from ticketing.study.studies import Rating

# Example D of K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011: four observers rate twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def rating(item, preferred=None, rater="ann", category="payment", language="en", **scores):
    return Rating(item, category, language, rater, preferred, {"human": 3, "champion": 3, **scores})


def test_wilson_interval_of_8_of_10():
    share = wilson(8, 10)
    assert (share.value, share.count) == (0.8, 10)
    assert (round(share.low, 3), round(share.high, 3)) == (0.490, 0.943)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_equals_that_of_scipy(successes_and_count):
    interval = binomtest(*successes_and_count).proportion_ci(0.95, method="wilson")
    share = wilson(*successes_and_count)
    assert (share.low, share.high) == (pytest.approx(interval.low, abs=1e-9), pytest.approx(interval.high, abs=1e-9))


def test_scores_decide_a_comparison_only_if_neither_reply_is_preferred():
    ratings = [
        rating(1, "champion", champion=3, human=4),
        rating(2, "human", champion=5),
        rating(3, "nearest", nearest=5, champion=4, human=2),
        rating(4, None, champion=2, human=2),
        rating(5, None, champion=5, human=2),
    ]
    found = preference(ratings, "champion", "human")
    assert (found.wins, found.ties, found.losses) == pytest.approx((0.6, 0.2, 0.2))
    assert (found.win_rate.value, found.win_rate.count) == (pytest.approx(0.7), 5)
    reverse = preference(ratings, "human", "champion")
    assert reverse.win_rate.value == pytest.approx(0.3)
    assert (reverse.win_rate.low, reverse.win_rate.high) == pytest.approx(
        (1 - found.win_rate.high, 1 - found.win_rate.low)
    )


def test_each_ticket_counts_once_regardless_of_its_number_of_ratings():
    once = [rating(1, "champion"), rating(2, "human")]
    often = [*once, *(rating(1, "champion", rater=f"r{i}") for i in range(20))]
    assert preference(once, "champion", "human") == preference(often, "champion", "human")
    assert mean_score(once, "champion") == mean_score(often, "champion")
    # Two of the three raters prefer the human's reply.
    split = preference(
        [rating(1, preferred, rater=f"r{i}") for i, preferred in enumerate(["human", "human", "champion"])],
        "human",
        "champion",
    )
    assert (split.wins, split.losses, split.win_rate.count) == (pytest.approx(2 / 3), pytest.approx(1 / 3), 1)


def test_mean_score_and_its_interval():
    scores = [1, 2, 3, 4, 5] * 20
    found = mean_score([rating(i, champion=score) for i, score in enumerate(scores)], "champion")
    assert (found.value, found.count) == (3.0, 100)
    # The standard error of the mean is √2 / √100.
    assert (found.low, found.high) == pytest.approx(
        (3 - 1.96 * math.sqrt(2) / 10, 3 + 1.96 * math.sqrt(2) / 10), abs=0.04
    )
    assert found == mean_score([rating(i, champion=score) for i, score in enumerate(scores)], "champion")


def test_bootstrap_resamples_tickets_instead_of_ratings():
    # Ten equal ratings of a ticket carry as much information as one rating.
    ten_raters = [rating(i, rater=f"r{j}", champion=1 + 4 * (i % 2)) for i in range(10) for j in range(10)]
    one_rater = [rating(i, champion=1 + 4 * (i % 2)) for i in range(10)]
    assert mean_score(ten_raters, "champion") == mean_score(one_rater, "champion")


def test_agreement_on_krippendorffs_example_equals_the_published_alpha():
    ratings = [
        Rating(item, "c", "en", f"r{observer}", None, {"human": score})
        for observer, row in enumerate(OBSERVERS)
        for item, score in enumerate(row)
        if score is not None
    ]
    assert agreement(ratings) == pytest.approx(0.815, abs=5e-4)


def test_agreement_is_1_if_all_raters_agree_and_none_if_it_is_undefined():
    equal = [rating(i, rater=rater, human=1 + i % 5, champion=2) for i in range(5) for rater in ("ann", "bob")]
    assert agreement(equal) == pytest.approx(1.0)
    assert agreement([rating(i, human=i + 1) for i in range(5)]) is None
    assert agreement([rating(1), rating(1, rater="bob")]) is None


def test_results_are_also_computed_by_category_and_language():
    ratings = [
        rating(1, "champion", category="payment"),
        rating(2, "human", category="logistics"),
        rating(3, "human", category="logistics", language="zh"),
    ]
    results = analyse(ratings)
    assert (results.overall.items, results.overall.ratings, results.overall.raters) == (3, 3, 1)
    wins = {name: summary.preferences[0].wins for name, summary in results.categories.items()}
    assert wins == {"payment": 1, "logistics": 0}
    assert {name: summary.items for name, summary in results.languages.items()} == {"en": 2, "zh": 1}
    with pytest.raises(ValueError, match="no ratings"):
        analyse([])


def test_win_rate_comes_from_the_newest_closed_study(database):
    assert study_measurement(database, CANDIDATE) is None
    older = make_study(database, size=4, shared=4, name="older")
    rate_all(database, older, "ann", lambda system: 3, "human")
    studies.close(database, older, "boss")
    newer = make_study(database, size=4, shared=4, name="newer")
    rate_all(database, newer, "ann", {"candidate": 5, "human": 5, "champion": 4, "nearest": 1}.get)
    assert study_measurement(database, CANDIDATE).study_id == older
    studies.close(database, newer, "boss")
    make_champion(database, "generator-1")

    found = study_measurement(database, CANDIDATE)

    assert (found.study_id, found.system) == (newer, "candidate")
    assert (found.human.value, found.champion.value, found.nearest.value) == (0.5, 1.0, 1.0)
    assert found.champion == wilson(4, 4)
    champion = study_measurement(database, "generator-1")
    assert (champion.system, champion.champion, champion.nearest.value, champion.human.value) == (
        "champion",
        None,
        1.0,
        0.0,
    )


def make_champion(database, version):
    with database.begin(None) as conn:
        conn.execute("UPDATE ticketing.model SET state = 'retired' WHERE state = 'champion'")
        conn.execute("UPDATE ticketing.model SET state = 'champion' WHERE version = %s", (version,))


def test_ratings_against_an_earlier_champion_do_not_count_against_the_current_one(database):
    study_id = make_study(database, size=4, shared=4)
    rate_all(database, study_id, "ann", lambda system: 3, "candidate")
    studies.close(database, study_id, "boss")
    make_champion(database, CANDIDATE)
    found = study_measurement(database, CANDIDATE)
    assert found.champion is None
    assert found.human.value == 1.0


def test_wilson_bounds_depend_on_the_confidence_level():
    share = wilson(60, 100)
    assert share.lower(0.975) == pytest.approx(share.low)
    assert share.upper(0.975) == pytest.approx(share.high)
    assert share.lower(0.999) == pytest.approx(0.446, abs=0.001)
    assert share.lower(0.6) < share.value < share.upper(0.6)


def test_closed_study_without_ratings_gives_no_measurement(database):
    studies.close(database, make_study(database), "boss")
    assert study_measurement(database, CANDIDATE) is None


def test_study_without_a_candidate_compares_the_champion_with_two_systems(database):
    study_id = make_study(database, size=3, shared=3, candidate=None)
    rate_all(database, study_id, "ann", lambda system: 2, "champion")
    studies.close(database, study_id, "boss")
    found = study_measurement(database, "generator-1")
    assert (found.human.value, found.nearest.value, found.champion) == (1.0, 1.0, None)
    assert set(analyse(studies.ratings(database, study_id)).overall.scores) == {
        "human",
        "champion",
        "nearest",
    }
