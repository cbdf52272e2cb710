"""The types of a raw ticket and of a clean ticket, and the hashes that identify a ticket's content.

This module does not use the database: `ticketing.source` and `ticketing.corpus` read and write tickets.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class TextKey(NamedTuple):
    """Identifies one version of a ticket's text. Clean tickets, claims, drafts and vault entries have this key."""

    ticket_id: str
    revision: int
    content_id: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One customer request as read from `ticketing.source_ticket`. It holds personal data: never log or store it."""

    ticket_id: str
    revision: int
    created_at: datetime | None
    updated_at: datetime
    language: str | None
    subject: str
    body: str
    category: str | None
    reply: str | None
    replied_at: datetime | None = None

    def __repr__(self) -> str:
        # A ticket in a traceback or a log line must not show who the customer is.
        return f"Ticket({self.ticket_id!r}, revision={self.revision}, body=<{len(self.body)} characters>)"


@dataclass(frozen=True, slots=True)
class CleanTicket:
    """A ticket after scrubbing and cleaning: no personal data, no signature, no quoted mail."""

    ticket_id: str
    revision: int
    created_at: datetime | None
    language: str
    subject: str
    body: str
    category: str | None
    reply: str | None
    content_id: str = ""  # the hash of the raw text; empty if no key is needed, as for training
    scrubbed_at: datetime | None = None  # shows whether the text was scrubbed again, perhaps with other placeholders

    @property
    def key(self) -> TextKey:
        """The key of the ticket's text."""
        return TextKey(self.ticket_id, self.revision, self.content_id)

    @property
    def text(self) -> str:
        """The text that the classifier reads: the subject, a line break, the body."""
        return joined(self.subject, self.body)


def text_key(row: Mapping[str, Any]) -> TextKey:
    """The key of a database row with the columns ticket_id, revision and content_id."""
    return TextKey(row["ticket_id"], row["revision"], row["content_id"])


def content_id(ticket: Ticket) -> str:
    """A hash of the ticket's subject and body, as 32 hex digits. It does not depend on the revision."""
    return content_hash(ticket.subject, ticket.body)[:32]


def joined(subject: str, body: str) -> str:
    """Subject and body as one text; only the body if there is no subject."""
    return f"{subject}\n{body}" if subject else body


def content_hash(*parts: str | None) -> str:
    """SHA-256 of the parts, as hex. None and "" differ, and two different lists of parts are never hashed alike."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = b"\x00" if part is None else b"\x01" + part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
