"""Looks through every place where text is kept, for values of the vault and for whatever the recognisers find.

Where to look is `ticketing.privacy.places`. A finding says where and what kind, never the value.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ticketing.database import Database, Role, queries
from ticketing.privacy.chinese import HAN
from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.privacy.places import StoredText, stored_texts
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import Settings

BATCH = 256
# A word that is as long can still be an ordinary one; with a digit, a sign or a second word in it, it is somebody's.
MIN_TELLING_CHARS = 7
MIN_TELLING_HAN = 3
GRAM = 3
# What Prefect, Postgres and this pipeline write about themselves. It looks like device ids, addresses and numbers.
TECHNICAL = re.compile(
    r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{16,64}\b|"
    r"https?://(?:127\.0\.0\.1|localhost|\[::1\])\S*|\b(?:127\.0\.0\.1|0\.0\.0\.0)\b|"
    r"\b(?:classifier|generator)-\d{8}T\d{9}-[0-9a-f]{8}|"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|"
    r"\d+\.\d{4,}(?:e-?\d+)?|(?<![\d.])[01]\.\d{3}(?![\d.])",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


class Finding(NamedTuple):
    """Personal data where none should be, or longer than it should be."""

    place: str
    kind: str
    key: str
    how: str  # 'vault', 'recogniser' or 'kept too long'


class Hit(NamedTuple):
    """A value of the vault in a text; `value` is for counting only, and told to nobody."""

    kind: str
    value: str
    own: bool  # the text is of the ticket that the value is of


class Values:
    """The vault's values, so indexed that a text is looked through for all of them at once."""

    def __init__(self) -> None:
        self._of_ticket: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._by_anchor: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.tickets: Counter[str] = Counter()  # how many tickets a value was taken out of
        self.count = 0

    def add(self, ticket_id: str, placeholder: str, value: str) -> None:
        """One value of a ticket."""
        match = PLACEHOLDER.fullmatch(placeholder)
        kind = match.group(1) if match else "UNKNOWN"
        self.count += 1
        self._of_ticket[ticket_id].append((kind, value))
        if is_telling(value):
            plain = value.casefold()
            self.tickets[plain] += 1
            self._by_anchor[_anchor(plain)].add((kind, plain))

    def found_in(self, text: str, ticket_id: str | None) -> set[Hit]:
        """Which values stand in a text: of its own ticket any, of others those that tell who it is."""
        found = {Hit(kind, value, True) for kind, value in self._of_ticket.get(ticket_id or "", ()) if value in text}
        plain = text.casefold()
        for anchor in _anchors(plain):
            found |= {
                Hit(kind, value, False) for kind, value in self._by_anchor.get(anchor, ()) if _stands_in(value, plain)
            }
        return found


def is_telling(value: str) -> bool:
    """Whether a value says who is meant wherever it stands: 'Rose' does not, 'Rose Okafor' does."""
    letters = [character for character in value if character.isalnum()]
    if HAN.search(value):
        return len(letters) >= MIN_TELLING_HAN
    composed = len(_WORD.findall(value)) > 1 or any(character.isdigit() for character in letters)
    return composed and len(letters) >= MIN_TELLING_CHARS


def audit(
    database: Database,
    settings: Settings,
    vault: Vault,
    scrubber: Scrubber,
    share: float,
    progress: Callable[[str, int], None],
) -> tuple[list[Finding], int, int]:
    """Looks everywhere.

    Args:
        database: where tickets, drafts and the vault are.
        settings: for the home, where the rest is.
        vault: reads the values.
        scrubber: the recognisers.
        share: of the tickets whose values are looked for; 1 is all of them.
        progress: told the place and the number of texts looked through, now and then.

    Returns:
        The findings, how many values were looked for, and through how many texts.
    """
    values = Values()
    with database.begin(Role.WRITEBACK) as conn, conn.cursor(name="vault") as cursor:
        cursor.itersize = 1_000
        cursor.execute(queries.vault_entries_of_sample.sql, {"share": share})
        for row in cursor:
            values.add(row["ticket_id"], row["placeholder"], vault.value(row))
    with database.begin() as conn:
        left = queries.texts_kept_too_long(conn)
        findings = [Finding("raw texts", "TICKET", row["ticket_id"], "kept too long") for row in left]
    hits: list[tuple[StoredText, Hit]] = []
    looked = 0
    seen: set[int] = set()
    places = stored_texts(database, settings)
    while chunk := list(islice(places, BATCH)):
        hits += [(kept, hit) for kept in chunk for text in kept.texts for hit in values.found_in(text, kept.ticket_id)]
        findings += _found_by_recognisers(chunk, scrubber, seen)
        looked += sum(len(kept.texts) for kept in chunk)
        progress(chunk[-1].place, looked)
    told = dict.fromkeys(
        Finding(kept.place, hit.kind, kept.key, "vault") for kept, hit in _without_phrases(hits, values)
    )
    return [*told, *findings], values.count, looked


def _without_phrases(hits: Sequence[tuple[StoredText, Hit]], values: Values) -> Iterator[tuple[StoredText, Hit]]:
    """Leaves out what models once took for a name or an address, and more often did not: 'twenty square metres'."""
    left: dict[str, set[str]] = defaultdict(set)
    for kept, hit in hits:
        if kept.ticket_id is not None:
            left[hit.value].add(kept.ticket_id)
    for kept, hit in hits:
        learnt = hit.kind in ("PERSON", "ADDRESS") and not hit.own
        if not learnt or len(left[hit.value]) <= values.tickets[hit.value]:
            yield kept, hit


def _found_by_recognisers(chunk: Sequence[StoredText], scrubber: Scrubber, seen: set[int]) -> Iterator[Finding]:
    """What the recognisers find; a text that is kept in two places is looked at once, in the first."""
    for tickets in (True, False):
        chosen = [kept for kept in chunk if (kept.ticket_id is not None) is tickets]
        groups = []
        for kept in chosen:
            new = [text for text in kept.texts if hash(text) not in seen]
            seen.update(map(hash, new))
            groups.append(new if tickets else [TECHNICAL.sub(" ", text) for text in new])
        # The finder was trained on what people write: to it every second word of a log is a name.
        for kept, scrubbed in zip(chosen, scrubber.scrub(groups, names=tickets), strict=True):
            kinds = {match.group(1) for name in scrubbed.values if (match := PLACEHOLDER.fullmatch(name))}
            for kind in sorted(kinds if tickets else kinds - {"PERSON", "ADDRESS"}):
                yield Finding(kept.place, kind, kept.key, "recogniser")


def _anchor(plain: str) -> str:
    """By which part a value is looked up: its longest word, or its first Chinese characters."""
    han = re.search(rf"[\u3400-\u9fff]{{{GRAM}}}", plain)
    return han.group() if han else max(_WORD.findall(plain), key=len, default=plain)


def _anchors(plain: str) -> Iterable[str]:
    words = set(_WORD.findall(plain))
    grams = {word[i : i + GRAM] for word in words if HAN.search(word) for i in range(len(word) - GRAM + 1)}
    # Chinese has no spaces: a number in it is part of a longer 'word'.
    return words | grams | set(re.findall(r"[^\W\u3400-\u9fff]+", plain))


def _stands_in(value: str, plain: str) -> bool:
    """Whether it stands there by itself, not within a longer number or word."""
    for match in re.finditer(re.escape(value), plain):
        before, after = plain[match.start() - 1 : match.start()], plain[match.end() : match.end() + 1]
        if not (_joined(before) and _joined(value[:1])) and not (_joined(after) and _joined(value[-1:])):
            return True
    return False


def _joined(character: str) -> bool:
    return character.isalnum() and not HAN.match(character)
