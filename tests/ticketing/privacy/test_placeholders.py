import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.errors import PrivacyError
from ticketing.privacy.placeholders import (
    KINDS,
    MAX_NUMBER,
    insert_placeholders,
    original_spans,
    placeholders_not_in_ticket,
    restore,
    spelling_key,
)

PIECES = st.lists(
    st.sampled_from(
        [
            "<PERSON_1>",
            "<ORDER_ID_2>",
            "<PERSON_1b>",
            "anna",
            "Anna",
            "ANNA",
            "138",
            "王小明",
            " ",
            "<",
            "PERSON",
            "_1>",
            "\n",
        ]
    )
).map("".join)
VALUES = st.dictionaries(
    st.sampled_from(["anna", "Anna", "ANNA", "138", "王小明", "a", "13"]), st.sampled_from(KINDS), max_size=5
)


@given(st.lists(PIECES, max_size=3), VALUES)
def test_original_texts_can_be_restored_exactly(texts, found_values):
    values = {}

    scrubbed = insert_placeholders(texts, found_values, values)

    assert [restore(text, values) for text in scrubbed] == texts


@given(PIECES, VALUES)
def test_no_found_value_is_left_in_the_text(text, found_values):
    scrubbed = insert_placeholders([text], found_values, {})[0]

    # No value occurs by chance in a placeholder: kinds are in capitals, and the number never contains a short value.
    assert not [value for value in found_values if value in scrubbed]


@given(PIECES, VALUES)
def test_original_spans_are_the_positions_of_the_values_in_the_original_text(text, found_values):
    values = {}
    scrubbed = insert_placeholders([text], found_values, values)[0]

    spans = original_spans(scrubbed, values)

    assert all(text[span.start : span.end] in found_values for span in spans)
    assert list(spans) == sorted(spans)
    assert sum(scrubbed.count(placeholder) for placeholder in values) == len(spans)


def test_text_that_looks_like_a_placeholder_keeps_its_number_and_is_not_restored():
    values = {}

    scrubbed = insert_placeholders(["<PERSON_1> is not anna"], {"anna": "PERSON"}, values)

    assert scrubbed == ["<PERSON_1> is not <PERSON_2>"]
    assert values == {"<PERSON_2>": "anna"}
    assert restore(scrubbed[0], values) == "<PERSON_1> is not anna"


def test_equal_values_share_a_placeholder_and_longer_values_are_replaced_first():
    values = {}

    scrubbed = insert_placeholders(["Ann Lee", "Lee and Ann Lee"], {"Lee": "PERSON", "Ann Lee": "PERSON"}, values)

    assert scrubbed == ["<PERSON_2>", "<PERSON_1> and <PERSON_2>"]


def test_error_for_too_many_values_contains_no_value():
    found_values = {f"value{number}x": "ORDER_ID" for number in range(MAX_NUMBER + 1)}

    with pytest.raises(PrivacyError, match="ORDER_ID") as refused:
        insert_placeholders(["value1x"], found_values, {})

    assert "value1x" not in str(refused.value)


def test_placeholders_of_a_reply_that_are_not_in_the_ticket_are_found():
    assert placeholders_not_in_ticket("Dear <PERSON_1>, <ORDER_ID_2>", "<PERSON_1> wrote") == {"<ORDER_ID_2>"}


def test_spellings_of_one_value_share_a_number_and_are_restored_as_they_were_written():
    values = {}
    text = "138-1234-5678, +86 13812345678 or １３８１２３４５６７８; 13900000000"
    found_values = dict.fromkeys(
        ["138-1234-5678", "+86 13812345678", "１３８１２３４５６７８", "13900000000"], "PHONE_NUMBER"
    )

    scrubbed = insert_placeholders([text], found_values, values)

    assert scrubbed == ["<PHONE_NUMBER_1>, <PHONE_NUMBER_1b> or <PHONE_NUMBER_1c>; <PHONE_NUMBER_2>"]
    assert restore(scrubbed[0], values) == text


def test_spelling_that_is_found_in_a_later_call_shares_the_number():
    values = {}
    texts = insert_placeholders(["anna and ANNA"], {"anna": "PERSON"}, values)

    assert insert_placeholders(texts, {"ANNA": "PERSON"}, values) == ["<PERSON_1> and <PERSON_1b>"]


def test_value_with_more_spellings_than_variant_letters_gets_another_number():
    letters = "abcdefgh"
    spellings = ["".join(c.upper() if bits >> i & 1 else c for i, c in enumerate(letters)) for bits in range(30)]
    values = {}

    scrubbed = insert_placeholders([" ".join(spellings)], dict.fromkeys(spellings, "PERSON"), values)

    assert len(values) == len(spellings)
    assert restore(scrubbed[0], values) == " ".join(spellings)


@pytest.mark.parametrize(
    ("kind", "first", "second", "same"),
    [
        ("PHONE_NUMBER", "+44 7700 900123", "07700 900 123", True),
        ("PHONE_NUMBER", "一三八一二三四五六七八", "13812345678", True),
        ("EMAIL_ADDRESS", "anna.lee (at) mail dot com", "Anna.Lee@mail.com", True),
        ("EMAIL_ADDRESS", "anna.lee@mail.com", "annalee@mail.com", False),
        ("CREDIT_CARD", "4111 1111 1111 1111", "4111-1111-1111-1111", True),
        ("PERSON", "Ann Lee", "ANN  LEE", True),
        ("PERSON", "Ann Lee", "Ann Lea", False),
    ],
)
def test_spellings_of_one_value_have_the_same_key(kind, first, second, same):
    assert (spelling_key(first, kind) == spelling_key(second, kind)) is same


def test_value_that_occurs_only_within_a_longer_value_gets_no_placeholder():
    values = {}

    insert_placeholders(["Ann Lee"], {"Lee": "PERSON", "Ann Lee": "PERSON"}, values)

    assert list(values.values()) == ["Ann Lee"]
