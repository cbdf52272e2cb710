"""Blind studies: made, shared out to raters, rated, closed; the rules are kept by SQL functions and triggers.

Which tickets are in one is `ticketing.study.sampling`, the raters' files `ticketing.study.sheets`, what ratings amount
to `models.evaluation.study_analysis`.
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

# Of many tickets with the same reply so many are remembered: the reply leaves when the last of them is forgotten.
MAX_SOURCE_TICKETS = 5


@dataclass(frozen=True)
class NewStudy:
    """What a study is to be."""

    name: str
    snapshot_id: str
    champion: str
    candidate: str | None
    seed: int
    size: int  # tickets asked for
    overlap: float
    raters: int  # that the items are shared out to
    by: str

    @property
    def systems(self) -> dict[str, str | None]:
        """Who answers, with the version where it is a model."""
        systems = {"human": None, "nearest": None, "champion": self.champion}
        return systems if self.candidate is None else {**systems, "candidate": self.candidate}


@dataclass(frozen=True)
class Study:
    """A study and how far it is."""

    study_id: int
    name: str
    state: str
    snapshot_id: str
    seed: int
    asked: int
    overlap: float
    raters: int
    created_by: str
    created_at: datetime
    systems: dict[str, str | None]
    items: int
    shared: int
    joined: int  # raters who were given items
    ratings: int  # the newest of each rater on each item


class Reply(NamedTuple):
    """What a system answered to a ticket, in placeholder form."""

    ticket_id: str
    body: str
    source_ticket_ids: tuple[str, ...] = ()  # other tickets that this is the reply of


class Item(NamedTuple):
    """What a rater sees of an item: the ticket, and the replies by label."""

    item_id: int
    place: int
    rated: int
    items: int
    ticket: str
    replies: dict[str, str]


class ClosedStudy(NamedTuple):
    """A study that a version answered in: as candidate or champion, and whether beside the champion of today."""

    study_id: int
    system: str
    same_champion: bool


@dataclass(frozen=True)
class Rating:
    """The rating of one rater on one item that counts, by system."""

    item_id: int
    category: str
    language: str
    rater: str
    preferred: str | None  # None: none is the best
    scores: dict[str, int]


def create(database: Database, new: NewStudy, sample: Sample) -> int:
    """Stores a study with its tickets and the human replies, to be prepared further. Returns its number.

    Raises:
        StudyError: there is a study of that name, or the candidate is the champion.
    """
    if new.candidate == new.champion:
        raise StudyError(f"{new.champion} is the champion: it can't be the candidate of a study as well.")
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
    """Stores what a system answered; empty replies are left out, and what is stored already stays.

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
    """Gives a rater items, once: the shared ones and a portion of the others. Returns how many the rater has.

    Args:
        database: where the study is.
        study_id: which one.
        rater: the name the rater acts under; of a rater with a login of their own, the login.
        own: how many of the others; None: what is due to one of the study's number of raters.

    Raises:
        StudyError: there is no such study, or it is not open.
    """
    with _begin(database) as conn:
        return int(queries.assign_study(conn, study_id=study_id, rater=rater.strip(), own=own))


def next_item(conn: Connection, study_id: int) -> Item | None:
    """The actor's next unrated item; None when all are rated.

    Raises:
        StudyError: the actor has no part in the study, or it is not open.
    """
    with refusals_as(StudyError):
        row = queries.next_study_item(conn, study_id=study_id)
        return None if row is None else Item(**row)


def rate(
    conn: Connection, study_id: int, item_id: int, scores: Mapping[str, int], preferred: str | None, comment: str = ""
) -> bool:
    """Stores the actor's rating of an item; the newest counts. Returns False if it is the one that counts already.

    Args:
        conn: a transaction in which somebody acts.
        study_id: which study.
        item_id: which item.
        scores: label → 1 (useless) to 5 (as good as can be).
        preferred: the label of the best reply; None: none is the best.
        comment: anything.

    Raises:
        StudyError: the item is not the actor's, the study is not open, or labels or scores are wrong.
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
    """Ends a study: no rating is taken any more.

    Raises:
        StudyError: there is no such study, or it is closed.
    """
    with _begin(database) as conn:
        set_actor(conn, by)
        queries.close_study(conn, study_id=study_id)


def studies(database: Database) -> list[Study]:
    """All there are, the newest first."""
    with database.begin() as conn:
        return [Study(**row) for row in queries.studies(conn, study_id=None)]


def find(database: Database, study_id: int) -> Study:
    """One study.

    Raises:
        StudyError: there is none of that number.
    """
    with database.begin() as conn:
        rows = list(queries.studies(conn, study_id=study_id))
    if not rows:
        raise StudyError(f"There is no study {study_id}: see 'ticketing study list'.")
    return Study(**rows[0])


def ratings(database: Database, study_id: int) -> list[Rating]:
    """The ratings of a study that count."""
    with database.begin() as conn:
        return [Rating(**row) for row in queries.study_ratings(conn, study_id=study_id)]


def newest_closed(database: Database, version: str) -> ClosedStudy | None:
    """The newest closed and rated study that a version answered in."""
    with database.begin() as conn:
        row: dict[str, Any] | None = queries.newest_study_of(conn, version=version)
    return None if row is None else ClosedStudy(**row)


@contextmanager
def _begin(database: Database) -> Iterator[Connection]:
    with database.begin() as conn, refusals_as(StudyError):
        yield conn


def _write(conn: Connection, study_id: int, system: str, replies: Sequence[Reply]) -> None:
    said = [reply for reply in replies if reply.body.strip()]
    queries.insert_study_replies(
        conn,
        study_id=study_id,
        system=system,
        ticket_ids=[reply.ticket_id for reply in said],
        bodies=[reply.body for reply in said],
        told_in=[json.dumps(reply.source_ticket_ids[:MAX_SOURCE_TICKETS]) for reply in said],
    )
