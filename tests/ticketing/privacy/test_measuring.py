import pytest

from ticketing.privacy.measuring import ALL, LabelledText, measure, score
from ticketing.privacy.placeholders import Span

TEXT = "Ann Lee, 12 Mill Lane"
LABELLED = LabelledText(TEXT, "en", (Span(0, 7, "PERSON"), Span(9, 21, "ADDRESS")))


def scores(found_spans, labelled=LABELLED):
    """The scores for these found spans, by language and kind."""
    return {(scored.language, scored.kind): scored for scored in score([labelled], [found_spans])}


def test_completely_found_value_has_recall_one_even_if_it_was_found_as_another_kind():
    by_kind = scores([Span(0, 8, "USERNAME"), Span(9, 21, "ADDRESS")])

    assert by_kind["en", "PERSON"].fully_found == 1
    assert by_kind["en", "PERSON"].recall == 1.0
    assert by_kind["en", "PERSON"].precision is None
    assert by_kind["en", "USERNAME"].precision == 1.0
    assert (by_kind[ALL, ALL].entities, by_kind[ALL, ALL].fully_found, by_kind[ALL, ALL].f2) == (2, 2, 1.0)


def test_partly_found_value_counts_by_its_characters_and_not_as_whole():
    address = scores([Span(9, 16, "ADDRESS")])["en", "ADDRESS"]

    assert (address.entities, address.fully_found) == (1, 0)
    assert address.recall == pytest.approx(6 / 10)  # '12Mill' of '12MillLane'
    assert address.precision == 1.0
    assert address.f1 == pytest.approx(2 * 0.6 / 1.6)
    assert address.f2 == pytest.approx(5 * 0.6 / 4.6)


def test_found_text_that_is_not_personal_reduces_only_precision():
    # The second span lies within the first, so its characters are not counted again.
    by_kind = scores([Span(0, 21, "PERSON"), Span(0, 7, "PERSON")], LabelledText(TEXT, "en", (Span(0, 7, "PERSON"),)))

    assert by_kind["en", "PERSON"].precision == pytest.approx(6 / 16)
    assert by_kind["en", "PERSON"].recall == 1.0


def test_scores_are_defined_when_nothing_is_found_or_nothing_is_labelled():
    assert scores([])["en", "PERSON"].recall == 0.0
    assert scores([])["en", "PERSON"].f2 is None
    assert score([LabelledText("Hello", "en", ())], [[]]) == []
    assert measure([], lambda texts: []).scores == []


def test_speed_and_share_of_texts_with_findings_are_measured():
    measured = measure([LABELLED, LabelledText("Hello", "zh", ())], lambda texts: [[Span(0, 3, "PERSON")], []])

    assert measured.share_with_findings == 0.5
    assert measured.texts_per_second > 0
