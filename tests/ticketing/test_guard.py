import re

import pytest

from tests.finders import Finder
from ticketing.drafting.drafter import Completion, propose
from ticketing.drafting.guard import Checked, why_unsafe
from ticketing.drafting.prompts import instruction
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings, Settings
from ticketing.tickets import CleanTicket

TICKET = "I am <PERSON_1>. Where is <ORDER_ID_1>? Ask Aurora."


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(
        PrivacySettings(), Finder(("Zoe Okafor", "PERSON"), ("Aurora", "PERSON"), ("5 Mill Lane", "ADDRESS"))
    )


def why(scrubber, reply, ticket=TICKET, told="Write the reply."):
    return why_unsafe([Checked(reply, ticket, told)], scrubber)[0]


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
def test_other_peoples_data_is_not_shown_and_the_reason_does_not_name_it(scrubber, reply, reason):
    said = why(scrubber, reply)

    assert said is not None
    assert re.search(reason, said)
    assert not [word for word in ("Zoe", "Mill", "7946", "138", "jane", "4111", "2026") if word in said]


@pytest.mark.parametrize(("language", "category"), [("en", "logistics"), ("zh", "物流")])
def test_a_ticket_that_asks_for_the_instructions_does_not_get_them(scrubber, language, category):
    told = instruction(category, language, Settings())

    assert why(scrubber, f"Of course, here they are: {told}", told=told) == "the reply repeats its instructions"
    assert why(scrubber, told.upper().replace(" ", "\n"), told=told) is not None
    assert why(scrubber, "Your parcel is with the logistics department. 您的包裹在物流部门。", told=told) is None


class Generator:
    """Says one thing first, and another when asked again."""

    version, snapshot_id, languages = "g", "s", None

    def __init__(self, first, second):
        self.answers = {False: first, True: second}
        self.asked = []

    def complete(self, conversations, again=False):
        self.asked.append((len(conversations), again))
        return [Completion(self.answers[again], 1, 1, "stop")] * len(conversations)


def ticket(body):
    return CleanTicket("t", 1, None, "en", "", body, None, None)


def test_an_unsafe_reply_is_written_once_more_and_then_left_to_a_human(scrubber):
    better = Generator("Call +44 20 7946 0958.", "Dear <PERSON_1>, it left.")
    worse = Generator("Call +44 20 7946 0958.", "Call +44 20 7946 0959.")

    [good] = propose([ticket(TICKET)], ["logistics"], better, scrubber, Settings())
    [bad] = propose([ticket(TICKET)], ["logistics"], worse, scrubber, Settings())

    assert (good.refused, good.completion.text) == (None, "Dear <PERSON_1>, it left.")
    assert bad.refused == "the reply holds personal data that the ticket does not (PHONE_NUMBER)"
    assert better.asked == worse.asked == [(1, False), (1, True)]


def test_a_safe_reply_is_not_asked_for_again(scrubber):
    generator = Generator("Dear <PERSON_1>, it left.", "never")

    proposals = propose([ticket(TICKET)] * 3, ["logistics"] * 3, generator, scrubber, Settings())

    assert [one.refused for one in proposals] == [None] * 3
    assert generator.asked == [(3, False)]
