"""`ticketing import` with a source view of the user, with time zones and with unwritable paths."""

import json

import pytest

from tests.faults.disk import small_disk
from tests.seed import rows

CSV = (
    "ticket_id,body,category,created_at\n1,Where is it?,logistics,2026-03-01 12:00\n2,Pay me back,payment,1767225600\n"
)


def replace_source_view(database):
    """Replaces the default source view with a view of the user, which shows no imported ticket."""
    time = "timestamp '2026-03-01 12:00'"
    with database.begin(role=None) as conn:
        conn.execute("DROP VIEW ticketing.source_ticket")
        conn.execute(
            "CREATE VIEW ticketing.source_ticket AS SELECT 'T1'::text AS ticket_id, 1 AS revision,"
            f" {time} AS created_at, {time} AS updated_at, 'en'::text AS language, ''::text AS subject,"
            " 'Hello'::text AS body, NULL::text AS category, NULL::text AS reply, NULL::timestamptz AS replied_at"
        )
        conn.execute("GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "tickets.csv").write_text(CSV)
    return tmp_path / "tickets.csv"


def imported(database):
    return rows(database, "SELECT ticket_id, created_at FROM ticketing.imported_ticket ORDER BY ticket_id")


@pytest.mark.parametrize("view", ["of the user", "none"])
def test_import_is_refused_until_the_source_view_shows_imported_tickets(
    command, refused, database, file, tmp_path, view
):
    replace_source_view(database)
    if view == "none":
        with database.begin(role=None) as conn:
            conn.execute("DROP VIEW ticketing.source_ticket")
    file.write_text(CSV + "3,,,\n")

    message = refused("import", "tickets.csv")

    assert "would never be read, so nothing was imported" in message and "'ticketing db restore-source'" in message
    assert imported(database) == []
    assert list(tmp_path.glob("*rejects*")) == []

    with database.begin(role=None) as conn:  # what the message advises
        conn.execute("DROP VIEW IF EXISTS ticketing.source_ticket")
    assert command("db", "restore-source").returncode == 0
    assert "2 new" in command("import", "tickets.csv").stdout
    with database.begin() as conn:
        assert conn.execute("SELECT count(*) AS n FROM ticketing.source_ticket").fetchone() == {"n": 2}


def test_import_is_accepted_if_a_view_of_the_user_shows_imported_tickets(command, database, file):
    with database.begin(role=None) as conn:
        conn.execute("CREATE OR REPLACE VIEW ticketing.source_ticket AS SELECT * FROM ticketing.imported_ticket")
    assert "2 new" in command("import", "tickets.csv").stdout


def test_restore_source_never_replaces_a_view(refused, database):
    replace_source_view(database)
    assert "There is already a view ticketing.source_ticket, and it was not changed" in refused("db", "restore-source")
    assert rows(database, "SELECT body FROM ticketing.source_ticket") == [{"body": "Hello"}]


def test_error_for_a_missing_source_view_names_the_command_that_restores_the_view(command, refused, database):
    with database.begin(role=None) as conn:
        conn.execute("DROP VIEW ticketing.source_ticket")
    assert "'ticketing doctor' says which" in refused("status")
    output = " ".join(command("doctor").stdout.split())
    assert "There is no view ticketing.source_ticket" in output and "'ticketing db restore-source'" in output
    assert command("db", "restore-source").returncode == 0
    assert command("status").returncode == 0


def test_timestamps_without_a_zone_are_counted_and_read_in_the_configured_zone(command, database, file):
    result = command("import", "tickets.csv", columns=200)
    assert "1 time stamps without a time zone read as UTC (--timezone)" in result.stdout
    assert [f"{row['created_at']:%d %H:%M}" for row in imported(database)] == ["01 12:00", "01 00:00"]

    berlin = command("import", "tickets.csv", columns=200, TICKETING_IMPORTING__TIMEZONE="Europe/Berlin")
    assert "0 new, 1 changed, 1 unchanged, 1 time stamps without a time zone read as Europe/Berlin" in berlin.stdout
    assert f"{imported(database)[0]['created_at']:%d %H:%M}" == "01 11:00"

    tokyo = command("import", "tickets.csv", "--timezone", "Asia/Tokyo", columns=200)
    assert "read as Asia/Tokyo" in tokyo.stdout
    assert f"{imported(database)[0]['created_at']:%d %H:%M}" == "01 03:00"


def test_unknown_time_zone_is_refused(refused, file):
    assert "--timezone 'Mars' is not a time zone" in refused("import", "tickets.csv", "--timezone", "Mars")


def test_doctor_names_the_source_columns_without_a_time_zone(command, database):
    replace_source_view(database)
    output = " ".join(command("doctor").stdout.split())
    assert "created_at, updated_at in ticketing.source_ticket have no time zone and are read as UTC" in output
    assert "created_at AT TIME ZONE" in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("import", "."), "is not a file"),
        (("import", "x" * 300), "can't be read: File name too long"),
        (("import", "tickets.csv", "--rejects", "folder"), "folder is not a file"),
        (("import", "tickets.csv", "--rejects", "none/rejects.jsonl"), "there is no folder"),
        (("scrub", "--input", ".", "--output", "o.jsonl"), "is not a file"),
        (("scrub", "--input", "texts.jsonl", "--output", "folder"), "folder is not a file"),
        (("scrub", "--input", "texts.jsonl", "--output", "none/o.jsonl"), "there is no folder"),
        (("scrub", "--input", "texts.jsonl", "--output", "/proc/o.jsonl"), "/proc/o.jsonl can't be written"),
        (("reply", "--input", "bodies.jsonl", "--output", "o.jsonl"), "No classifier has been promoted yet"),
        (("draft",), "No classifier has been promoted yet"),
        (("privacy", "report", "--input", "."), "is not a file"),
        (("labels", "audit", "--output", "none/o.csv"), "there is no folder"),
        (("labels", "audit", "--output", "folder"), "folder is not a file"),
        (("labels", "audit", "--snapshot", "none"), "There is no snapshot 'none'"),
        (("train", "--snapshot", "none"), "There is no snapshot 'none'"),
        (("evaluate", "--classifier", "none"), "There is no model 'none'"),
        (("models", "show", "classifier-1"), "There is no model 'classifier-1'"),
        (("study", "create", "--candidate", "none"), "There is no model 'none'"),
        (("study", "results", "99"), "There is no study 99"),
        (("review", "show", "999999"), "Draft 999999 is not waiting for a decision"),
        (("review", "approve", "999999"), "There is no draft 999999; nothing changed"),
    ],
)
def test_invalid_paths_and_unknown_ids_are_refused_and_nothing_is_written(
    refused, database, file, tmp_path, arguments, expected
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "texts.jsonl").write_text('{"id": 1, "text": "Hello"}\n')
    (tmp_path / "bodies.jsonl").write_text('{"id": 1, "body": "Hello"}\n')
    file.write_text(CSV + "3,,,\n")
    before = set(tmp_path.iterdir())

    assert expected in refused(*arguments)

    assert set(tmp_path.iterdir()) == before
    assert imported(database) == []


def test_draft_id_that_is_too_large_is_a_usage_error(command):
    result = command("review", "approve", str(2**63))
    assert result.returncode == 2
    assert "Invalid value for 'draft_id'" in " ".join(result.stderr.split())


def test_import_is_rolled_back_if_the_disk_of_the_reject_file_is_full(refused, database, tmp_path):
    with small_disk(tmp_path / "disk", 1):
        lines = [{"body": "Where is it?", "category": "x"}] + [{"body": "", "category": "x"} for _ in range(20_000)]
        (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert "No space left" in refused("import", "tickets.jsonl", "--rejects", "disk/rejects.jsonl")
        assert list((tmp_path / "disk").iterdir()) == []
    assert imported(database) == []
