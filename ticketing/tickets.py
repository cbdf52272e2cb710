"""What a ticket is, raw and scrubbed, and the hashes that name its content.

Reading and writing tickets is `ticketing.source` and `ticketing.corpus`; nothing here touches the database.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class TextKey(NamedTuple):
    """What a scrub, a claim, a draft and a restored value are keyed by: one text of one ticket."""

    ticket_id: str
    revision: int
    content_id: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One customer request as `ticketing.source_ticket` gives it. Holds personal data: never log or store it."""

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
    content_id: str = ""  # of the raw text that it was made of; empty where nothing is keyed by it
    scrubbed_at: datetime | None = None  # scrubbed again, the same text can have other placeholders

    @property
    def key(self) -> TextKey:
        """Which text of which ticket it is."""
        return TextKey(self.ticket_id, self.revision, self.content_id)

    @property
    def text(self) -> str:
        """What the classifier reads: the subject, a line break, the body."""
        return joined(self.subject, self.body)


def text_key(row: Mapping[str, Any]) -> TextKey:
    """The key of a database row that has its three columns."""
    return TextKey(row["ticket_id"], row["revision"], row["content_id"])


def content_id(ticket: Ticket) -> str:
    """Which text of a ticket it is: a hash of all that is read of the ticket's own text, as 32 hex digits.

    A ticket whose text changed has another one, whatever its revision says.
    """
    return content_hash(ticket.subject, ticket.body)[:32]


def joined(subject: str, body: str) -> str:
    """Subject and body as one text; of a ticket without a subject, the body."""
    return f"{subject}\n{body}" if subject else body


def content_hash(*parts: str | None) -> str:
    """SHA-256 over the parts as hex; None and "" differ, and no two lists of parts run together."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = b"\x00" if part is None else b"\x01" + part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
