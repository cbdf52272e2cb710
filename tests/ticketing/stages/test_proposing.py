import pytest

from tests.finders import JOHN
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings, Settings
from ticketing.stages.drafting import Drafters, draft_tickets
from ticketing.stages.proposing import propose, reply_request
from ticketing.stages.protocols import Completion, Prediction
from ticketing.tickets import CleanTicket

TICKET = "Where is order <ORDER_ID_1>? <PERSON_1>"


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(PrivacySettings(), JOHN)


class Generator:
    """A fake generator. It gives the reply `first`, or `second` if it is asked again, and records each call."""

    version, snapshot_id = "g", "s"

    def __init__(self, first, second="never", languages=None):
        self.replies = {False: first, True: second}
        self.calls = []
        self.languages = languages

    def complete(self, conversations, again=False):
        self.calls.append((len(conversations), again))
        return [Completion(self.replies[again], 1, 1, "stop")] * len(conversations)


class Classifier:
    """A fake classifier that gives every ticket the same route."""

    version = "c"

    def __init__(self, route="auto"):
        self.route = route

    def predict(self, tickets):
        reason = None if self.route == "auto" else "not sure"
        return [Prediction("logistics", 0.9, 0.5, self.route, reason) for _ in tickets]


def ticket(body=TICKET, language="en"):
    return CleanTicket("t", 1, None, language, "", body, None, None)


def requests(count=1):
    return [reply_request(ticket(), "logistics", Settings())] * count


def test_unsafe_reply_is_generated_once_more_and_then_refused(scrubber):
    unsafe_once = Generator("Call +44 20 7946 0958.", "Dear <PERSON_1>, it left.")
    unsafe_twice = Generator("Call +44 20 7946 0958.", "Call +44 20 7946 0959.")

    [accepted] = propose(requests(), unsafe_once, scrubber).proposals
    [refused] = propose(requests(), unsafe_twice, scrubber).proposals

    assert (accepted.refused, accepted.completion.text) == (None, "Dear <PERSON_1>, it left.")
    assert refused.refused == "the reply has personal data that its ticket does not have (PHONE_NUMBER)"
    assert unsafe_once.calls == unsafe_twice.calls == [(1, False), (1, True)]


def test_safe_reply_is_generated_once(scrubber):
    generator = Generator("Dear <PERSON_1>, it left.")

    proposals = propose(requests(3), generator, scrubber).proposals

    assert [proposal.refused for proposal in proposals] == [None] * 3
    assert generator.calls == [(3, False)]


@pytest.fixture
def draft(scrubber):
    """A function that drafts replies to tickets. `values` has the value of each placeholder."""

    def draft(tickets, classifier, generator, values, **options):
        drafters = Drafters(classifier, generator, scrubber)
        return draft_tickets(tickets, drafters, lambda indices: [values] * len(indices), Settings(), **options).tickets

    return draft


VALUES = {"<PERSON_1>": "Ann", "<ORDER_ID_1>": "SH1"}


def test_placeholders_in_a_reply_are_replaced_by_their_values(draft):
    [drafted] = draft([ticket()], Classifier(), Generator("Dear <PERSON_1>, <ORDER_ID_1> left."), VALUES)
    assert drafted.reply.body == "Dear Ann, SH1 left."
    assert drafted.reply.placeholder_body == "Dear <PERSON_1>, <ORDER_ID_1> left."
    assert (drafted.prediction.route, drafted.no_reply) == ("auto", None)


def test_reply_whose_values_are_missing_is_dropped_and_the_ticket_goes_to_a_human(draft):
    [drafted] = draft([ticket()], Classifier(), Generator("Dear <PERSON_1>."), {})
    assert drafted.reply is None
    assert (drafted.prediction.route, drafted.prediction.reason) == (
        "human",
        "the value of a placeholder in the reply is not stored",
    )


def test_ticket_for_a_human_gets_a_reply_only_on_request(draft):
    generator = Generator("It left.")
    [without_reply] = draft([ticket()], Classifier("human"), generator, {})
    assert (without_reply.reply, without_reply.no_reply, generator.calls) == (None, "not sure", [])
    [drafted] = draft([ticket()], Classifier("human"), generator, {}, also_unsure=True)
    assert (drafted.reply.body, drafted.prediction.route, drafted.prediction.reason) == (
        "It left.",
        "human",
        "not sure",
    )


@pytest.mark.parametrize(
    ("generator", "reason"),
    [
        (None, "no reply generator has been promoted"),
        (Generator("x", languages=frozenset({"zh"})), "the generator does not write language 'en'"),
        (Generator(""), "the reply was empty"),
    ],
)
def test_ticket_without_a_reply_goes_to_a_human_with_the_reason(draft, generator, reason):
    [drafted] = draft([ticket()], Classifier(), generator, {})
    assert (drafted.reply, drafted.no_reply) == (None, reason)
    assert (drafted.prediction.route, drafted.prediction.reason) == ("human", reason)
