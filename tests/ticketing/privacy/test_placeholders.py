import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.errors import PrivacyError
from ticketing.privacy.placeholders import KINDS, MAX_NUMBER, foreign_placeholders, put_in, restore, spans_of

PIECES = st.lists(
    st.sampled_from(
        ["<PERSON_1>", "<ORDER_ID_2>", "<PERSON_9>", "anna", "138", "王小明", " ", "<", "PERSON", "_1>", "\n"]
    )
).map("".join)
VALUES = st.dictionaries(st.sampled_from(["anna", "138", "王小明", "a", "13"]), st.sampled_from(KINDS), max_size=5)


@given(st.lists(PIECES, max_size=3), VALUES)
def test_what_was_put_in_can_be_restored_exactly(texts, found):
    known = {}

    scrubbed = put_in(texts, found, known)

    assert [restore(text, known) for text in scrubbed] == texts


@given(PIECES, VALUES)
def test_no_value_is_left(text, found):
    scrubbed = put_in([text], found, {})[0]

    # Kinds are in capitals and a value of digits is never read out of a number, so nothing is left by chance.
    assert not [value for value in found if value in scrubbed]


@given(PIECES, VALUES)
def test_spans_say_where_the_values_were(text, found):
    known = {}
    scrubbed = put_in([text], found, known)[0]

    spans = spans_of(scrubbed, known)

    assert all(text[span.start : span.end] in found for span in spans)
    assert list(spans) == sorted(spans)
    assert sum(scrubbed.count(placeholder) for placeholder in known) == len(spans)


def test_text_that_looks_like_a_placeholder_is_neither_numbered_again_nor_restored():
    known = {}

    scrubbed = put_in(["<PERSON_1> is not anna"], {"anna": "PERSON"}, known)

    assert scrubbed == ["<PERSON_1> is not <PERSON_2>"]
    assert known == {"<PERSON_2>": "anna"}
    assert restore(scrubbed[0], known) == "<PERSON_1> is not anna"


def test_one_value_has_one_placeholder_and_the_longer_value_goes_first():
    known = {}

    scrubbed = put_in(["Ann Lee", "Lee and Ann Lee"], {"Lee": "PERSON", "Ann Lee": "PERSON"}, known)

    assert scrubbed == ["<PERSON_2>", "<PERSON_1> and <PERSON_2>"]


def test_more_values_than_numbers_are_refused_without_naming_one():
    found = {f"value{number}x": "ORDER_ID" for number in range(MAX_NUMBER + 1)}

    with pytest.raises(PrivacyError, match="ORDER_ID") as refused:
        put_in(["value1x"], found, {})

    assert "value1x" not in str(refused.value)


def test_placeholders_that_a_ticket_does_not_have_are_foreign():
    assert foreign_placeholders("Dear <PERSON_1>, <ORDER_ID_2>", "<PERSON_1> wrote") == {"<ORDER_ID_2>"}
