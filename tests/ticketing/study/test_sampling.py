"""The sampling of a study's tickets."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.small_corpus import make_snapshot
from tests.studies import record
from ticketing.errors import CorpusError
from ticketing.study.sampling import allocation, draw, eligible_records, stratified

STRATA = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["en", "zh"])), st.integers(1, 500), min_size=1
)


def test_allocation_is_in_proportion_by_largest_remainder():
    assert allocation({("a", "en"): 500, ("b", "en"): 300, ("c", "en"): 200}, 10) == {
        ("a", "en"): 5, ("b", "en"): 3, ("c", "en"): 2,
    }  # fmt: skip
    # Quotas 4.53, 3.67 and 1.80.
    assert list(allocation({("a", "en"): 453, ("b", "en"): 367, ("c", "en"): 180}, 10).values()) == [4, 4, 2]


def test_a_rare_category_is_there_where_there_is_room_for_all():
    assert allocation({("a", "en"): 998, ("b", "en"): 1, ("c", "zh"): 1}, 10) == {
        ("a", "en"): 8, ("b", "en"): 1, ("c", "zh"): 1,
    }  # fmt: skip
    assert sum(allocation({("a", "en"): 998, ("b", "en"): 1, ("c", "zh"): 1}, 2).values()) == 2


@given(STRATA, st.integers(0, 3000))
def test_allocation_takes_what_is_asked_or_all_and_never_more_than_there_is(counts, size):
    seats = allocation(counts, size)
    assert sum(seats.values()) == min(size, sum(counts.values()))
    assert all(0 <= seats[stratum] <= count for stratum, count in counts.items())
    if size >= len(counts):
        assert all(seats.values())


def test_the_same_seed_draws_the_same_tickets_in_whatever_order_they_come():
    records = [record(n, category="ab"[n % 2]) for n in range(100)]
    assert stratified(records, 10, 1) == stratified(reversed(records), 10, 1)
    assert stratified(records, 10, 1) != stratified(records, 10, 2)


def test_the_shared_tickets_are_as_many_as_asked_and_of_every_category():
    records = [record(n, category="ab"[n % 4 == 0], language=("en", "zh")[n % 2]) for n in range(400)]
    sample = draw(records, 100, 0.2, 3)
    assert (len(sample.records), len(sample.shared)) == (100, 20)
    shared = Counter((one.category, one.language) for one in sample.records if one.ticket_id in sample.shared)
    assert shared == {("a", "en"): 5, ("b", "en"): 5, ("a", "zh"): 10}


def test_where_there_are_fewer_than_asked_all_are_taken():
    assert len(draw([record(n) for n in range(5)], 1000, 0.5, 0).records) == 5


def test_nothing_to_draw_from_is_told():
    with pytest.raises(CorpusError, match="No test ticket can be answered"):
        draw([], 10, 0.2, 0)


def test_only_answered_tickets_that_everybody_writes_the_language_of_and_nobody_has_learnt_are_able(tmp_path):
    train = [record(1, language="en"), record(2, language="zh")]
    test = [
        record(10),
        record(11, output=None),
        record(12, output="  "),
        record(13, language="zh"),  # the generator does not write this language
        record(14, language="fr"),  # no training reply in this language
        record(15),  # the champion was trained on it
        record(16, text="the champion learnt this text under another id"),
    ]
    snapshot = make_snapshot(tmp_path / "new", train, test=test)
    older = make_snapshot(
        tmp_path / "old", [record(15)], validation=[record(99, text="the champion learnt this text under another id")]
    )
    eligible = eligible_records(snapshot, [older], [None, frozenset({"en", "fr"})])
    assert [one.ticket_id for one in eligible] == ["t0010"]
