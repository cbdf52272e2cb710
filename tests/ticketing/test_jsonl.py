import json
import re
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.errors import InputError, OutputError
from ticketing.jsonl import read_jsonl, writing_jsonl

REQUIRED = ("id", "body")


def write_lines(path, *rows):
    """Writes a line per row. A text is written as it is, every other row as JSON."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def test_rows_are_read_in_order_with_their_line_numbers(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", {"id": "b", "body": "x"}, "", {"id": 1, "body": "y", "subject": None})

    rows = list(read_jsonl(path, REQUIRED))

    assert [(row.line_number, row.values["id"]) for row in rows] == [(1, "b"), (3, 1)]


def test_one_error_lists_all_invalid_lines_before_any_row_is_read(tmp_path):
    path = write_lines(
        tmp_path / "in.jsonl",
        {"id": 1, "body": "fine"},
        "{",
        "[1]",
        {"id": 1},
        {"id": True, "body": "x"},
        {"id": 2, "body": ["secret"]},
        {"id": 3, "body": " "},
        {"id": 4, "body": "x", "language": 7},
    )

    with pytest.raises(InputError) as error:
        read_jsonl(path, REQUIRED)

    message = str(error.value)
    assert "7 of 8 lines" in message
    assert "line 2: not JSON" in message
    assert "line 3: not a JSON object" in message
    assert "line 4: 'body' is missing or empty" in message
    assert "line 5: 'id' is not a text" in message
    assert "line 6: 'body' is not a text" in message
    assert "and 2 more" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "has no rows"),
        (b'{"id": 1, "body": "\xff"}\n', "line 1: broken UTF-8"),
        (b'{"id": 1, "body": "\\ud800"}\n', "line 1: 'body' holds half"),
        (b'{"id": 1, "body": ' + b"[" * 100_000 + b"\n", "line 1: not"),
        (b'{"id": 1, "body": "' + b"x" * 51 + b'"}\n', "line 1: 'body' is too long (51 characters; the limit is 50)"),
    ],
)
def test_unusable_files_and_lines_are_refused_with_a_reason(tmp_path, content, message):
    path = tmp_path / "in.jsonl"
    path.write_bytes(content)

    with pytest.raises(InputError, match=re.escape(message)):
        read_jsonl(path, REQUIRED, max_chars=50)


def test_missing_file_and_folder_raise_errors(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*absent"):
        read_jsonl(tmp_path / "absent.jsonl", REQUIRED)
    with pytest.raises(InputError, match="is not a file"):
        read_jsonl(tmp_path, REQUIRED)


def test_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1, "body": "x"}\r\n')

    assert [row.values["id"] for row in read_jsonl(path, REQUIRED)] == [1]


def test_repr_of_a_row_shows_no_values():
    from ticketing.jsonl import JsonRow

    assert "Jane" not in repr(JsonRow(1, {"body": "I am Jane"}))


@given(texts=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_written_rows_are_read_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("jsonl") / "out.jsonl"

    with writing_jsonl(path) as write:
        for number, text in enumerate(texts):
            write({"id": number, "extra": text})

    assert [row.values["extra"] for row in read_jsonl(path, ("id",))] == texts


def test_failed_run_keeps_the_older_file_and_leaves_no_partial_file(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("older")

    with pytest.raises(RuntimeError), writing_jsonl(path) as write:
        write({"id": 1})
        raise RuntimeError

    assert path.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_killed_run_leaves_no_partial_file_under_the_final_name(tmp_path):
    path = tmp_path / "out.jsonl"
    code = (
        "import sys, time, pathlib\n"
        "from ticketing.jsonl import writing_jsonl\n"
        "with writing_jsonl(pathlib.Path(sys.argv[1])) as write:\n"
        "    for number in range(100_000): write({'id': number})\n"
        "    print('written', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert not path.exists()


def test_full_disk_raises_an_error_and_removes_the_partial_file(tmp_path):
    code = (
        "import resource, sys, pathlib, signal\n"
        "from ticketing.errors import OutputError\n"
        "from ticketing.jsonl import writing_jsonl\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    with writing_jsonl(pathlib.Path(sys.argv[1])) as write:\n"
        "        for number in range(int(sys.argv[2])): write({'id': number})\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    for rows in ("500", "10000"):  # 500 rows fail at the final flush, 10,000 rows fail in the middle
        result = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "out.jsonl"), rows], capture_output=True, text=True, check=True
        )
        assert "can't be written: File too large" in result.stdout
        assert not list(tmp_path.iterdir())


def test_unwritable_paths_raise_errors(tmp_path):
    with pytest.raises(OutputError, match="there is no folder .*/no"), writing_jsonl(tmp_path / "no" / "out.jsonl"):
        pass
    with pytest.raises(OutputError, match="is not a file"), writing_jsonl(tmp_path):
        pass


def test_numbers_that_json_cannot_represent_are_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"), writing_jsonl(tmp_path / "out.jsonl") as write:
        write({"confidence": float("nan")})
    assert not list(tmp_path.iterdir())
