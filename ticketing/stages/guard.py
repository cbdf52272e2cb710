"""Checks a reply before a reviewer sees it: it may hold its own ticket's placeholders, and no other personal data.

A model can invent a telephone number, repeat one from its training, or obey instructions in a ticket. The guard only
reports such replies; `ticketing.stages.proposing` generates them again or drops them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ticketing.privacy.placeholders import PLACEHOLDER, Scrubbed, foreign_placeholders

# A reply that has this many characters of its instruction in a row repeats it. A Chinese character counts as three.
REPEATED_CHARS = 45
REPEATED_HAN = 15


class ReplyCheck(NamedTuple):
    """A reply to check, with the ticket and the instruction that it was generated from."""

    reply: str
    ticket: str  # scrubbed subject and body
    instruction: str


class Finder(Protocol):
    """Finds personal data: the scrubber."""

    def scrub(self, groups: Sequence[Sequence[str]]) -> list[Scrubbed]:
        """The texts of each group with placeholders for personal values."""
        ...


def why_unsafe(checks: Sequence[ReplyCheck], finder: Finder) -> list[str | None]:
    """The reason why each reply must not be shown, in order; None if it may be. No reason quotes a value."""
    found = finder.scrub([[check.reply] for check in checks])
    return [next(_reasons(check, scrubbed), None) for check, scrubbed in zip(checks, found, strict=True)]


def _reasons(check: ReplyCheck, scrubbed: Scrubbed) -> Iterator[str]:
    foreign = foreign_placeholders(check.reply, check.ticket)
    if foreign:
        # The ticket has no value for this placeholder, so it can't be restored: the model learnt it from other tickets.
        yield f"the reply has placeholders that its ticket does not have: {', '.join(sorted(foreign))}"
    ticket = check.ticket.casefold()
    for name, value in scrubbed.values.items():
        placeholder = PLACEHOLDER.fullmatch(name)
        # A value that the scrubber left in the ticket is not another customer's secret.
        if placeholder and value.casefold() not in ticket:
            yield f"the reply has personal data that its ticket does not have ({placeholder.group(1)})"
    if _repeats(check.reply, check.instruction):
        yield "the reply repeats its instructions"


def _repeats(reply: str, instruction: str) -> bool:
    plain_reply, plain = (" ".join(text.casefold().split()) for text in (reply, instruction))
    length = REPEATED_CHARS if plain.isascii() else REPEATED_HAN
    return any(plain[start : start + length] in plain_reply for start in range(len(plain) - length + 1))
