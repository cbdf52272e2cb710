import errno
import json
import os
import random
import shutil
import time
from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.ticketing.corpus.conftest import START, make_ticket
from ticketing.corpus import records as reading
from ticketing.corpus import snapshot as module
from ticketing.corpus.snapshot import Snapshot, build_snapshot, find_snapshot
from ticketing.corpus.splitting import PARTS
from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

THINGS = [
    "lamp",
    "chair",
    "table",
    "phone",
    "watch",
    "camera",
    "carpet",
    "mirror",
    "bottle",
    "kettle",
    "drill",
    "ladder",
    "basket",
    "pillow",
    "guitar",
    "piano",
]


def corpus(count=48, **changes):
    """Different tickets in three categories. Each has an order number, and every second one has a reply."""
    return [
        make_ticket(
            number,
            f"Order #{100000 + number}: " + " ".join(random.Random(number).choices(THINGS, k=12)),
            **{
                "subject": f"About a {THINGS[number % 16]}",
                "category": "abc"[number % 3],
                "reply": f"We are sorry about #{100000 + number}." if number % 2 else None,
                **changes,
            },
        )
        for number in range(count)
    ]


@pytest.fixture
def prepare(add, run):
    """Adds tickets to the source and prepares them."""

    def prepare(tickets):
        add(*tickets)
        run(limit=200)

    return prepare


def test_snapshot_contains_every_labelled_ticket_once_with_its_prompt(database, settings, prepare):
    prepare([*corpus(), make_ticket(900, "a new ticket without a category")])

    snapshot = build_snapshot(database, settings)

    records = [record for part in PARTS for record in snapshot.records(part)]
    assert {record.ticket_id for record in records} == {f"t{number:04d}" for number in range(48)}
    answered = next(record for record in records if record.ticket_id == "t0001")
    assert answered.text.startswith("About a chair\nOrder <ORDER_ID_1>: ")
    assert answered.input == answered.text
    assert answered.output == "We are sorry about <ORDER_ID_1>."
    assert "b" in answered.instruction
    assert (answered.category, answered.language) == ("b", "en")
    assert next(record for record in records if record.ticket_id == "t0002").output is None


def test_manifest_describes_the_snapshot(database, scrubber, settings, prepare):
    tickets = corpus()
    prepare([
        *tickets,
        make_ticket(500, tickets[3].body.upper(), subject=tickets[3].subject, category="a"),
        make_ticket(501, tickets[4].body, subject=tickets[4].subject, category="c"),
        make_ticket(502, " ", category="a"),
        make_ticket(503, "A colleague answered", category="a", reply="Ask Mr. John Smith, order #999999."),
    ])  # fmt: skip

    manifest = build_snapshot(database, settings).manifest

    assert sum(manifest["tickets"].values()) == 49
    assert manifest["tickets"]["test"] == sum(manifest["categories"]["test"].values())
    assert manifest["labels"] == {"a": 17, "b": 16, "c": 16}
    assert manifest["exact_duplicates_dropped"] == {"another category": 1, "same category": 1}
    assert manifest["tickets_left_out"] == {"older_scrubber": 0, "unfit": 1, "category_left_out": 0}
    assert (manifest["replies_left_out"], sum(manifest["with_reply"].values())) == (1, 24)
    assert manifest["scrubber_version"] == scrubber.version
    assert manifest["prompt_version"]
    assert manifest["split"]["kind"] == "by time"
    assert manifest["languages"]["train"] == {"en": manifest["tickets"]["train"]}
    assert json.loads((settings.home / "snapshots" / manifest["snapshot_id"] / "manifest.json").read_text()) == manifest


def test_newest_tickets_are_in_the_test_part(database, settings, prepare):
    prepare(corpus())

    snapshot = build_snapshot(database, settings)

    newest = max(record.ticket_id for record in snapshot.records("train"))
    assert all(record.ticket_id > newest for record in snapshot.records("test"))


def test_tickets_without_times_are_split_by_category(database, settings, prepare):
    prepare(corpus(created_at=None))

    manifest = build_snapshot(database, settings).manifest

    assert manifest["split"]["kind"] == "by category"
    assert all(set(manifest["categories"][part]) == {"a", "b", "c"} for part in PARTS)


def test_held_out_near_duplicates_are_reduced_to_the_newest_one(database, settings, prepare):
    body = "I would like to know where my parcel with the blue garden chairs is, it should have come on {}."
    days = ["Monday", "Friday", "Sunday", "Tuesday", "the weekend"]
    prepare([*corpus(), *(make_ticket(40 + 5 * i, body.format(day), ticket_id=f"duplicate{i}", category="a")
                          for i, day in enumerate(days))])  # fmt: skip

    snapshot = build_snapshot(database, settings)

    assert duplicates_by_part(snapshot) == {"train": [], "validation": [], "test": ["duplicate4"]}
    assert snapshot.manifest["near_copies_left_out"] == {"validation": 0, "test": 4}
    assert sum(snapshot.manifest["tickets"].values()) == 49


def duplicates_by_part(snapshot):
    return {
        part: [record.ticket_id for record in snapshot.records(part) if record.ticket_id.startswith("duplicate")]
        for part in PARTS
    }


def test_tickets_from_one_template_have_one_test_ticket_and_the_manifest_counts_them(database, settings, prepare):
    body = "I would like to know where my parcel with the blue garden {} is, it should have come on Monday."
    hours = [10, 15, 20, 25, 30, 35, 46, 47]
    prepare([*corpus(), *(make_ticket(hour, body.format(f"{THINGS[i]}s"), ticket_id=f"duplicate{i}", category="a")
                          for i, hour in enumerate(hours))])  # fmt: skip

    corpus_settings = CorpusSettings(test_share=0.1, min_validation_tickets=200)
    snapshot = build_snapshot(database, settings.model_copy(update={"corpus": corpus_settings}))

    in_train = [f"duplicate{i}" for i in range(6)]
    assert duplicates_by_part(snapshot) == {"train": in_train, "validation": [], "test": ["duplicate7"]}
    assert snapshot.manifest["groups_in_train_and_test"] == [8]
    assert snapshot.manifest["too_new_left_out"] == 1
    misplaced = snapshot.manifest["time_order"]
    assert [misplaced["newer_in_train"], misplaced["newer_in_validation"], misplaced["older_in_test"]] == [0, 0, 0]


def test_first_tickets_of_a_department_are_left_out_with_a_warning(database, settings, prepare, caplog):
    new = [make_ticket(60 + i, f"{THINGS[i]} {THINGS[i + 5]}", category="new department") for i in range(3)]
    template = [
        make_ticket(70 + i, f"Please delete my account and all that you know about me, number {i}", category="privacy")
        for i in range(6)
    ]
    prepare([*corpus(), *new, *template])

    manifest = build_snapshot(database, settings).manifest

    assert manifest["categories_too_small"] == {
        "new department": {"tickets": 3, "groups": 3},
        "privacy": {"tickets": 6, "groups": 1},
    }
    assert set(manifest["labels"]) == {"a", "b", "c"}
    assert sum(manifest["tickets"].values()) == 48
    assert "'new department' (3 tickets" in caplog.text
    assert "'privacy' (6 tickets" in caplog.text


def test_same_tickets_give_the_same_snapshot_without_rewriting_files(database, settings, prepare):
    prepare(corpus())
    first = build_snapshot(database, settings)
    before = {path: path.stat().st_mtime_ns for path in [first.path, *first.path.iterdir()]}

    second = build_snapshot(database, settings)

    assert second == first
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [path.name for path in first.path.parent.iterdir()] == [first.snapshot_id]
    assert len(list(first.path.iterdir())) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"max_held_out_tickets": 4},
        {"test_share": 0.2},
        {"leave_out_categories": ("c",)},
        {"near_duplicate_threshold": 0.9},
    ],
)
def test_other_settings_give_another_snapshot(database, settings, prepare, changes):
    prepare(corpus())
    first = build_snapshot(database, settings)

    second = build_snapshot(database, settings.model_copy(update={"corpus": CorpusSettings(**changes)}))

    assert second.snapshot_id != first.snapshot_id
    assert first.path.is_dir()


def test_changed_reply_gives_another_snapshot_and_the_first_is_kept(database, settings, prepare):
    tickets = corpus()
    prepare(tickets)
    first = build_snapshot(database, settings)

    prepare([replace(tickets[1], reply="It is solved.", revision=2, updated_at=START + timedelta(days=9))])
    second = build_snapshot(database, settings)

    assert second.snapshot_id != first.snapshot_id
    assert "It is solved." in [record.output for part in PARTS for record in second.records(part)]
    assert find_snapshot(database, settings, first.snapshot_id) == first


def test_only_old_folders_of_unfinished_builds_are_removed(database, settings, prepare):
    prepare(corpus())
    folders = [settings.home / "snapshots" / f"{module._BUILDING}{name}" for name in ("killed", "still-building")]
    for folder in folders:
        folder.mkdir(parents=True)
    long_ago = time.time() - module._ABANDONED_SECONDS - 60
    os.utime(folders[0], (long_ago, long_ago))

    build_snapshot(database, settings)

    assert [folder.exists() for folder in folders] == [False, True]


def test_categories_can_be_left_out(database, settings, prepare):
    prepare(corpus())

    manifest = build_snapshot(
        database, settings.model_copy(update={"corpus": CorpusSettings(leave_out_categories=("c",))})
    ).manifest

    assert set(manifest["labels"]) == {"a", "b"}
    assert manifest["tickets_left_out"]["category_left_out"] == 16


def test_tickets_scrubbed_by_an_older_scrubber_are_excluded(database, settings, prepare):
    prepare(corpus())
    with database.begin() as conn:
        conn.execute(
            "UPDATE ticketing.clean_ticket SET scrubber_version = 'old', scrubbed_at = %s WHERE ticket_id < 't0010'",
            (START,),
        )

    manifest = build_snapshot(database, settings).manifest

    assert sum(manifest["tickets"].values()) == 38
    assert manifest["tickets_left_out"]["older_scrubber"] == 10


def test_snapshot_is_found_by_id_and_the_newest_without_an_id(database, settings, prepare):
    prepare(corpus())
    first = build_snapshot(database, settings)
    prepare(corpus(60)[48:])
    second = build_snapshot(database, settings)

    assert find_snapshot(database, settings, first.snapshot_id) == first
    assert find_snapshot(database, settings, None) == second
    with pytest.raises(CorpusError, match="'no-such-id'"):
        find_snapshot(database, settings, "no-such-id")


def test_snapshot_is_found_after_the_home_was_moved(database, settings, prepare, tmp_path):
    prepare(corpus())
    snapshot = build_snapshot(database, settings)
    shutil.copytree(settings.home / "snapshots", tmp_path / "moved" / "snapshots")
    shutil.rmtree(settings.home / "snapshots")

    moved = find_snapshot(database, settings.model_copy(update={"home": tmp_path / "moved"}), None)

    assert moved.manifest == snapshot.manifest


def test_no_tickets_raise_an_error_and_leave_no_files(database, settings):
    with pytest.raises(CorpusError, match="There is no snapshot yet"):
        find_snapshot(database, settings, None)
    with pytest.raises(CorpusError, match="No ticket with a category"):
        build_snapshot(database, settings)
    assert list((settings.home / "snapshots").iterdir()) == []


@pytest.mark.parametrize("damage", ["test.parquet", "manifest.json"])
def test_damaged_or_incomplete_snapshot_is_refused(database, settings, prepare, damage):
    prepare(corpus())
    snapshot = build_snapshot(database, settings)
    (snapshot.path / damage).write_bytes((snapshot.path / damage).read_bytes()[:-7])

    with pytest.raises(CorpusError, match="remove the folder"):
        Snapshot.load(snapshot.path)
    (snapshot.path / damage).unlink()
    with pytest.raises(CorpusError, match="remove the folder"):
        find_snapshot(database, settings, None)


def test_full_disk_raises_an_error_and_no_file_is_left(database, settings, prepare, monkeypatch):
    prepare(corpus())
    parquet_writer = pq.ParquetWriter

    def writer_on_a_full_disk(path, schema):
        return parquet_writer("/dev/full" if path.name == "validation.parquet" else path, schema)

    monkeypatch.setattr(module.pq, "ParquetWriter", writer_on_a_full_disk)
    with pytest.raises(CorpusError, match=os.strerror(errno.ENOSPC)):
        build_snapshot(database, settings)

    assert list((settings.home / "snapshots").iterdir()) == []
    with pytest.raises(CorpusError, match="no snapshot yet"):
        find_snapshot(database, settings, None)


def test_folder_that_cannot_be_created_raises_an_error(database, settings):
    (settings.home / "snapshots").write_text("a file where the folder should be")

    with pytest.raises(CorpusError, match="TICKETING_HOME"):
        build_snapshot(database, settings)


def test_snapshot_is_read_in_batches_and_sampled_by_category(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_ROWS", 7)
    records = [replace(answered_ticket(i), category="rare" if i < 5 else "common") for i in range(60)]
    snapshot = make_snapshot(tmp_path / "made", records)

    assert list(snapshot.iterate("train")) == snapshot.records("train") == records
    drawn = snapshot.sample("train", 20)
    assert len(drawn) == 20
    assert [record for record in drawn if record.category == "rare"] == records[:5]
    assert drawn == [record for record in records if record in drawn]
    assert snapshot.sample("train", 20) == drawn
    assert snapshot.sample("train", 100) == records
    assert snapshot.sample("test", 5) == []


def test_no_value_of_the_vault_is_in_a_snapshot(database, settings, prepare):
    prepare(corpus())

    snapshot = build_snapshot(database, settings)

    everything = " ".join(str(record) for part in PARTS for record in snapshot.records(part))
    assert "<ORDER_ID_1>" in everything
    assert not [number for number in range(48) if f"#{100000 + number}" in everything]
