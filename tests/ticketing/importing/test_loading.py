import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ticketing.errors import InputError, OutputError
from ticketing.importing.fields import RawRow, RefusedRow
from ticketing.importing.files import read_file
from ticketing.importing.loading import default_reject_path, import_tickets, load_sample

STORED = "SELECT * FROM ticketing.source_ticket ORDER BY updated_at, ticket_id"


@pytest.fixture
def load(database, settings, tmp_path):
    """A function that imports rows and returns the report."""

    def load(*rows, role="history", progress=None):
        numbered = [row if isinstance(row, RefusedRow) else RawRow(n, row) for n, row in enumerate(rows, start=1)]
        return import_tickets(database, numbered, role, settings, tmp_path / "rejects.jsonl", progress)

    return load


@pytest.fixture
def stored(database):
    """A function that returns the stored tickets, or some of their columns, in order of change."""

    def stored(*columns):
        with database.begin() as conn:
            rows = conn.execute(STORED).fetchall()
        return [tuple(row[column] for column in columns) for row in rows] if columns else rows

    return stored


def ticket(ticket_id="1", body="Where is it?", category="logistics", **values):
    return {"ticket_id": ticket_id, "body": body, "category": category, **values}


def counts(report):
    return report.read, report.new, report.changed, report.unchanged, report.repeated, report.refused_count


def test_rows_are_stored_as_tickets_in_the_order_of_the_file(load, stored):
    report = load(ticket("b", subject="Hi", reply="On its way."), ticket("a", language="EN", revision=4))

    assert counts(report) == (2, 2, 0, 0, 0, 0)
    assert stored("ticket_id", "revision", "language", "subject", "body", "category", "reply") == [
        ("b", 1, None, "Hi", "Where is it?", "logistics", "On its way."),
        ("a", 4, "en", "", "Where is it?", "logistics", None),
    ]


def test_importing_the_same_rows_again_changes_nothing(load, stored):
    rows = (ticket("a"), {"body": "no id", "category": "x"}, ticket("b", body="first"), ticket("b", body="second"))
    load(*rows)
    before = stored()

    report = load(*rows)

    assert counts(report) == (4, 0, 0, 3, 1, 0)
    assert stored() == before


def test_changed_content_becomes_a_new_revision_with_a_later_time(load, stored):
    load(ticket("a"), ticket("b"))
    before = stored("updated_at")

    report = load(ticket("a", body="Still not here."), ticket("b"))

    assert counts(report) == (2, 0, 1, 1, 0, 0)
    assert stored("ticket_id", "revision", "body") == [("b", 1, "Where is it?"), ("a", 2, "Still not here.")]
    assert stored("updated_at")[1] > max(before)


@pytest.mark.parametrize(
    ("given_revision", "stored_revision"),
    [(None, 6), (2, 6), (6, 6), (9, 9)],
    ids=["none", "smaller", "next", "greater"],
)
def test_revision_of_a_changed_ticket_always_increases(load, stored, given_revision, stored_revision):
    load(ticket(revision=5))

    load(ticket(body="changed", revision=given_revision))

    assert stored("revision") == [(stored_revision,)]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "x"},
        {"category": "x"},
        {"reply": "x"},
        {"language": "zh"},
        {"created_at": "2024-01-01"},
        {"replied_at": "2024-01-01"},
    ],
)
def test_change_of_any_stored_field_gives_a_new_revision(load, stored, change):
    load(ticket())

    assert load(ticket(**change)).changed == 1
    assert stored("revision") == [(2,)]


def test_last_row_with_the_same_id_is_stored(load, stored):
    report = load(ticket("a", body="1"), ticket("b"), ticket("a", body="2"), ticket("a", body="3"))

    assert counts(report) == (4, 2, 0, 0, 2, 0)
    assert stored("ticket_id", "revision", "body") == [("b", 1, "Where is it?"), ("a", 1, "3")]


def test_incoming_ticket_is_stored_without_category_and_reply(load, stored):
    report = load(ticket("a", reply="On its way."), ticket("b", category=None), role="incoming")

    assert (report.new, report.answers_dropped) == (2, 1)
    assert stored("ticket_id", "category", "reply") == [("a", None, None), ("b", None, None)]


def test_incoming_row_does_not_replace_an_answered_ticket(load, stored, tmp_path):
    load(ticket("a", reply="On its way."))
    before = stored()

    report = load(ticket("b"), ticket("a"), role="incoming")

    assert counts(report) == (2, 1, 0, 0, 0, 1)
    assert stored()[:1] == before
    assert json.loads((tmp_path / "rejects.jsonl").read_text())["line"] == 2


def test_incoming_ticket_becomes_historical_when_it_is_answered(load, stored):
    load(ticket("a"), role="incoming")

    assert load(ticket("a", reply="On its way.")).changed == 1
    assert stored("revision", "category", "reply") == [(2, "logistics", "On its way.")]


def test_refused_rows_are_counted_by_reason_and_listed_without_their_text(load, stored, tmp_path):
    secret = "Jane Doe, 5 Elm Street"
    report = load(
        ticket("a"),
        ticket("b", body=" ", subject=secret),
        ticket("c", language=secret),
        RefusedRow(9, "broken UTF-8", "broken UTF-8"),
        ticket("d", body=""),
    )

    rejects = (tmp_path / "rejects.jsonl").read_text()
    assert counts(report) == (5, 1, 0, 0, 0, 4)
    assert {kind: (refused.count, refused.first_lines) for kind, refused in report.refused.items()} == {
        "body is empty": (2, (2, 5)),
        "unknown language": (1, (3,)),
        "broken UTF-8": (1, (9,)),
    }
    assert [(row["line"], row["fields"]) for row in map(json.loads, rejects.splitlines())] == [
        (2, ["body"]),
        (3, ["language"]),
        (9, []),
        (5, ["body"]),
    ]
    assert "Jane" not in rejects
    assert "2 body is empty (lines 2, 5)" in report.sentence()
    assert "1 broken UTF-8 (line 9)" in report.sentence()
    assert str(tmp_path / "rejects.jsonl") in report.sentence()
    assert stored("ticket_id") == [("a",)]


def test_list_of_refused_rows_is_removed_when_no_row_is_refused(load, tmp_path):
    load(ticket(body=""))
    assert (tmp_path / "rejects.jsonl").exists()

    assert load(ticket()).rejects is None

    assert not (tmp_path / "rejects.jsonl").exists()


@pytest.mark.parametrize("content", ["", "my notes\n", '{"body": "a ticket"}\n', "[]\n"])
def test_list_of_refused_rows_never_overwrites_another_file(load, stored, tmp_path, content):
    (tmp_path / "rejects.jsonl").write_text(content)

    with pytest.raises(OutputError, match="choose another path"):
        load(ticket(), ticket(body=""))

    assert (tmp_path / "rejects.jsonl").read_text() == content
    assert stored() == []


def test_import_that_fails_midway_stores_nothing(database, settings, stored, tmp_path):
    def rows():
        yield RawRow(1, ticket("a"))
        yield RawRow(2, ticket("b", body=""))
        raise InputError("the file is damaged")

    with pytest.raises(InputError, match="damaged"):
        import_tickets(database, rows(), "history", settings, tmp_path / "rejects.jsonl")

    assert stored() == []
    assert list(tmp_path.glob("*rejects*")) == []


def test_import_after_a_killed_import_stores_each_ticket_once(database, settings, stored, tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(ticket(f"t{n}", body=f"body {n}")) + "\n" for n in range(20_000)))
    code = (
        "import sys, time, pathlib\n"
        "from ticketing.database import Database\n"
        "from ticketing.importing.files import read_file\n"
        "from ticketing.importing.loading import import_tickets\n"
        "from ticketing.settings import Settings\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "settings = Settings()\n"
        "progress = lambda rows: print(rows, flush=True)\n"
        "rejects = path.with_suffix('.r')\n"
        "import_tickets(Database.open(settings), read_file(path), 'history', settings, rejects, progress)\n"
    )
    environment = {**os.environ, "TICKETING_DATABASE_URL": settings.database_url.get_secret_value()}
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == "1000\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    after_kill = stored("ticket_id")
    # The killed run may still hold its lock for a moment, until the server notices that the connection is closed.
    report = import_tickets(database, read_file(path), "history", settings, tmp_path / "rejects.jsonl")

    assert after_kill in ([], [(f"t{n}",) for n in range(20_000)])
    assert report.new + report.unchanged == 20_000
    assert sorted(stored("ticket_id", "revision")) == sorted((f"t{n}", 1) for n in range(20_000))


def test_two_imports_at_the_same_time_run_one_after_the_other(settings, stored, tmp_path):
    for name in ("one", "two"):
        rows = [json.dumps(ticket(f"t{n}", body=f"body {n} of {name}")) for n in range(2_000)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows if name == "one" else rows[::-1]))
    code = (
        "import sys, pathlib\n"
        "from ticketing.database import Database\n"
        "from ticketing.importing.files import read_file\n"
        "from ticketing.importing.loading import import_tickets\n"
        "from ticketing.settings import Settings\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "settings = Settings()\n"
        "import_tickets(Database.open(settings), read_file(path), 'history', settings, path.with_suffix('.r'))\n"
    )
    environment = {**os.environ, "TICKETING_DATABASE_URL": settings.database_url.get_secret_value()}
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / f"{name}.jsonl")], env=environment)
        for name in ("one", "two")
    ]

    assert [run.wait() for run in runs] == [0, 0]
    assert {revision for (revision,) in stored("revision")} == {2}
    assert len({body.split(" of ")[1] for (body,) in stored("body")}) == 1


def test_progress_is_reported_every_thousand_rows_and_at_the_end(load):
    reported_counts = []

    load(*(ticket(str(n)) for n in range(2_500)), progress=reported_counts.append)

    assert reported_counts == [1000, 2000, 2500]


def test_report_of_an_import_without_rows_has_only_zeros(load):
    assert counts(load()) == (0, 0, 0, 0, 0, 0)


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
bodies = texts.filter(str.strip)
rows = st.fixed_dictionaries({"subject": texts, "body": bodies, "category": bodies, "reply": texts})


@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(rows, min_size=1, max_size=8), suffix=st.sampled_from(["csv", "jsonl"]))
def test_any_text_is_stored_unchanged_and_a_second_import_changes_nothing(
    database, settings, stored, tmp_path, table, suffix
):
    with database.begin(role=None) as conn:
        conn.execute("TRUNCATE ticketing.imported_ticket")
    path = tmp_path / f"f.{suffix}"
    numbered = [{"ticket_id": str(number), **row} for number, row in enumerate(table)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        if suffix == "csv":
            writer = csv.DictWriter(stream, list(numbered[0]))
            writer.writeheader()
            writer.writerows(numbered)
        else:
            stream.writelines(json.dumps(row) + "\n" for row in numbered)

    reports = [import_tickets(database, read_file(path), "history", settings, tmp_path / "r") for _ in range(2)]

    assert [(report.new, report.unchanged) for report in reports] == [(len(table), 0), (0, len(table))]
    assert stored("subject", "body", "category", "reply") == [
        (
            row["subject"] if row["subject"].strip() else "",
            row["body"],
            row["category"].strip(),
            row["reply"] if row["reply"].strip() else None,
        )
        for row in table
    ]


def test_all_real_tickets_are_imported(database, settings, stored, shared_data, tmp_path):
    path = shared_data / "bitext" / "tickets.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    mapping = {"body": "instruction", "reply": "response"}
    started = time.monotonic()

    report = import_tickets(database, read_file(path, mapping), "history", settings, tmp_path / "rejects.jsonl")

    print(f"{report.sentence()}; {report.read / (time.monotonic() - started):,.0f} rows/s")
    assert report.read == 4_514
    assert report.new + report.repeated == 4_514
    assert len(stored()) == report.new
    assert len({category for (category,) in stored("category")}) == 11


def test_sample_is_refused_if_there_are_other_tickets(database, settings, load, stored):
    load(ticket("T000001", body="Mine"))
    for seed in (0, 1):
        with pytest.raises(InputError, match="1 tickets in .* that are not this sample's, such as 'T000001'"):
            load_sample(database, seed, 30, 10, settings)
    assert stored("ticket_id", "body") == [("T000001", "Mine")]


def test_sample_with_another_seed_is_refused(database, settings, stored):
    load_sample(database, 0, 30, 10, settings)
    with pytest.raises(InputError, match="not this sample's"):
        load_sample(database, 1, 30, 10, settings)
    assert len(stored()) == 40


def test_default_path_of_the_list_of_refused_rows_is_next_to_the_file(tmp_path):
    assert default_reject_path(tmp_path / "f.csv") == tmp_path / "f.csv.rejects.jsonl"


def test_tickets_of_the_sample_shop_are_stored_only_once(database, settings, stored):
    first = load_sample(database, 0, 30, 10, settings)
    second = load_sample(database, 0, 30, 10, settings)

    assert counts(first) == (40, 40, 0, 0, 0, 0)
    assert counts(second) == (40, 0, 0, 40, 0, 0)
    assert sum(category is None for (category,) in stored("category")) == 10
