"""Searches every stored text for values of the vault, and for anything else that the recognisers find.

It changes nothing, and no finding holds a value. `ticketing.privacy.places` lists the places with text.
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
# A value of this length identifies a person if it also has a digit or a second word; a single word can be ordinary.
MIN_IDENTIFYING_CHARS = 7
MIN_IDENTIFYING_HAN = 3
GRAM = 3
# Ids, addresses and numbers that Prefect, Postgres and this pipeline write, and that look like personal data; and the
# pages to which the error messages of libraries point.
TECHNICAL = re.compile(
    r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{16,64}\b|"
    r"https?://(?:127\.0\.0\.1|localhost|\[::1\])\S*|\b(?:127\.0\.0\.1|0\.0\.0\.0)\b|"
    r"https?://(?:sqlalche\.me|docs\.(?:prefect\.io|sqlalchemy\.org|python\.org|pydantic\.dev|vllm\.ai)|"
    r"errors\.pydantic\.dev|github\.com/(?:PrefectHQ|vllm-project|huggingface|pytorch|sqlalchemy))/\S*|"
    r"\b(?:classifier|generator)-\d{8}T\d{9}-[0-9a-f]{8}|"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|"
    r"\d+\.\d{4,}(?:e-?\d+)?|(?<![\d.])[01]\.\d{3}(?![\d.])",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


class Finding(NamedTuple):
    """Personal data in a place that should hold none, or a raw text that was kept too long."""

    place: str
    kind: str
    key: str
    how: str  # 'vault', 'recogniser' or 'kept too long'


class Hit(NamedTuple):
    """A value of the vault that stands in a text. `value` is only for counting and is never shown."""

    kind: str
    value: str
    own: bool  # the text belongs to the ticket that the value was taken from


class Values:
    """An index of the vault's values, which searches a text for all of them at once."""

    def __init__(self) -> None:
        self._of_ticket: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._by_anchor: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.tickets: Counter[str] = Counter()  # value → number of tickets that it was taken from
        self.count = 0

    def add(self, ticket_id: str, placeholder: str, value: str) -> None:
        """Adds one value of a ticket."""
        match = PLACEHOLDER.fullmatch(placeholder)
        kind = match.group(1) if match else "UNKNOWN"
        self.count += 1
        self._of_ticket[ticket_id].append((kind, value))
        if is_identifying(value):
            plain = value.casefold()
            self.tickets[plain] += 1
            self._by_anchor[_anchor(plain)].add((kind, plain))

    def found_in(self, text: str, ticket_id: str | None) -> set[Hit]:
        """The values in a text: every value of its own ticket, and the identifying values of other tickets."""
        found = {Hit(kind, value, True) for kind, value in self._of_ticket.get(ticket_id or "", ()) if value in text}
        plain = text.casefold()
        for anchor in _anchors(plain):
            found |= {
                Hit(kind, value, False) for kind, value in self._by_anchor.get(anchor, ()) if _stands_in(value, plain)
            }
        return found


def is_identifying(value: str) -> bool:
    """Whether a value identifies a person in any text: 'Rose' does not, 'Rose Okafor' does."""
    letters = [character for character in value if character.isalnum()]
    if HAN.search(value):
        return len(letters) >= MIN_IDENTIFYING_HAN
    composed = len(_WORD.findall(value)) > 1 or any(character.isdigit() for character in letters)
    return composed and len(letters) >= MIN_IDENTIFYING_CHARS


def audit(
    database: Database,
    settings: Settings,
    vault: Vault,
    scrubber: Scrubber,
    share: float,
    progress: Callable[[str, int], None],
) -> tuple[list[Finding], int, int]:
    """Searches all places.

    Args:
        database: has the tickets, the drafts and the vault.
        settings: give the home, which has all other places.
        vault: decrypts the values.
        scrubber: has the recognisers.
        share: the share of tickets whose values are searched for; 1 is all of them.
        progress: called with the place and the number of texts searched, after every batch.

    Returns:
        The findings, the number of values searched for, and the number of texts searched.
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
    searched = 0
    seen: set[int] = set()
    places = stored_texts(database, settings)
    while chunk := list(islice(places, BATCH)):
        hits += [(kept, hit) for kept in chunk for text in kept.texts for hit in values.found_in(text, kept.ticket_id)]
        findings += _found_by_recognisers(chunk, scrubber, seen)
        searched += sum(len(kept.texts) for kept in chunk)
        progress(chunk[-1].place, searched)
    unique = dict.fromkeys(
        Finding(kept.place, hit.kind, kept.key, "vault") for kept, hit in _without_phrases(hits, values)
    )
    return [*unique, *findings], values.count, searched


def _without_phrases(hits: Sequence[tuple[StoredText, Hit]], values: Values) -> Iterator[tuple[StoredText, Hit]]:
    """Leaves out phrases that the finder of names took for a name or an address by mistake: 'twenty square metres'.

    Such a phrase stands unreplaced in more tickets than it was taken from.
    """
    left: dict[str, set[str]] = defaultdict(set)
    for kept, hit in hits:
        if kept.ticket_id is not None:
            left[hit.value].add(kept.ticket_id)
    for kept, hit in hits:
        learnt = hit.kind in ("PERSON", "ADDRESS") and not hit.own
        if not learnt or len(left[hit.value]) <= values.tickets[hit.value]:
            yield kept, hit


def _found_by_recognisers(chunk: Sequence[StoredText], scrubber: Scrubber, seen: set[int]) -> Iterator[Finding]:
    """The findings of the recognisers. A text that is stored in two places is searched only in the first."""
    for tickets in (True, False):
        selected = [kept for kept in chunk if (kept.ticket_id is not None) is tickets]
        groups = []
        for kept in selected:
            new = [text for text in kept.texts if hash(text) not in seen]
            seen.update(map(hash, new))
            groups.append(new if tickets else [TECHNICAL.sub(" ", text) for text in new])
        # The finder of names was trained on texts of people. In a log it takes many words for names, so it is not used.
        for kept, scrubbed in zip(selected, scrubber.scrub(groups, names=tickets), strict=True):
            kinds = {match.group(1) for name in scrubbed.values if (match := PLACEHOLDER.fullmatch(name))}
            for kind in sorted(kinds if tickets else kinds - {"PERSON", "ADDRESS"}):
                yield Finding(kept.place, kind, kept.key, "recogniser")


def _anchor(plain: str) -> str:
    """The part by which a value is indexed: its longest word, or its first GRAM Chinese characters."""
    han = re.search(rf"[\u3400-\u9fff]{{{GRAM}}}", plain)
    return han.group() if han else max(_WORD.findall(plain), key=len, default=plain)


def _anchors(plain: str) -> Iterable[str]:
    words = set(_WORD.findall(plain))
    grams = {word[i : i + GRAM] for word in words if HAN.search(word) for i in range(len(word) - GRAM + 1)}
    # Chinese has no spaces, so \w+ joins a number to the Chinese characters around it.
    return words | grams | set(re.findall(r"[^\W\u3400-\u9fff]+", plain))


def _stands_in(value: str, plain: str) -> bool:
    """Whether the value stands in the text as a whole word or number, not within a longer one."""
    for match in re.finditer(re.escape(value), plain):
        before, after = plain[match.start() - 1 : match.start()], plain[match.end() : match.end() + 1]
        if not (_joined(before) and _joined(value[:1])) and not (_joined(after) and _joined(value[-1:])):
            return True
    return False


def _joined(character: str) -> bool:
    return character.isalnum() and not HAN.match(character)
