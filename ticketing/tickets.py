"""What a ticket is, raw and scrubbed, and the hash that names its content.

Reading and writing tickets is `ticketing.source` and `ticketing.corpus`; nothing here touches the database.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime


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

    @property
    def text(self) -> str:
        """What the classifier reads: the subject, a line break, the body."""
        return joined(self.subject, self.body)


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
