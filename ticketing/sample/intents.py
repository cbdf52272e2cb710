"""What an intent is: one reason to write to the shop, how customers put it, and how its agents answer."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Intent:
    """One reason to write. All texts are templates over a ticket's details and its customer's data.

    `settled` are ways to mention the matter as over, in a ticket that is about something else: the label of a ticket is
    what it asks for, never what it mentions as settled. `policy` has the key 'always', or 'within' and 'after' for what
    holds up to `days` days after the purchase and beyond them. `topic` names the matter in a noun phrase.
    """

    category: str
    subjects: tuple[str, ...]
    problems: tuple[str, ...]
    asks: tuple[str, ...]
    settled: tuple[str, ...]
    acknowledgement: tuple[str, ...]
    policy: Mapping[str, tuple[str, ...]]
    next_step: tuple[str, ...]
    topic: str
    days: int = 0
