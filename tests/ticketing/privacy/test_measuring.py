import pytest

from ticketing.privacy.measuring import ALL, LabelledText, measure, score
from ticketing.privacy.placeholders import Span

TEXT = "Ann Lee, 12 Mill Lane"
LABELLED = LabelledText(TEXT, "en", (Span(0, 7, "PERSON"), Span(9, 21, "ADDRESS")))


def scores(found, labelled=LABELLED):
    return {(one.language, one.kind): one for one in score([labelled], [found])}


def test_what_is_found_whole_scores_one_whatever_it_was_taken_for():
    found = scores([Span(0, 8, "USERNAME"), Span(9, 21, "ADDRESS")])

    assert found["en", "PERSON"].fully_found == 1
    assert found["en", "PERSON"].recall == 1.0
    assert found["en", "PERSON"].precision is None
    assert found["en", "USERNAME"].precision == 1.0
    assert (found[ALL, ALL].entities, found[ALL, ALL].fully_found, found[ALL, ALL].f2) == (2, 2, 1.0)


def test_a_part_counts_by_its_characters_and_not_as_whole():
    one = scores([Span(9, 16, "ADDRESS")])["en", "ADDRESS"]

    assert (one.entities, one.fully_found) == (1, 0)
    assert one.recall == pytest.approx(6 / 10)  # '12Mill' of '12MillLane'
    assert one.precision == 1.0
    assert one.f1 == pytest.approx(2 * 0.6 / 1.6)
    assert one.f2 == pytest.approx(5 * 0.6 / 4.6)


def test_what_is_not_personal_costs_precision_alone():
    # The second span lies within the first, so it counts once.
    one = scores([Span(0, 21, "PERSON"), Span(0, 7, "PERSON")], LabelledText(TEXT, "en", (Span(0, 7, "PERSON"),)))

    assert one["en", "PERSON"].precision == pytest.approx(6 / 16)
    assert one["en", "PERSON"].recall == 1.0


def test_nothing_found_and_nothing_there():
    assert scores([])["en", "PERSON"].recall == 0.0
    assert scores([])["en", "PERSON"].f2 is None
    assert score([LabelledText("Hello", "en", ())], [[]]) == []
    assert measure([], lambda texts: []).scores == []


def test_the_share_of_changed_texts_is_told():
    measured = measure([LABELLED, LabelledText("Hello", "zh", ())], lambda texts: [[Span(0, 3, "PERSON")], []])

    assert measured.share_with_findings == 0.5
    assert measured.texts_per_second > 0
