"""The audit: searches every stored text for values of the vault, and for other personal data with the recognisers.

The audit changes nothing, and no finding holds a value. `ticketing.privacy.places` lists the places where text is
stored.
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
# A value of at least this length identifies a person if it also has a digit or a second word. A single word can be an
# ordinary word.
MIN_IDENTIFYING_CHARS = 7
MIN_IDENTIFYING_HAN = 3
# Values with Chinese characters are indexed by a run of this many of them.
GRAM = 3
# Texts that look like personal data, but are not: ids, addresses and numbers that Prefect, Postgres and this pipeline
# write, and links in the error messages of libraries.
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

    place: str  # where the text is stored, such as 'logs'
    kind: str
    key: str  # which row or file it is
    how: str  # how it was found: 'vault', 'recogniser' or 'kept too long'


class Hit(NamedTuple):
    """A value of the vault that occurs in a text. `value` is only for counting, and is never shown."""

    kind: str
    value: str
    same_ticket: bool  # whether the text belongs to the ticket from which the value was taken


class Values:
    """An index of the vault's values. It searches a text for all of them at once."""

    def __init__(self) -> None:
        self._of_ticket: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._by_anchor: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.tickets: Counter[str] = Counter()  # value → number of tickets from which it was taken
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
        """The values in a text: any value of the text's own ticket, and the identifying values of other tickets."""
        found = {Hit(kind, value, True) for kind, value in self._of_ticket.get(ticket_id or "", ()) if value in text}
        plain = text.casefold()
        for anchor in _anchors(plain):
            found |= {
                Hit(kind, value, False)
                for kind, value in self._by_anchor.get(anchor, ())
                if _occurs_as_word(value, plain)
            }
        return found


def is_identifying(value: str) -> bool:
    """Whether a value identifies a person in any text. 'Rose' does not, but 'Rose Okafor' does."""
    letters = [character for character in value if character.isalnum()]
    if HAN.search(value):
        return len(letters) >= MIN_IDENTIFYING_HAN
    has_second_word_or_digit = len(_WORD.findall(value)) > 1 or any(character.isdigit() for character in letters)
    return has_second_word_or_digit and len(letters) >= MIN_IDENTIFYING_CHARS


def audit(
    database: Database,
    settings: Settings,
    vault: Vault,
    scrubber: Scrubber,
    share: float,
    progress: Callable[[str, int], None],
) -> tuple[list[Finding], int, int]:
    """Searches every place where text is stored.

    Args:
        database: has the tickets, the drafts and the vault.
        settings: give the home folder, which has all other stored texts.
        vault: decrypts the values.
        scrubber: has the recognisers.
        share: the share of the tickets whose values are searched for; 1 means all tickets.
        progress: called after every batch, with the place and with the number of texts searched so far.

    Returns:
        the findings, how many values were searched for, and how many texts were searched.
    """
    values = Values()
    with database.begin(Role.WRITEBACK) as conn, conn.cursor(name="vault") as cursor:
        cursor.itersize = 1_000
        cursor.execute(queries.vault_entries_of_sample.sql, {"share": share})
        for row in cursor:
            values.add(row["ticket_id"], row["placeholder"], vault.value(row))
    with database.begin() as conn:
        rows = queries.texts_kept_too_long(conn)
        findings = [Finding("raw texts", "TICKET", row["ticket_id"], "kept too long") for row in rows]
    hits: list[tuple[StoredText, Hit]] = []
    searched = 0
    searched_hashes: set[int] = set()
    all_texts = stored_texts(database, settings)
    while chunk := list(islice(all_texts, BATCH)):
        hits += [
            (stored, hit)
            for stored in chunk
            for text in stored.texts
            for hit in values.found_in(text, stored.ticket_id)
        ]
        findings += _found_by_recognisers(chunk, scrubber, searched_hashes)
        searched += sum(len(stored.texts) for stored in chunk)
        progress(chunk[-1].place, searched)
    unique = dict.fromkeys(
        Finding(stored.place, hit.kind, stored.key, "vault") for stored, hit in _without_mistaken_names(hits, values)
    )
    return [*unique, *findings], values.count, searched


def _without_mistaken_names(hits: Sequence[tuple[StoredText, Hit]], values: Values) -> Iterator[tuple[StoredText, Hit]]:
    """Leaves out phrases that the name finder took for a name or an address by mistake, such as 'twenty square metres'.

    Such a phrase occurs unreplaced in more tickets than those from which it was taken.
    """
    unreplaced_in: dict[str, set[str]] = defaultdict(set)
    for stored, hit in hits:
        if stored.ticket_id is not None:
            unreplaced_in[hit.value].add(stored.ticket_id)
    for stored, hit in hits:
        may_be_mistaken = hit.kind in ("PERSON", "ADDRESS") and not hit.same_ticket
        if not may_be_mistaken or len(unreplaced_in[hit.value]) <= values.tickets[hit.value]:
            yield stored, hit


def _found_by_recognisers(
    chunk: Sequence[StoredText], scrubber: Scrubber, searched_hashes: set[int]
) -> Iterator[Finding]:
    """The findings of the recognisers. A text that is stored in two places is searched only in the first place."""
    for from_tickets in (True, False):
        selected = [stored for stored in chunk if (stored.ticket_id is not None) is from_tickets]
        groups = []
        for stored in selected:
            new = [text for text in stored.texts if hash(text) not in searched_hashes]
            searched_hashes.update(map(hash, new))
            groups.append(new if from_tickets else [TECHNICAL.sub(" ", text) for text in new])
        # The name finder was trained on texts that people write. In logs it takes many words for names. So it is used
        # only on the texts of tickets.
        for stored, scrubbed in zip(selected, scrubber.scrub(groups, names=from_tickets), strict=True):
            kinds = {match.group(1) for name in scrubbed.values if (match := PLACEHOLDER.fullmatch(name))}
            for kind in sorted(kinds if from_tickets else kinds - {"PERSON", "ADDRESS"}):
                yield Finding(stored.place, kind, stored.key, "recogniser")


def _anchor(plain: str) -> str:
    """The part by which a value is indexed: its first GRAM Chinese characters, or else its longest word."""
    han = re.search(rf"[\u3400-\u9fff]{{{GRAM}}}", plain)
    return han.group() if han else max(_WORD.findall(plain), key=len, default=plain)


def _anchors(plain: str) -> Iterable[str]:
    """All parts of a text by which a value in it could be indexed."""
    words = set(_WORD.findall(plain))
    grams = {word[i : i + GRAM] for word in words if HAN.search(word) for i in range(len(word) - GRAM + 1)}
    # Chinese has no spaces. So \w+ matches a number together with the Chinese characters around it.
    return words | grams | set(re.findall(r"[^\W\u3400-\u9fff]+", plain))


def _occurs_as_word(value: str, plain: str) -> bool:
    """Whether the value occurs in the text as a separate word or number, not within a longer one."""
    for match in re.finditer(re.escape(value), plain):
        before, after = plain[match.start() - 1 : match.start()], plain[match.end() : match.end() + 1]
        if not (_is_spaced(before) and _is_spaced(value[:1])) and not (_is_spaced(after) and _is_spaced(value[-1:])):
            return True
    return False


def _is_spaced(character: str) -> bool:
    """Whether a character belongs to a script that separates words by spaces."""
    return character.isalnum() and not HAN.match(character)
