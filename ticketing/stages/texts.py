"""Ticket → scrubbed → clean: removes personal data, quoted mail and signatures from the texts of tickets.

It stores no text. `ticketing.privacy` finds personal data, and `ticketing.stages.cleaning` cleans a single text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ticketing.language import ticket_language
from ticketing.privacy.placeholders import PLACEHOLDER, Scrubbed, foreign_placeholders
from ticketing.stages.cleaning import clean, normalise, without_foreign_signature
from ticketing.tickets import joined

MAX_PASSES = 4


class RawTexts(NamedTuple):
    """The unchanged texts of the customer and the agent in one ticket. They hold personal data."""

    subject: str
    body: str
    reply: str | None = None
    language: str | None = None  # the help desk's code, which may be wrong or missing

    def __repr__(self) -> str:
        return f"RawTexts(body=<{len(self.body)} characters>)"


@dataclass(frozen=True, slots=True)
class CleanTexts:
    """The texts of one ticket, scrubbed and cleaned.

    `values` maps each placeholder to the personal value that it replaces. If the ticket can't be used, the texts are
    empty and `unfit` is the reason.
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
        """The texts of each ticket with placeholders for personal values."""
        ...


def clean_texts(tickets: Sequence[RawTexts], scrubber: TextScrubber, max_chars: int) -> list[CleanTexts]:
    """Scrubs and cleans the texts of tickets, in order.

    A ticket that is empty or too long, or on which a recogniser fails, is marked as unfit. The others are not affected.

    Args:
        tickets: the raw texts.
        scrubber: replaces personal data.
        max_chars: the longest text in characters; a ticket with a longer one is unfit.
    """
    refused = [_why_refused(ticket, max_chars) for ticket in tickets]
    usable = [i for i, reason in enumerate(refused) if reason is None]
    languages = [ticket_language(ticket.language, joined(ticket.subject, ticket.body)) for ticket in tickets]
    first = _scrub([(tickets[i].subject, tickets[i].body, tickets[i].reply or "") for i in usable], scrubber)
    cleaned = [
        None if scrubbed is None else _cleaned(scrubbed, languages[i])
        for i, scrubbed in zip(usable, first, strict=True)
    ]
    # Cleaning joins and cuts lines, so the scrubber may find more in the clean text.
    final = dict(zip(usable, _scrub_again(cleaned, first, scrubber), strict=True))
    result = []
    for i, language in enumerate(languages):
        scrubbed = final.get(i)
        if scrubbed is None:
            result.append(CleanTexts(language, unfit=refused[i] or "can't be scrubbed"))
        else:
            subject, body, reply = scrubbed.texts
            result.append(CleanTexts(language, subject, body, reply or None, None, scrubbed.values))
    return result


def _why_refused(ticket: RawTexts, max_chars: int) -> str | None:
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
        # A library failed on some text. Each ticket is tried alone, so that only the failing ticket is unfit. The
        # exception is not reported, because its message may quote the text.
        if len(groups) == 1:
            return [None]
        return [_scrub([group], scrubber, None if known is None else [known[i]])[0] for i, group in enumerate(groups)]


def _scrub_again(
    cleaned: Sequence[tuple[str, ...] | None], first: Sequence[Scrubbed | None], scrubber: TextScrubber
) -> list[Scrubbed | None]:
    """Scrubs the cleaned texts until nothing more is found, because cleaning can bring new values to light.

    Subject and body are scrubbed as one text, because the recognisers use the context, and because models and the
    audit read them as one text.
    """
    final: list[Scrubbed | None] = [
        None if texts is None or scrubbed is None else Scrubbed((joined(*texts[:2]), texts[2]), (), scrubbed.values)
        for texts, scrubbed in zip(cleaned, first, strict=True)
    ]
    left = [i for i, scrubbed in enumerate(final) if scrubbed is not None]
    for _ in range(MAX_PASSES):
        before = [scrubbed for i in left if (scrubbed := final[i]) is not None]
        after = _scrub([old.texts for old in before], scrubber, [old.values for old in before])
        changed = [i for i, old, new in zip(left, before, after, strict=True) if new is None or new.texts != old.texts]
        for i, new in zip(left, after, strict=True):
            final[i] = new
        left = [i for i in changed if final[i] is not None]
    return [
        None
        if scrubbed is None or texts is None
        else Scrubbed((*_parted(scrubbed.texts[0], texts[0]), scrubbed.texts[1]), scrubbed.spans, scrubbed.values)
        for scrubbed, texts in zip(final, cleaned, strict=True)
    ]


def _parted(text: str, subject: str) -> tuple[str, str]:
    """Splits a text into subject and body again. If a value spanned the line break, the whole text is the body."""
    if not subject:
        return "", text
    first, _, rest = text.partition("\n")
    return (first, rest) if rest else ("", first)


def _cleaned(scrubbed: Scrubbed, language: str) -> tuple[str, ...]:
    # A subject is a single line without a signature, so it is only normalised.
    subject = " ".join(normalise(scrubbed.texts[0]).split())
    body = clean(scrubbed.texts[1], language)
    text = f"{subject}\n{body}"
    reply = without_foreign_signature(clean(scrubbed.texts[2], language), text)
    return subject, body, _naming_as_ticket(reply, text, scrubbed.values)


def _naming_as_ticket(reply: str, ticket_text: str, values: Mapping[str, str]) -> str:
    """The reply with the ticket's own placeholder wherever the agent uses a part of a person's name.

    Such a reply is training data and is never restored, and the generator must learn to use the ticket's placeholders.
    """
    known = {match.group() for match in PLACEHOLDER.finditer(ticket_text) if match.group(1) == "PERSON"}
    for foreign in foreign_placeholders(reply, ticket_text):
        whole = [name for name in sorted(known) if values.get(foreign) in values.get(name, "").split()]
        if whole:
            reply = reply.replace(foreign, whole[0])
    return reply
