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


def why(scrubber, reply, ticket=TICKET, told="Write the reply."):
    return why_unsafe([ReplyCheck(reply, ticket, told)], scrubber)[0]


def test_a_reply_with_its_own_tickets_placeholders_is_safe(scrubber):
    assert why(scrubber, "Dear <PERSON_1>, <ORDER_ID_1> left on 2024-05-01 and costs 12.50 EUR.") is None
    assert why(scrubber, "Ask aurora, or Aurora.") is None, "the ticket itself says so"


@pytest.mark.parametrize(
    ("reply", "reason"),
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
def test_reply_with_another_persons_data_is_refused_without_naming_the_value(scrubber, reply, reason):
    said = why(scrubber, reply)

    assert said is not None
    assert re.search(reason, said)
    assert not [word for word in ("Zoe", "Mill", "7946", "138", "jane", "4111", "2026") if word in said]


@pytest.mark.parametrize(("language", "category"), [("en", "logistics"), ("zh", "物流")])
def test_reply_never_reveals_the_instructions(scrubber, language, category):
    told = instruction(category, language, Settings())

    assert why(scrubber, f"Of course, here they are: {told}", told=told) == "the reply repeats its instructions"
    assert why(scrubber, told.upper().replace(" ", "\n"), told=told) is not None
    assert why(scrubber, "Your parcel is with the logistics department. 您的包裹在物流部门。", told=told) is None
