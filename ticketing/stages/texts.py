"""Ticket → scrubbed → clean: removes personal data, quoted mail and signatures from the texts of tickets.

This module stores no text. `ticketing.privacy` finds personal data, and `ticketing.stages.cleaning` cleans one text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ticketing.language import ticket_language
from ticketing.privacy.placeholders import PLACEHOLDER, Scrubbed, placeholders_not_in_ticket
from ticketing.stages.cleaning import clean, normalise, without_agent_signature
from ticketing.tickets import joined

MAX_PASSES = 4


class RawTexts(NamedTuple):
    """The unchanged texts of one ticket: what the customer and the human agent wrote. They hold personal data."""

    subject: str
    body: str
    reply: str | None = None
    language: str | None = None  # the language code from the help desk, which may be wrong or missing

    def __repr__(self) -> str:
        return f"RawTexts(body=<{len(self.body)} characters>)"


@dataclass(frozen=True, slots=True)
class CleanTexts:
    """The texts of one ticket, scrubbed and cleaned.

    `values` maps each placeholder to the personal value that it replaces. If the ticket is excluded, `unfit` is the
    reason, and the texts are empty.
    """

    language: str
    subject: str = ""
    body: str = ""
    reply: str | None = None
    unfit: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"CleanTexts(body=<{len(self.body)} characters>, {len(self.values)} values)"


class TextScrubber(Protocol):
    """Finds and replaces personal data: `ticketing.privacy.scrubber.Scrubber`."""

    def scrub(
        self, groups: Sequence[Sequence[str]], known: Sequence[Mapping[str, str]] | None = None
    ) -> list[Scrubbed]:
        """The texts of each ticket, with the personal values replaced by placeholders."""
        ...


def clean_texts(tickets: Sequence[RawTexts], scrubber: TextScrubber, max_chars: int) -> list[CleanTexts]:
    """Scrubs and cleans the texts of tickets, in order.

    A ticket is excluded (its `unfit` is set) if it is empty or too long, or if a recogniser fails on it. The other
    tickets are not affected.

    Args:
        tickets: the raw texts.
        scrubber: replaces personal data.
        max_chars: the maximum length of a text in characters. A ticket with a longer text is excluded.
    """
    reasons = [_why_excluded(ticket, max_chars) for ticket in tickets]
    usable = [i for i, reason in enumerate(reasons) if reason is None]
    languages = [ticket_language(ticket.language, joined(ticket.subject, ticket.body)) for ticket in tickets]
    first = _scrub([(tickets[i].subject, tickets[i].body, tickets[i].reply or "") for i in usable], scrubber)
    cleaned = [
        None if scrubbed is None else _cleaned(scrubbed, languages[i])
        for i, scrubbed in zip(usable, first, strict=True)
    ]
    # Cleaning joins and cuts lines. So the scrubber may find more personal data in the clean text.
    final = dict(zip(usable, _scrub_again(cleaned, first, scrubber), strict=True))
    result = []
    for i, language in enumerate(languages):
        scrubbed = final.get(i)
        if scrubbed is None:
            result.append(CleanTexts(language, unfit=reasons[i] or "can't be scrubbed"))
        else:
            subject, body, reply = scrubbed.texts
            result.append(CleanTexts(language, subject, body, reply or None, None, scrubbed.values))
    return result


def _why_excluded(ticket: RawTexts, max_chars: int) -> str | None:
    for name, text in (("subject", ticket.subject), ("body", ticket.body), ("reply", ticket.reply)):
        if text is not None and len(text) > max_chars:
            return f"{name} too long"
    return None if normalise(ticket.body) else "empty body"


def _scrub(
    groups: Sequence[Sequence[str]], scrubber: TextScrubber, known: Sequence[Mapping[str, str]] | None = None
) -> list[Scrubbed | None]:
    """One result per ticket; None for a ticket that can't be scrubbed."""
    try:
        return list(scrubber.scrub(groups, known))
    except Exception:
        # A library failed on one of the texts. Try each ticket alone, so that only the failing ticket is excluded. Do
        # not report the exception, because its message may quote the text.
        if len(groups) == 1:
            return [None]
        return [_scrub([group], scrubber, None if known is None else [known[i]])[0] for i, group in enumerate(groups)]


def _scrub_again(
    cleaned: Sequence[tuple[str, ...] | None], first: Sequence[Scrubbed | None], scrubber: TextScrubber
) -> list[Scrubbed | None]:
    """Scrubs the cleaned texts until nothing more is found, but at most MAX_PASSES times.

    Subject and body are scrubbed as one text, because the recognisers use the context, and because models and the
    audit read them as one text.
    """
    final: list[Scrubbed | None] = [
        None if texts is None or scrubbed is None else Scrubbed((joined(*texts[:2]), texts[2]), (), scrubbed.values)
        for texts, scrubbed in zip(cleaned, first, strict=True)
    ]
    remaining = [i for i, scrubbed in enumerate(final) if scrubbed is not None]
    for _ in range(MAX_PASSES):
        before = [scrubbed for i in remaining if (scrubbed := final[i]) is not None]
        after = _scrub([old.texts for old in before], scrubber, [old.values for old in before])
        changed = [
            i for i, old, new in zip(remaining, before, after, strict=True) if new is None or new.texts != old.texts
        ]
        for i, new in zip(remaining, after, strict=True):
            final[i] = new
        remaining = [i for i in changed if final[i] is not None]
    return [
        None
        if scrubbed is None or texts is None
        else Scrubbed(
            (*_subject_and_body(scrubbed.texts[0], texts[0]), scrubbed.texts[1]), scrubbed.spans, scrubbed.values
        )
        for scrubbed, texts in zip(final, cleaned, strict=True)
    ]


def _subject_and_body(text: str, subject: str) -> tuple[str, str]:
    """Splits a joined text into subject and body again. If a placeholder replaced the line break, all is body."""
    if not subject:
        return "", text
    first, _, rest = text.partition("\n")
    return (first, rest) if rest else ("", first)


def _cleaned(scrubbed: Scrubbed, language: str) -> tuple[str, ...]:
    # A subject is one line and has no signature. So it is only normalised.
    subject = " ".join(normalise(scrubbed.texts[0]).split())
    body = clean(scrubbed.texts[1], language)
    text = f"{subject}\n{body}"
    reply = without_agent_signature(clean(scrubbed.texts[2], language), text)
    return subject, body, _with_placeholders_of_ticket(reply, text, scrubbed.values)


def _with_placeholders_of_ticket(reply: str, ticket_text: str, values: Mapping[str, str]) -> str:
    """The reply, in which a part of a person's name has the placeholder that the ticket uses for the whole name.

    The reply is training data: the generator must learn to use the ticket's placeholders. The change loses nothing,
    because such a reply is never restored.
    """
    persons = {match.group() for match in PLACEHOLDER.finditer(ticket_text) if match.group(1) == "PERSON"}
    for unknown in placeholders_not_in_ticket(reply, ticket_text):
        whole_names = [person for person in sorted(persons) if values.get(unknown) in values.get(person, "").split()]
        if whole_names:
            reply = reply.replace(unknown, whole_names[0])
    return reply
