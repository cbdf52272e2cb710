"""What a reply must keep to before a reviewer sees it: its own ticket's placeholders, and nobody else's data.

A model can invent a telephone number, say one it was trained on, or do what a ticket tells it to.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ticketing.privacy.placeholders import PLACEHOLDER, Scrubbed, foreign_placeholders

# So much of an instruction in one piece is no coincidence. Chinese says in a character what English says in three.
REPEATED_CHARS = 45
REPEATED_HAN = 15


class Checked(NamedTuple):
    """A reply to be checked."""

    reply: str
    ticket: str  # scrubbed subject and body
    instruction: str


class Finder(Protocol):
    """What finds personal data: the scrubber."""

    def scrub(self, groups: Sequence[Sequence[str]]) -> list[Scrubbed]:
        """The texts of each group with its values taken out."""
        ...


def why_unsafe(replies: Sequence[Checked], finder: Finder) -> list[str | None]:
    """Why each reply must not be shown, in order; None for one that may. No reason names a value."""
    found = finder.scrub([[one.reply] for one in replies])
    return [next(_reasons(one, scrubbed), None) for one, scrubbed in zip(replies, found, strict=True)]


def _reasons(one: Checked, scrubbed: Scrubbed) -> Iterator[str]:
    foreign = foreign_placeholders(one.reply, one.ticket)
    if foreign:
        # It stands for nobody here: it was learnt from another customer's ticket.
        yield f"the reply names {', '.join(sorted(foreign))}, which the ticket does not"
    ticket = one.ticket.casefold()
    for name, value in scrubbed.values.items():
        placeholder = PLACEHOLDER.fullmatch(name)
        # What the scrubber left in the ticket is no secret of anybody else.
        if placeholder and value.casefold() not in ticket:
            yield f"the reply holds personal data that the ticket does not ({placeholder.group(1)})"
    if _repeats(one.reply, one.instruction):
        yield "the reply repeats its instructions"


def _repeats(reply: str, instruction: str) -> bool:
    said, told = (" ".join(text.casefold().split()) for text in (reply, instruction))
    length = REPEATED_CHARS if told.isascii() else REPEATED_HAN
    return any(told[start : start + length] in said for start in range(len(told) - length + 1))
