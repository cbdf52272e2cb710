"""How the test tickets of a study are drawn."""

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


def test_allocation_is_proportional_by_the_largest_remainder_method():
    assert allocation({("a", "en"): 500, ("b", "en"): 300, ("c", "en"): 200}, 10) == {
        ("a", "en"): 5, ("b", "en"): 3, ("c", "en"): 2,
    }  # fmt: skip
    # The quotas are 4.53, 3.67 and 1.80.
    assert list(allocation({("a", "en"): 453, ("b", "en"): 367, ("c", "en"): 180}, 10).values()) == [4, 4, 2]


def test_every_rare_stratum_gets_a_ticket_if_the_sample_is_large_enough_for_all_strata():
    assert allocation({("a", "en"): 998, ("b", "en"): 1, ("c", "zh"): 1}, 10) == {
        ("a", "en"): 8, ("b", "en"): 1, ("c", "zh"): 1,
    }  # fmt: skip
    assert sum(allocation({("a", "en"): 998, ("b", "en"): 1, ("c", "zh"): 1}, 2).values()) == 2


@given(STRATA, st.integers(0, 3000))
def test_allocation_has_the_requested_size_and_never_exceeds_a_stratum(counts, size):
    seats = allocation(counts, size)
    assert sum(seats.values()) == min(size, sum(counts.values()))
    assert all(0 <= seats[stratum] <= count for stratum, count in counts.items())
    if size >= len(counts):
        assert all(seats.values())


def test_same_seed_draws_the_same_tickets_regardless_of_their_order():
    records = [record(n, category="ab"[n % 2]) for n in range(100)]
    assert stratified(records, 10, 1) == stratified(reversed(records), 10, 1)
    assert stratified(records, 10, 1) != stratified(records, 10, 2)


def test_shared_tickets_have_the_requested_number_and_are_stratified():
    records = [record(n, category="ab"[n % 4 == 0], language=("en", "zh")[n % 2]) for n in range(400)]
    sample = draw(records, 100, 0.2, 3)
    assert (len(sample.records), len(sample.shared)) == (100, 20)
    shared = [ticket for ticket in sample.records if ticket.ticket_id in sample.shared]
    assert Counter((ticket.category, ticket.language) for ticket in shared) == {
        ("a", "en"): 5,
        ("b", "en"): 5,
        ("a", "zh"): 10,
    }


def test_all_tickets_are_drawn_if_there_are_fewer_than_requested():
    assert len(draw([record(n) for n in range(5)], 1000, 0.5, 0).records) == 5


def test_drawing_without_eligible_tickets_raises_an_error():
    with pytest.raises(CorpusError, match="No test ticket can be answered"):
        draw([], 10, 0.2, 0)


def test_eligible_tickets_are_answered_in_a_language_of_every_system_and_unknown_to_every_model(tmp_path):
    train = [record(1, language="en"), record(2, language="zh")]
    test = [
        record(10),
        record(11, output=None),
        record(12, output="  "),
        record(13, language="zh"),  # one of the generators does not write Chinese
        record(14, language="fr"),  # there is no training reply in French
        record(15),  # the champion was trained on this ticket
        record(16, text="the champion was trained on this text under another id"),
    ]
    snapshot = make_snapshot(tmp_path / "new", train, test=test)
    older = make_snapshot(
        tmp_path / "old",
        [record(15)],
        validation=[record(99, text="the champion was trained on this text under another id")],
    )
    eligible = eligible_records(snapshot, [older], [None, frozenset({"en", "fr"})])
    assert [ticket.ticket_id for ticket in eligible] == ["t0010"]
