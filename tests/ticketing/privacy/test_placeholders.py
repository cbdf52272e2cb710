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
def test_what_was_put_in_can_be_restored_exactly(texts, found):
    known = {}

    scrubbed = insert_placeholders(texts, found, known)

    assert [restore(text, known) for text in scrubbed] == texts


@given(PIECES, VALUES)
def test_no_value_is_left(text, found):
    scrubbed = insert_placeholders([text], found, {})[0]

    # Kinds are in capitals, and a digit value never matches inside a longer number, so no value remains by chance.
    assert not [value for value in found if value in scrubbed]


@given(PIECES, VALUES)
def test_spans_say_where_the_values_were(text, found):
    known = {}
    scrubbed = insert_placeholders([text], found, known)[0]

    spans = original_spans(scrubbed, known)

    assert all(text[span.start : span.end] in found for span in spans)
    assert list(spans) == sorted(spans)
    assert sum(scrubbed.count(placeholder) for placeholder in known) == len(spans)


def test_text_that_looks_like_a_placeholder_is_neither_numbered_again_nor_restored():
    known = {}

    scrubbed = insert_placeholders(["<PERSON_1> is not anna"], {"anna": "PERSON"}, known)

    assert scrubbed == ["<PERSON_1> is not <PERSON_2>"]
    assert known == {"<PERSON_2>": "anna"}
    assert restore(scrubbed[0], known) == "<PERSON_1> is not anna"


def test_one_value_has_one_placeholder_and_the_longer_value_goes_first():
    known = {}

    scrubbed = insert_placeholders(["Ann Lee", "Lee and Ann Lee"], {"Lee": "PERSON", "Ann Lee": "PERSON"}, known)

    assert scrubbed == ["<PERSON_2>", "<PERSON_1> and <PERSON_2>"]


def test_more_values_than_numbers_are_refused_without_naming_one():
    found = {f"value{number}x": "ORDER_ID" for number in range(MAX_NUMBER + 1)}

    with pytest.raises(PrivacyError, match="ORDER_ID") as refused:
        insert_placeholders(["value1x"], found, {})

    assert "value1x" not in str(refused.value)


def test_placeholders_that_a_ticket_does_not_have_are_foreign():
    assert placeholders_not_in_ticket("Dear <PERSON_1>, <ORDER_ID_2>", "<PERSON_1> wrote") == {"<ORDER_ID_2>"}


def test_spellings_of_one_value_share_its_number_and_keep_their_own_form():
    known = {}
    text = "138-1234-5678, +86 13812345678 or １３８１２３４５６７８; 13900000000"
    found = dict.fromkeys(["138-1234-5678", "+86 13812345678", "１３８１２３４５６７８", "13900000000"], "PHONE_NUMBER")

    scrubbed = insert_placeholders([text], found, known)

    assert scrubbed == ["<PHONE_NUMBER_1>, <PHONE_NUMBER_1b> or <PHONE_NUMBER_1c>; <PHONE_NUMBER_2>"]
    assert restore(scrubbed[0], known) == text


def test_a_spelling_that_is_found_later_shares_the_number_too():
    known = {}
    texts = insert_placeholders(["anna and ANNA"], {"anna": "PERSON"}, known)

    assert insert_placeholders(texts, {"ANNA": "PERSON"}, known) == ["<PERSON_1> and <PERSON_1b>"]


def test_a_value_with_more_spellings_than_marks_goes_on_under_another_number():
    letters = "abcdefgh"
    spellings = ["".join(c.upper() if bits >> i & 1 else c for i, c in enumerate(letters)) for bits in range(30)]
    known = {}

    scrubbed = insert_placeholders([" ".join(spellings)], dict.fromkeys(spellings, "PERSON"), known)

    assert len(known) == len(spellings)
    assert restore(scrubbed[0], known) == " ".join(spellings)


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
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
def test_what_counts_as_another_spelling(kind, one, other, same):
    assert (spelling_key(one, kind) == spelling_key(other, kind)) is same


def test_a_value_that_stands_only_within_a_longer_one_leaves_nothing_behind():
    known = {}

    insert_placeholders(["Ann Lee"], {"Lee": "PERSON", "Ann Lee": "PERSON"}, known)

    assert list(known.values()) == ["Ann Lee"]
