"""Creates studies, assigns items to raters, stores ratings, and closes studies. The rules are in SQL functions.

`ticketing.study.sampling` draws the tickets. `ticketing.study.sheets` writes and reads the raters' files.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from ticketing.database import Connection, Database, queries, refusals_as
from ticketing.errors import StudyError
from ticketing.reviewing import set_actor
from ticketing.study.sampling import Sample

# How many source tickets are stored per reply. The reply is deleted when the last of them is forgotten.
MAX_SOURCE_TICKETS = 5


@dataclass(frozen=True)
class NewStudy:
    """The properties of a study that is to be created."""

    name: str
    snapshot_id: str
    champion: str
    candidate: str | None
    seed: int
    size: int  # the requested number of tickets
    overlap: float  # the share of the tickets that every rater gets
    raters: int  # the number of raters among whom the other tickets are divided
    by: str  # the person who creates the study

    @property
    def systems(self) -> dict[str, str | None]:
        """System → model version, or None for a system that is not a model."""
        systems = {"human": None, "nearest": None, "champion": self.champion}
        return systems if self.candidate is None else {**systems, "candidate": self.candidate}


@dataclass(frozen=True)
class Study:
    """A study and its progress."""

    study_id: int
    name: str
    state: str
    snapshot_id: str
    seed: int
    asked: int  # the requested number of tickets
    overlap: float
    raters: int
    created_by: str
    created_at: datetime
    systems: dict[str, str | None]
    items: int
    shared: int  # items that every rater gets
    joined: int  # raters who have items
    ratings: int  # rated items, counted once per rater


class Reply(NamedTuple):
    """A system's reply to a ticket, in placeholder form."""

    ticket_id: str
    body: str
    source_ticket_ids: tuple[str, ...] = ()  # the training tickets that a human agent answered with this same reply


class Item(NamedTuple):
    """What a rater sees of an item: the ticket, the replies by label, and the rater's progress."""

    item_id: int
    place: int  # the item's position in the rater's order
    rated: int  # how many items the rater has rated
    items: int  # how many items the rater has
    ticket: str
    replies: dict[str, str]


class ClosedStudy(NamedTuple):
    """A closed study in which a model version took part."""

    study_id: int
    system: str  # the role of the version in the study: "candidate" or "champion"
    same_champion: bool  # whether the champion in the study is still the champion


@dataclass(frozen=True)
class Rating:
    """The newest rating of one rater on one item. The labels are replaced by the systems that they stood for."""

    item_id: int
    category: str
    language: str
    rater: str
    preferred: str | None  # None: the rater preferred no reply
    scores: dict[str, int]


def create(database: Database, new: NewStudy, sample: Sample) -> int:
    """Stores a study in the state `preparing`, with its tickets and the human replies. Returns the id of the study.

    Raises:
        StudyError: a study of that name exists, or the candidate is the champion.
    """
    if new.candidate == new.champion:
        raise StudyError(f"{new.champion} is the champion: it can't be the candidate of the same study.")
    records = sample.records
    with database.begin() as conn:
        queries.begin_study_writing(conn)
        study_id: int | None = queries.insert_study(
            conn,
            name=new.name,
            snapshot_id=new.snapshot_id,
            seed=new.seed,
            overlap=new.overlap,
            raters=new.raters,
            asked=new.size,
            created_by=new.by,
        )
        if study_id is None:
            raise StudyError(f"There is a study {new.name!r} already: choose another name.")
        systems = new.systems
        queries.insert_study_systems(conn, study_id=study_id, systems=list(systems), versions=list(systems.values()))
        queries.insert_study_items(
            conn,
            study_id=study_id,
            ticket_ids=[record.ticket_id for record in records],
            categories=[record.category for record in records],
            languages=[record.language for record in records],
            tickets=[record.text for record in records],
            shared=[record.ticket_id in sample.shared for record in records],
        )
        _write(conn, study_id, "human", [Reply(record.ticket_id, record.output or "") for record in records])
    return study_id


def write_replies(database: Database, study_id: int, system: str, replies: Sequence[Reply]) -> None:
    """Stores a system's replies, except empty ones. Replies that are already stored do not change.

    Raises:
        StudyError: the study is not being prepared.
    """
    with _begin(database) as conn:
        queries.begin_study_writing(conn)
        _write(conn, study_id, system, replies)


def open_study(database: Database, study_id: int) -> int:
    """Opens a prepared study to raters. Returns how many items were left out because a system has no reply to them.

    Raises:
        StudyError: there is no such study, it is not being prepared, or no item would be left.
    """
    with _begin(database) as conn:
        return int(queries.open_study(conn, study_id=study_id))


def tickets(database: Database, study_id: int) -> list[str]:
    """The ids of the tickets of a study."""
    with database.begin() as conn:
        return [row["ticket_id"] for row in queries.study_tickets(conn, study_id=study_id)]


def assign(database: Database, study_id: int, rater: str, own: int | None = None) -> int:
    """Assigns the shared items and a portion of the others to a rater. Returns how many items the rater has.

    A rater who already has items gets no more.

    Args:
        database: the database of the study.
        study_id: the study.
        rater: the name under which the rater acts. For a rater with a database login, it is that login.
        own: how many of the items that are not shared; None: an equal portion for each of the study's raters.

    Raises:
        StudyError: there is no such study, or it is not open.
    """
    with _begin(database) as conn:
        return int(queries.assign_study(conn, study_id=study_id, rater=rater.strip(), own=own))


def next_item(conn: Connection, study_id: int) -> Item | None:
    """The next unrated item of the actor (the rater whom `set_actor` has named); None when all items are rated.

    Raises:
        StudyError: the actor has no items in the study, or the study is not open.
    """
    with refusals_as(StudyError):
        row = queries.next_study_item(conn, study_id=study_id)
        return None if row is None else Item(**row)


def rate(
    conn: Connection, study_id: int, item_id: int, scores: Mapping[str, int], preferred: str | None, comment: str = ""
) -> bool:
    """Stores the actor's rating of an item. Only the newest rating counts. Returns False if it is already the same.

    Args:
        conn: a transaction in which `set_actor` has named the rater.
        study_id: the study.
        item_id: the item.
        scores: label → 1 (useless) to 5 (perfect).
        preferred: the label of the best reply; None: a tie.
        comment: the rater's free text.

    Raises:
        StudyError: the item is not assigned to the actor, the study is not open, or labels or scores are invalid.
    """
    with refusals_as(StudyError):
        return bool(
            queries.rate_study_item(
                conn,
                study_id=study_id,
                item_id=item_id,
                scores=Jsonb(dict(scores)),
                preferred=preferred,
                comment=comment,
            )
        )


def close(database: Database, study_id: int, by: str) -> None:
    """Closes a study: it accepts no more ratings.

    Raises:
        StudyError: there is no such study, or it is closed already.
    """
    with _begin(database) as conn:
        set_actor(conn, by)
        queries.close_study(conn, study_id=study_id)


def studies(database: Database) -> list[Study]:
    """All studies, the newest first."""
    with database.begin() as conn:
        return [Study(**row) for row in queries.studies(conn, study_id=None)]


def find(database: Database, study_id: int) -> Study:
    """One study.

    Raises:
        StudyError: there is no study with this id.
    """
    with database.begin() as conn:
        rows = list(queries.studies(conn, study_id=study_id))
    if not rows:
        raise StudyError(f"There is no study {study_id}: see 'ticketing study list'.")
    return Study(**rows[0])


def ratings(database: Database, study_id: int) -> list[Rating]:
    """The newest rating of each rater on each item of a study."""
    with database.begin() as conn:
        return [Rating(**row) for row in queries.study_ratings(conn, study_id=study_id)]


def newest_closed(database: Database, version: str) -> ClosedStudy | None:
    """The newest closed study with ratings in which a model version took part; None if there is none."""
    with database.begin() as conn:
        row: dict[str, Any] | None = queries.newest_study_of(conn, version=version)
    return None if row is None else ClosedStudy(**row)


@contextmanager
def _begin(database: Database) -> Iterator[Connection]:
    with database.begin() as conn, refusals_as(StudyError):
        yield conn


def _write(conn: Connection, study_id: int, system: str, replies: Sequence[Reply]) -> None:
    answered = [reply for reply in replies if reply.body.strip()]
    queries.insert_study_replies(
        conn,
        study_id=study_id,
        system=system,
        ticket_ids=[reply.ticket_id for reply in answered],
        bodies=[reply.body for reply in answered],
        told_in=[json.dumps(reply.source_ticket_ids[:MAX_SOURCE_TICKETS]) for reply in answered],
    )
