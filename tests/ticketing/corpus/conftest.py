from datetime import UTC, datetime, timedelta

import pytest

from tests.finders import JOHN
from ticketing.corpus.preparing import ChunkCounts, prepare_next_chunk, start_reading
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import PrivacySettings
from ticketing.tickets import Ticket

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def scrubber():
    return Scrubber(PrivacySettings(), JOHN)


@pytest.fixture
def vault():
    return Vault([bytes(32)])


@pytest.fixture
def add(database):
    """Adds tickets to the source. A ticket with a known id replaces the earlier ticket."""

    def add(*tickets: Ticket) -> None:
        with database.begin() as conn:
            for ticket in tickets:
                conn.execute(
                    "INSERT INTO ticketing.imported_ticket (ticket_id, revision, created_at, updated_at, language, subject,"
                    " body, category, reply, content_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '') ON CONFLICT"
                    " (ticket_id) DO UPDATE SET revision = excluded.revision, updated_at = excluded.updated_at,"
                    " body = excluded.body, reply = excluded.reply",
                    (ticket.ticket_id, ticket.revision, ticket.created_at, ticket.updated_at, ticket.language,
                     ticket.subject, ticket.body, ticket.category, ticket.reply),
                )  # fmt: skip

    return add


@pytest.fixture
def run(database, scrubber, vault, settings):
    """Runs `prepare` chunk by chunk, and returns the counts of the whole run."""

    def run(limit: int = 2, scrubber: Scrubber = scrubber, until=None, settings=settings) -> ChunkCounts:
        start_reading(database, scrubber, until)
        counts = ChunkCounts()
        while (chunk := prepare_next_chunk(database, scrubber, vault, settings, limit, until)) is not None:
            counts += chunk
        return counts

    return run


@pytest.fixture
def clean_tickets(database):
    """Reads the rows of `clean_ticket`, by ticket id."""

    def clean_tickets() -> dict[str, dict]:
        with database.begin() as conn:
            rows = conn.execute("SELECT * FROM ticketing.clean_ticket ORDER BY ticket_id").fetchall()
        return {row["ticket_id"]: row for row in rows}

    return clean_tickets


def make_ticket(number: int, body: str = "Where is my order SH20240501123?", **changes) -> Ticket:
    values = {
        "ticket_id": f"t{number:04d}",
        "revision": 1,
        "created_at": START + timedelta(hours=number),
        "updated_at": START + timedelta(hours=number),
        "language": "en",
        "subject": "",
        "body": body,
        "category": None,
        "reply": None,
    }
    return Ticket(**{**values, **changes})
