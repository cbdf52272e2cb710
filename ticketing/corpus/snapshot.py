"""Builds and loads snapshots: immutable training corpora. Loading a snapshot checks the hashes of its files.

The id of a snapshot is a hash of its content. `ticketing.corpus.records` makes the records, and
`ticketing.corpus.splitting` assigns them to parts.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from psycopg.types.json import Jsonb

from ticketing.corpus.categories import listed
from ticketing.corpus.duplicates import largest_groups, near_duplicate_groups
from ticketing.corpus.records import SCHEMA, CorpusReader, Record, read_batches, write_rows
from ticketing.corpus.sampling import draw_by_category
from ticketing.corpus.splitting import PARTS, Part, Split, TimeOrderViolations, split
from ticketing.database import Database, queries
from ticketing.errors import CorpusError
from ticketing.settings import Settings
from ticketing.stages.prompts import PROMPT_VERSION

__all__ = ["Record", "Snapshot", "build_snapshot", "find_snapshot"]

logger = logging.getLogger(__name__)

FOLDER = "snapshots"
MANIFEST = "manifest.json"
ID_CHARS = 16
# A later run removes the folder that a killed run left, but only if the folder is too old to belong to a live run.
_BUILDING = ".building-"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Snapshot:
    """A snapshot on disk: `train.parquet`, `validation.parquet`, `test.parquet` and `manifest.json`."""

    path: Path
    manifest: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> "Snapshot":
        """Loads the snapshot from a folder, and checks every file's hash against the manifest.

        Raises:
            CorpusError: the folder is missing, incomplete or damaged.
        """
        try:
            manifest = json.loads((path / MANIFEST).read_text("utf-8"))
            damaged = [name for name, file in manifest["files"].items() if _file_hash(path / name) != file["sha256"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"The snapshot in {path} can't be read ({type(error).__name__}): remove the folder and run "
                "'ticketing prepare' to build it again."
            ) from None
        if damaged:
            raise CorpusError(
                f"The snapshot in {path} is damaged ({', '.join(damaged)} changed): remove the folder and run "
                "'ticketing prepare' to build it again."
            )
        return cls(path, manifest)

    @property
    def snapshot_id(self) -> str:
        """The first characters of the hash of the snapshot's content."""
        return str(self.manifest["snapshot_id"])

    def iterate(self, part: Part) -> Iterator[Record]:
        """Yields the tickets of one part in order. It reads batches, so that the part need not fit into memory."""
        for batch in read_batches(self.path / f"{part}.parquet"):
            yield from map(_record, batch.to_pylist())

    def records(self, part: Part) -> list[Record]:
        """All tickets of one part, in order."""
        return list(self.iterate(part))

    def sample(self, part: Part, count: int) -> list[Record]:
        """A sample of at most `count` tickets of one part, stratified by category; always the same tickets.

        Each category has its share of the sample, but at least `count // (2 * categories)` tickets, or all its tickets
        if it has fewer. The part is read twice, so that only the sample is in memory.
        """
        batches = read_batches(self.path / f"{part}.parquet", ["category"])
        categories = [sys.intern(name) for batch in batches for name in batch.column(0).to_pylist()]
        drawn = draw_by_category(categories, count, f"{self.snapshot_id} {part}")
        return [record for index, record in enumerate(self.iterate(part)) if index in drawn]


def _record(row: dict[str, Any]) -> Record:
    # Equal strings share their memory: many records have the same value here, and most inputs equal the text.
    for name in ("language", "category", "instruction"):
        row[name] = sys.intern(row[name])
    if row["input"] == row["text"]:
        row["input"] = row["text"]
    return Record(**row)


def find_snapshot(database: Database, settings: Settings, snapshot_id: str | None) -> Snapshot:
    """Loads the snapshot with this id, or the newest one if the id is None.

    Raises:
        CorpusError: there is no such snapshot, or it can't be read.
    """
    with database.begin() as conn:
        if snapshot_id is None:
            path = queries.latest_snapshot_path(conn)
        else:
            path = queries.snapshot_path(conn, snapshot_id=snapshot_id)
    if path is None:
        problem = "There is no snapshot yet" if snapshot_id is None else f"There is no snapshot {snapshot_id!r}"
        raise CorpusError(f"{problem}: run 'ticketing prepare'.")
    return Snapshot.load(settings.home / path)


def build_snapshot(database: Database, settings: Settings) -> Snapshot:
    """Builds a snapshot of all labelled, usable tickets. The same tickets and settings give the same snapshot.

    Tickets are streamed through a spool file. So only their categories, languages, times and MinHash signatures are in
    memory.

    Raises:
        CorpusError: the tickets are too few or too similar, or the disk is full. No file is left behind.
    """
    folder = settings.home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder))
    except OSError as error:
        raise _cannot_write(folder, error) from None
    try:
        manifest = _build(database, settings, building)
        path = folder / manifest["snapshot_id"]
        if not path.exists():
            _publish(building, path)
        snapshot = Snapshot.load(path)
    except OSError as error:
        raise _cannot_write(folder, error) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    with database.begin() as conn:
        queries.write_snapshot(
            conn,
            snapshot_id=snapshot.snapshot_id,
            path=str(path.relative_to(settings.home)),
            manifest=Jsonb(snapshot.manifest),
        )
    return snapshot


def _build(database: Database, settings: Settings, building: Path) -> dict[str, Any]:
    spool = building / "all.parquet"
    reader = CorpusReader(database, settings, spool)
    groups = near_duplicate_groups(reader.texts(), settings.corpus.near_duplicate_threshold)
    columns = reader.columns
    result = split(columns.categories, columns.languages, groups, columns.times, settings.corpus)
    if result.too_small:
        logger.warning(
            "The snapshot leaves out categories with too few tickets, or with only near-duplicates of one ticket: %s",
            listed(result.too_small),
        )
    corpus = settings.corpus
    origin: dict[str, Any] = {
        "scrubber_version": reader.scrubber_version,
        "prompt_version": PROMPT_VERSION,
        "split": {
            "kind": result.kind,
            "validation_share": corpus.validation_share,
            "min_validation_tickets": corpus.min_validation_tickets,
            "test_share": corpus.test_share,
            "max_held_out_tickets": corpus.max_held_out_tickets,
            "seed": corpus.seed,
            "near_duplicate_threshold": corpus.near_duplicate_threshold,
        },
        "left_out_categories": sorted(corpus.leave_out_categories),
    }
    counts, content_hash = _write_parts(spool, building, result, groups, origin)
    spool.unlink()
    categories = {part: counts[part, "category"] for part in PARTS}
    manifest = {
        "snapshot_id": content_hash[:ID_CHARS],
        "content_sha256": content_hash,
        **origin,
        "tickets": {part: counts[part, "ticket"].total() for part in PARTS},
        "with_reply": {part: counts[part, "reply"].total() for part in PARTS},
        "categories": {part: dict(sorted(count.items())) for part, count in categories.items()},
        "languages": {part: dict(sorted(counts[part, "language"].items())) for part in PARTS},
        "labels": dict(sorted(sum(categories.values(), Counter()).items())),
        "not_held_out": {
            part: sorted(set(categories["train"]) - set(categories[part])) for part in ("validation", "test")
        },
        "exact_duplicates_dropped": dict(sorted(reader.duplicates.items())),
        "near_duplicate_groups": len(set(groups)),
        "largest_groups": largest_groups(groups),
        "categories_too_small": {name: size._asdict() for name, size in result.too_small.items()},
        "near_copies_left_out": result.near_copies_left_out,
        "groups_in_train_and_test": result.large_groups,
        "too_new_left_out": result.newer_left_out,
        "time_order": _as_json(result.time_order_violations),
        "tickets_left_out": reader.left_out,
        "replies_left_out": reader.replies_left_out,
        "files": {
            f"{part}.parquet": {
                "sha256": _file_hash(building / f"{part}.parquet"),
                "rows": counts[part, "ticket"].total(),
            }
            for part in PARTS
        },
    }
    (building / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def _as_json(violations: TimeOrderViolations | None) -> dict[str, Any] | None:
    if violations is None:
        return None
    return {
        "border": violations.cutoff.isoformat(),
        "newer_in_train": violations.newer_in_train,
        "newer_in_validation": violations.newer_in_validation,
        "older_in_test": violations.older_in_test,
    }


def _write_parts(
    spool: Path, building: Path, result: Split, groups: list[int], origin: dict[str, Any]
) -> tuple[dict[tuple[Part, str], Counter[str]], str]:
    """Writes each ticket to its part. Returns the counts by part and column, and the hash of the content."""
    content = hashlib.sha256(json.dumps(origin, sort_keys=True).encode())
    columns = ("ticket", "reply", "category", "language")
    counts = {(part, column): Counter[str]() for part in PARTS for column in columns}
    writers = {part: pq.ParquetWriter(building / f"{part}.parquet", SCHEMA) for part in PARTS}
    index = 0
    try:
        for batch in read_batches(spool):
            rows: dict[Part, list[Record]] = {part: [] for part in PARTS}
            for row in batch.to_pylist():
                record = Record(**{**row, "group": groups[index]})
                part = result.parts[index]
                index += 1
                if part is None:
                    continue
                rows[part].append(record)
                content.update(json.dumps([part, asdict(record)], sort_keys=True).encode())
                counts[part, "ticket"]["all"] += 1
                counts[part, "reply"]["all"] += record.output is not None
                counts[part, "category"][record.category] += 1
                counts[part, "language"][record.language] += 1
            for part in PARTS:
                write_rows(writers[part], rows[part])
    finally:
        for writer in writers.values():
            writer.close()
    return counts, content.hexdigest()


def _publish(building: Path, path: Path) -> None:
    """Moves a finished snapshot to its path atomically: after a power cut, the snapshot is complete or missing."""
    for file in [*building.iterdir(), building]:
        _sync(file)
    building.chmod(0o755)
    try:
        building.rename(path)
    except OSError:
        # If the path exists, another process has built the same snapshot in the meantime.
        if not path.is_dir():
            raise
        return
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove_abandoned(folder: Path) -> None:
    for abandoned in folder.glob(f"{_BUILDING}*"):
        if time.time() - abandoned.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(abandoned, ignore_errors=True)


def _cannot_write(folder: Path, error: OSError) -> CorpusError:
    return CorpusError(
        f"The snapshot can't be written under {folder}: {error.strerror or error}. No file was left there. Free some "
        "space, or set TICKETING_HOME to another folder."
    )
