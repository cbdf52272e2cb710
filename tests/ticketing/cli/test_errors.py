"""Invalid input at the command line gives a message with advice and an exit code, and leaves no incomplete file."""

import json
import socket
import subprocess
import sys

import pytest

from tests.commands import SMALL_FINDER, environment, ticketing
from ticketing.sample import generate_tickets


@pytest.fixture
def run(settings, tmp_path):
    """A function that runs the command in a new process, with a small name finder."""
    env = environment(settings.home, TICKETING_DATABASE_URL=settings.database_url.get_secret_value(), **SMALL_FINDER)

    def call(*arguments, **changed):
        return ticketing({**env, **changed}, tmp_path, *arguments)

    return call


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:secret@127.0.0.1:1/x", "nothing listens there"),
        ("mysql://u:secret@127.0.0.1/x", "only Postgres works"),
        ("nonsense", "can't be read"),
    ],
)
def test_unusable_database_url_is_reported_without_the_password(refused, url, expected):
    message = refused("status", TICKETING_DATABASE_URL=url)
    assert expected in message
    assert "secret" not in message


def test_import_lists_refused_rows_and_ends_with_exit_code_3(run, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_bytes(b"body,category\nWhere is it?,logistics\n,logistics\nbroken \xff,payment\n")

    result = run("import", str(file))

    assert result.returncode == 3
    assert "1 new" in result.stdout
    lines = [json.loads(line) for line in (tmp_path / "tickets.csv.rejects.jsonl").read_text().splitlines()]
    assert [line["line"] for line in lines] == [3, 4]


def test_second_import_of_the_same_file_changes_nothing(command, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text("id,body,category\n1,Where is it?,logistics\n2,Pay me back,payment\n")
    arguments = ("import", "tickets.csv", "--map", "ticket_id=id")

    assert "2 new" in command(*arguments).stdout
    assert "0 new, 0 changed, 2 unchanged" in command(*arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("import", "missing.csv"), "There is no file"),
        (("import",), "Name either a FILE"),
        (("import", "x.csv", "--role", "other"), "--role is 'other'"),
        (("classify", "--input", "missing.jsonl", "--output", "o.jsonl"), "missing.jsonl"),
    ],
)
def test_wrong_arguments_are_refused(refused, arguments, expected, tmp_path):
    assert expected in refused(*arguments)
    assert not (tmp_path / "o.jsonl").exists()


def test_classifying_without_a_champion_raises_an_error(run, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "body": "Where is it?"}\n')
    result = run("classify", "--input", "in.jsonl", "--output", "out.jsonl")
    assert result.returncode == 1
    assert "No classifier has been promoted yet" in " ".join(result.stderr.split())
    assert not (tmp_path / "out.jsonl").exists()


def test_scrub_writes_the_scrubbed_text_and_the_spans_of_the_values_in_the_input(run, tmp_path):
    text = "Write to ann@example.com about SO-20260412337."
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "a", "text": text}) + "\n")

    result = run("scrub", "--input", "in.jsonl", "--output", "out.jsonl")

    assert result.returncode == 0, result.stderr
    scrubbed = json.loads((tmp_path / "out.jsonl").read_text())
    assert scrubbed["id"] == "a"
    assert "ann@example.com" not in scrubbed["text"]
    assert [text[start:end] for start, end, _ in scrubbed["spans"]] == ["ann@example.com", "SO-20260412337"]
    assert [kind for _, _, kind in scrubbed["spans"]] == ["EMAIL_ADDRESS", "ORDER_ID"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "x")] * 5, "20"),
        ([(f"ticket number {i} about things", "only") for i in range(30)], "have the category 'only'"),
    ],
)
def test_prepare_refuses_too_few_tickets_and_a_single_category(run, command, tmp_path, rows, expected):
    file = tmp_path / "tickets.csv"
    file.write_text("body,category\n" + "".join(f"{body} {i},{category}\n" for i, (body, category) in enumerate(rows)))
    assert command("import", str(file)).returncode == 0

    result = run("prepare", TICKETING_PREFECT__PORT="4297")

    assert result.returncode == 1
    assert expected in " ".join(result.stderr.split())
    assert "error: CorpusError" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("", (), "is empty"),
        ("text,category\nWhere is it?,logistics\n", (), "body"),
        ("body,category\nWhere is it?,logistics\n", ("--map", "body=text"), "text"),
    ],
)
def test_file_without_required_fields_is_refused(refused, tmp_path, content, arguments, expected):
    (tmp_path / "tickets.csv").write_text(content)
    assert expected in refused("import", "tickets.csv", *arguments)


def test_import_refuses_too_long_bodies_and_invalid_languages_and_keeps_other_rows(command, tmp_path):
    rows = [
        {"body": "a" * 1_000_000, "category": "logistics"},
        {"body": "Where is it?", "category": "logistics", "language": "no language at all"},
        {"body": "Where is mine?", "category": "logistics", "language": "tlh-Latn"},
        {"body": "Pay me back", "category": "payment"},
    ]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    result = command("import", "tickets.jsonl")

    assert result.returncode == 3
    refused = [json.loads(line) for line in (tmp_path / "tickets.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["fields"]) for row in refused] == [(1, ["body"]), (2, ["language"])]
    assert "body too long (1,000,000 characters" in refused[0]["reason"]
    assert "2 new, 0 changed" in result.stdout


def test_wrong_path_of_the_base_model_is_reported_and_no_model_is_registered(run, tmp_path, database):
    sample = [item.ticket for item in generate_tickets(history=200, incoming=0)]
    rows = "".join(json.dumps({"body": ticket.body, "category": ticket.category}) + "\n" for ticket in sample)
    (tmp_path / "tickets.jsonl").write_text(rows)
    assert run("import", "tickets.jsonl").returncode == 0
    assert run("prepare", TICKETING_PREFECT__PORT="4297").returncode == 0

    result = run("train", TICKETING_PREFECT__PORT="4297", TICKETING_CLASSIFIER__BASE_MODEL=str(tmp_path / "nothing"))

    assert result.returncode == 1
    assert "nothing holds no model" in " ".join(result.stderr.split())
    with database.begin() as conn:
        assert conn.execute("SELECT count(*) AS n FROM ticketing.model").fetchone()["n"] == 0


def test_port_that_is_in_use_is_reported(refused):
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", 0))
        other_program.listen()
        port = other_program.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is in use" in refused("up", TICKETING_PREFECT__PORT=str(port))


def test_command_imports_no_slow_library_at_the_start():
    """Starting is fast, and torch is imported only after `main` has set its environment variables."""
    slow_libraries = "{'torch', 'transformers', 'spacy', 'prefect', 'vllm'}"
    code = f"import sys, ticketing.cli; print(sorted({slow_libraries} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
