import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.stages.cleaning import clean, normalise, without_foreign_signature

LINES = [
    "Where is my order <ORDER_ID_1>?", "Thanks,", "Best regards", "<PERSON_1>", "> quoted", "", "  ", "--", "-- ",
    "On Mon, 3 May 2024 at 10:00, Shop wrote:", "-----Original Message-----", "From: shop", "To: me", "Sent: today",
    "Subject: x", "Sent from my iPhone", "发自我的iPhone", "在2024年5月1日，客服写道：", "还没收到", "此致",
    "\u200b", "\x00", "\ud800",
]  # fmt: skip
MAIL = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30)), max_size=14).map("\n".join)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Where is it?\n\nBest regards,\n<PERSON_1>\nPhone: <PHONE_NUMBER_1>", "Where is it?\n\n<PERSON_1>"),
        ("Where is it?\n\nKind regards\nJane Doe\nACME Ltd.\nRoad 5, Boston", "Where is it?"),
        ("Where is it?\n-- \nJane Doe\nwww.example.com", "Where is it?"),
        ("Where is it?\n\nSent from my iPhone", "Where is it?"),
        ("Still nothing!\n\nOn Mon, 3 May 2024 at 10:00, Shop wrote:\n> Wait\n> please", "Still nothing!"),
        (
            "Still nothing!\n\nOn Mon, 3 May 2024 at 10:00, The Shop\n<<EMAIL_ADDRESS_1>> wrote:\n> Wait",
            "Still nothing!",
        ),
        ("On Mon, 3 May 2024, Shop wrote:\n> Wait\n\nI have waited enough.", "I have waited enough."),
        ("Yes.\n-----Original Message-----\nFrom: Shop\nWait please", "Yes."),
        ("Yes.\nFrom: Shop\nSent: Monday\nTo: me\nSubject: Wait\n\nWait please", "Yes."),
        ("还没收到。\n\n在 2024年5月1日，客服写道：\n> 请等等\n\n发自我的iPhone", "还没收到。"),
        ("还没收到。\n发件人：客服\n发送时间：昨天\n主题：回复\n请等等", "还没收到。"),
        ("请退款\n\n此致\n敬礼\n王小明", "请退款"),
        ("too  many\t\tspaces \r\n\r\n\r\n\r\nand\u00a0lines", "too many spaces\n\nand lines"),
        ("in\u200bvisi\x00ble\ud800", "invisible"),
    ],
)
def test_quoted_mail_signatures_and_superfluous_space_go(text, cleaned):
    assert clean(text, "zh") == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "I want to return:\n- the red shoes\n- the hat",
        "Thanks,\nbut where is the second parcel? I ordered two.",
        "Thanks for nothing.\nBest regards are not enough, I want my money back!",
        "The label says:\nFrom: Boston\nbut I live in Austin.",
        "From: a\nSent: b\nSubject: c\n\na forwarded mail and nothing else",
        "> every line\n> is quoted",
        "Best regards",
        "Sent from my iPhone",
        "First option\n--\nSecond option\n" + "and a long list\n" * 30 + "end",
    ],
)
def test_what_may_be_the_message_itself_stays(text):
    assert clean(text, "en") == text


@given(MAIL, st.sampled_from(["en", "zh", "de", "xx"]))
def test_cleaning_never_empties_a_text_that_can_be_read(text, language):
    assert bool(clean(text, language)) == bool(normalise(text))


@given(MAIL, st.sampled_from(["en", "zh"]))
def test_cleaning_adds_nothing(text, language):
    cleaned = clean(text, language)

    assert set(cleaned.split("\n")) <= {*normalise(text).split("\n"), ""}
    assert {m.group() for m in PLACEHOLDER.finditer(cleaned)} <= {m.group() for m in PLACEHOLDER.finditer(text)}


@given(st.text())
def test_a_normalised_text_can_be_stored_and_stays_as_it_is(text):
    tidy = normalise(text)

    tidy.encode("utf-8")
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in tidy if character != "\n")
    assert "  " not in tidy
    assert "\n\n\n" not in tidy
    assert normalise(tidy) == tidy


@pytest.mark.parametrize(
    "unit",
    [
        "\n", " ", "> ", "On ", "On a wrote\n", "On 2024 wrote", "From: x\nTo: y\n", "--\n", "Thanks\n", "_", "在写道",
        "-", "\u200b", "On " + "x" * 290 + "\n", "在2024" + "写道" * 140 + "\n", "regards ", "\r", "From: x\n",
    ],
)  # fmt: skip
def test_a_hostile_megabyte_takes_seconds(unit):
    text = (unit * 1_000_000)[:1_000_000]

    began = time.monotonic()
    clean(text, "zh")

    assert time.monotonic() - began < 10


def test_the_agents_name_goes_and_the_customers_stays():
    assert without_foreign_signature("It is on its way.\n<PERSON_2>", "I am <PERSON_1>") == "It is on its way."
    assert (
        without_foreign_signature("It is on its way.\n<PERSON_1>", "I am <PERSON_1>") == "It is on its way.\n<PERSON_1>"
    )
    assert without_foreign_signature("<PERSON_2>", "") == "<PERSON_2>"
