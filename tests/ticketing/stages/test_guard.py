import re

import pytest

from tests.finders import Finder
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings, Settings
from ticketing.stages.guard import ReplyCheck, why_unsafe
from ticketing.stages.prompts import instruction

TICKET = "I am <PERSON_1>. Where is <ORDER_ID_1>? Ask Aurora."


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(
        PrivacySettings(), Finder(("Zoe Okafor", "PERSON"), ("Aurora", "PERSON"), ("5 Mill Lane", "ADDRESS"))
    )


def reason_against(scrubber, reply, ticket=TICKET, given_instruction="Write the reply."):
    """Why the guard refuses a reply; None if the guard accepts it."""
    return why_unsafe([ReplyCheck(reply, ticket, given_instruction)], scrubber)[0]


def test_reply_with_only_the_placeholders_and_names_of_its_ticket_is_safe(scrubber):
    assert reason_against(scrubber, "Dear <PERSON_1>, <ORDER_ID_1> left on 2024-05-01 and costs 12.50 EUR.") is None
    assert reason_against(scrubber, "Ask aurora, or Aurora.") is None, "a name that the ticket contains was refused"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Dear <PERSON_2>, it left.", "<PERSON_2>"),
        ("Dear Zoe Okafor, it left.", r"\(PERSON\)"),
        ("It went to 5 Mill Lane.", r"\(ADDRESS\)"),
        ("Call +44 20 7946 0958.", r"\(PHONE_NUMBER\)"),
        ("请致电 13812345678", r"\(PHONE_NUMBER\)"),
        ("Write to jane.doe@example.com", r"\(EMAIL_ADDRESS\)"),
        ("Your card 4111 1111 1111 1111 was charged.", r"\(CREDIT_CARD\)"),
        ("Order SO-20267428165 is on its way.", r"\(ORDER_ID\)"),
    ],
)
def test_reply_with_other_personal_data_is_refused_and_the_reason_does_not_show_the_value(scrubber, reply, expected):
    reason = reason_against(scrubber, reply)

    assert reason is not None
    assert re.search(expected, reason)
    assert not [word for word in ("Zoe", "Mill", "7946", "138", "jane", "4111", "2026") if word in reason]


@pytest.mark.parametrize(("language", "category"), [("en", "logistics"), ("zh", "物流")])
def test_reply_that_repeats_its_instruction_is_refused(scrubber, language, category):
    own_instruction = instruction(category, language, Settings())

    reason = reason_against(scrubber, f"Of course, here they are: {own_instruction}", given_instruction=own_instruction)
    assert reason == "the reply repeats its instructions"
    assert (
        reason_against(scrubber, own_instruction.upper().replace(" ", "\n"), given_instruction=own_instruction)
        is not None
    )
    harmless = "Your parcel is with the logistics department. 您的包裹在物流部门。"
    assert reason_against(scrubber, harmless, given_instruction=own_instruction) is None
