"""The guard checks a reply before a reviewer sees it. The only personal data allowed is the ticket's own placeholders.

A model can invent a telephone number, repeat a number from its training data, or obey instructions in a ticket. The
guard only reports such replies. `ticketing.stages.proposing` generates them again or drops them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ticketing.privacy.placeholders import PLACEHOLDER, Scrubbed, placeholders_not_in_ticket

# A reply repeats its instruction if they share a run of this many characters. In an instruction that is not ASCII, such
# as a Chinese one, a shorter run is enough.
REPEATED_CHARS = 45
REPEATED_NON_ASCII_CHARS = 15


class ReplyCheck(NamedTuple):
    """A reply to check, and the ticket and instruction from which the reply was generated."""

    reply: str
    ticket: str  # scrubbed subject and body
    instruction: str


class ReplyScrubber(Protocol):
    """Finds personal data in replies: `ticketing.privacy.scrubber.Scrubber`."""

    def scrub(self, groups: Sequence[Sequence[str]]) -> list[Scrubbed]:
        """The texts of each group, with the personal values replaced by placeholders."""
        ...


def why_unsafe(checks: Sequence[ReplyCheck], scrubber: ReplyScrubber) -> list[str | None]:
    """For each reply, the reason why it must not be shown, or None if it is safe. No reason quotes a personal value."""
    found = scrubber.scrub([[check.reply] for check in checks])
    return [next(_reasons(check, scrubbed), None) for check, scrubbed in zip(checks, found, strict=True)]


def _reasons(check: ReplyCheck, scrubbed: Scrubbed) -> Iterator[str]:
    unknown = placeholders_not_in_ticket(check.reply, check.ticket)
    if unknown:
        # The ticket has no value for this placeholder, so it can't be restored: the model learnt it from other tickets.
        yield f"the reply has placeholders that its ticket does not have: {', '.join(sorted(unknown))}"
    ticket = check.ticket.casefold()
    for name, value in scrubbed.values.items():
        placeholder = PLACEHOLDER.fullmatch(name)
        # A value that also occurs in the scrubbed ticket is not personal data of another customer.
        if placeholder and value.casefold() not in ticket:
            yield f"the reply has personal data that its ticket does not have ({placeholder.group(1)})"
    if _repeats(check.reply, check.instruction):
        yield "the reply repeats its instructions"


def _repeats(reply: str, instruction: str) -> bool:
    plain_reply, plain_instruction = (" ".join(text.casefold().split()) for text in (reply, instruction))
    length = REPEATED_CHARS if plain_instruction.isascii() else REPEATED_NON_ASCII_CHARS
    starts = range(len(plain_instruction) - length + 1)
    return any(plain_instruction[start : start + length] in plain_reply for start in starts)
