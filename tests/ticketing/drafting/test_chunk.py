"""Drafts one chunk of tickets, from the claim to the write-back.

The models are fakes. The queue, the vault and the guard are real.
"""

import time

import pytest

from tests.finders import JOHN
from tests.seed import CLASSIFIER, GENERATOR, SNAPSHOT, TEXT, add_clean, add_models, rows
from ticketing.drafting import queue
from ticketing.drafting.chunk import draft_chunk
from ticketing.errors import EngineError
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import DraftSettings, PrivacySettings
from ticketing.stages.drafting import Drafters
from ticketing.stages.protocols import Completion, Prediction
from ticketing.tickets import TextKey


class Classifier:
    """A fake classifier. It routes tickets about a kettle to a human, and all others automatically."""

    version = CLASSIFIER

    def predict(self, tickets):
        return [
            Prediction("logistics", 0.4, 0.5, "human", "not sure")
            if "kettle" in ticket.body
            else Prediction("logistics", 0.9, 0.5, "auto", None)
            for ticket in tickets
        ]


class Generator:
    """A fake generator. It waits `seconds`, calls `meanwhile`, and then replies or raises `error`."""

    version, snapshot_id, languages = GENERATOR, SNAPSHOT, None

    def __init__(self, seconds=0.0, error=None, meanwhile=lambda: None):
        self.seconds, self.error, self.meanwhile = seconds, error, meanwhile

    def complete(self, conversations, again=False):
        time.sleep(self.seconds)
        self.meanwhile()
        if self.error is not None:
            raise self.error
        return [Completion("Dear <PERSON_1>, it left.", 10, 5, "stop") for _ in conversations]


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(PrivacySettings(), JOHN)


@pytest.fixture
def draft(database, settings, scrubber):
    """A function that drafts one chunk of three queued tickets. T2 is about a kettle."""
    vault = Vault([bytes(32)])
    with database.begin() as conn:
        add_models(conn)
        add_clean(conn, "T1", "T2", "T3")
        for ticket_id, body in (("T1", "I am <PERSON_1>"), ("T2", "It is about a kettle"), ("T3", "I am <PERSON_1>")):
            conn.execute("UPDATE ticketing.clean_ticket SET body = %s WHERE ticket_id = %s", (body, ticket_id))
        vault.store(conn, TextKey("T1", 1, TEXT), {"<PERSON_1>": "Ann"})
        vault.store(conn, TextKey("T3", 1, TEXT), {"<PERSON_1>": "Bob"})
        queue.enqueue(conn)

    def draft(generator, limit=10, **draft_settings):
        changed_settings = settings.model_copy(update={"draft": DraftSettings(**draft_settings)})
        return draft_chunk(database, vault, changed_settings, "one", Drafters(Classifier(), generator, scrubber), limit)

    return draft


def work(database):
    work_rows = rows(database, "SELECT ticket_id, state, error, attempts FROM ticketing.draft_work ORDER BY 1")
    return [tuple(row.values()) for row in work_rows]


def test_each_ticket_gets_a_draft_with_its_own_values_or_goes_to_a_human(database, draft):
    outcome = draft(Generator())

    assert (outcome.claimed, outcome.drafted, outcome.to_human, outcome.lost) == (3, 2, 1, 0)
    bodies = rows(database, "SELECT ticket_id, body, placeholder_body FROM ticketing.draft ORDER BY 1")
    assert [(row["ticket_id"], row["body"]) for row in bodies] == [
        ("T1", "Dear Ann, it left."),
        ("T3", "Dear Bob, it left."),
    ]
    assert {row["placeholder_body"] for row in bodies} == {"Dear <PERSON_1>, it left."}
    assert draft(Generator()) is None, "the queue is not empty"


def test_failed_chunk_is_queued_again_with_the_type_of_the_error_but_not_its_message(database, draft):
    with pytest.raises(EngineError):
        draft(Generator(error=EngineError("the engine said: jane@example.com")), limit=2)

    assert work(database) == [
        ("T1", "queued", "EngineError", 1),
        ("T2", "queued", "EngineError", 1),
        ("T3", "queued", None, 0),
    ]
    assert rows(database, "SELECT * FROM ticketing.routing") == []


def test_lease_of_a_chunk_is_renewed_while_the_generator_takes_longer_than_the_lease(database, draft):
    claimed_by_another = []

    def claim_as_another_worker():
        with database.begin() as conn:
            claimed_by_another.extend(queue.claim(conn, "two", 10, 60, 3))

    outcome = draft(Generator(seconds=2.0, meanwhile=claim_as_another_worker), lease_seconds=1)

    assert claimed_by_another == []
    assert (outcome.drafted, outcome.lost) == (2, 0)


def test_tickets_that_another_worker_has_taken_over_are_counted_as_lost_and_not_written(database, draft):
    def take_over():
        with database.begin(role=None) as conn:
            conn.execute("UPDATE ticketing.draft_work SET claimed_by = 'two' WHERE ticket_id = 'T1'")

    outcome = draft(Generator(meanwhile=take_over))

    assert (outcome.claimed, outcome.drafted, outcome.to_human, outcome.lost) == (3, 1, 1, 1)
    assert [row["ticket_id"] for row in rows(database, "SELECT ticket_id FROM ticketing.draft")] == ["T3"]
