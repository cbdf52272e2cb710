"""Creates studies, assigns their items to raters, stores ratings, and closes studies, by calling SQL functions.

Drawing tickets is in `ticketing.study.sampling`, the raters' files in `ticketing.study.sheets`.
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

# How many source tickets of a reply are stored. The reply is deleted when the last stored one is forgotten.
MAX_SOURCE_TICKETS = 5


@dataclass(frozen=True)
class NewStudy:
    """The properties of a study that is to be created."""

    name: str
    snapshot_id: str
    champion: str
    candidate: str | None
    seed: int
    size: int  # tickets requested
    overlap: float
    raters: int  # among whom the items are divided
    by: str

    @property
    def systems(self) -> dict[str, str | None]:
        """Each system of the study with its model version; None: the system is no model."""
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
    asked: int  # tickets requested
    overlap: float
    raters: int
    created_by: str
    created_at: datetime
    systems: dict[str, str | None]
    items: int
    shared: int
    joined: int  # raters who have items
    ratings: int  # the newest rating of each rater on each item


class Reply(NamedTuple):
    """A system's reply to a ticket, in placeholder form."""

    ticket_id: str
    body: str
    source_ticket_ids: tuple[str, ...] = ()  # the training tickets whose agent's reply this is


class Item(NamedTuple):
    """The part of an item that its rater sees: the ticket, and the replies by label."""

    item_id: int
    place: int
    rated: int
    items: int
    ticket: str
    replies: dict[str, str]


class ClosedStudy(NamedTuple):
    """A closed study of a version: its role (candidate or champion), and whether the champion is still the same."""

    study_id: int
    system: str
    same_champion: bool


@dataclass(frozen=True)
class Rating:
    """The newest rating of one rater on one item, with the labels resolved to systems."""

    item_id: int
    category: str
    language: str
    rater: str
    preferred: str | None  # None: the rater preferred no reply
    scores: dict[str, int]


def create(database: Database, new: NewStudy, sample: Sample) -> int:
    """Stores a study with its tickets and the human replies, in the state `preparing`. Returns its number.

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
    """Stores a system's replies, except empty ones; replies that are stored already do not change.

    Raises:
        StudyError: the study is not being prepared.
    """
    with _begin(database) as conn:
        queries.begin_study_writing(conn)
        _write(conn, study_id, system, replies)


def open_study(database: Database, study_id: int) -> int:
    """Opens a prepared study to raters. Returns how many items it left out because a system has no reply to them.

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
    """Assigns items to a rater, once: the shared ones and a portion of the others. Returns how many the rater has.

    Args:
        database: the database of the study.
        study_id: the study.
        rater: the name that the rater acts under; the login of a rater with a database login.
        own: how many of the unshared items; None: an equal portion for each of the study's raters.

    Raises:
        StudyError: there is no such study, or it is not open.
    """
    with _begin(database) as conn:
        return int(queries.assign_study(conn, study_id=study_id, rater=rater.strip(), own=own))


def next_item(conn: Connection, study_id: int) -> Item | None:
    """The actor's next unrated item; None when all are rated.

    Raises:
        StudyError: the actor has no items in the study, or the study is not open.
    """
    with refusals_as(StudyError):
        row = queries.next_study_item(conn, study_id=study_id)
        return None if row is None else Item(**row)


def rate(
    conn: Connection, study_id: int, item_id: int, scores: Mapping[str, int], preferred: str | None, comment: str = ""
) -> bool:
    """Stores the actor's rating of an item; the newest one counts. Returns False if that one is the same already.

    Args:
        conn: a transaction in which `set_actor` has named the rater.
        study_id: the study.
        item_id: the item.
        scores: label → 1 (useless) to 5 (perfect).
        preferred: the label of the best reply; None: the rater prefers no reply.
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
        StudyError: there is no study with that number.
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
    """The newest closed study with ratings in which a version answered; None if there is none."""
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
