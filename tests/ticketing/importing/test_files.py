import csv
import json
import tracemalloc
from datetime import UTC, datetime
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.errors import InputError
from ticketing.importing.fields import RawRow, RefusedRow
from ticketing.importing.files import MAX_FIELD_CHARS, read_file


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, mapping=None, role="incoming"):
    return list(read_file(path, mapping, role))


def accepted(rows):
    """Line number and body of each accepted row."""
    return [(row.line_number, row.values["body"]) for row in rows if isinstance(row, RawRow)]


def refused(rows):
    """Line number and kind of error of each refused row."""
    return [(row.line_number, row.kind) for row in rows if isinstance(row, RefusedRow)]


def test_csv_rows_have_the_number_of_their_first_line(tmp_path):
    path = write(tmp_path / "f.csv", 'id,body\r\n1,"two\r\nlines"\r\n\r\n2,one\r\n')

    assert accepted(read(path)) == [(2, "two\r\nlines"), (5, "one")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_delimiter_is_taken_from_the_header_and_a_byte_order_mark_is_skipped(tmp_path, delimiter, bom):
    path = write(tmp_path / "f.csv", bom + f"body{delimiter} category\nhello{delimiter}greeting\n".encode())

    assert read(path) == [RawRow(2, {"body": "hello", "category": "greeting"})]


def test_only_rows_with_broken_utf_8_are_refused(tmp_path):
    path = write(tmp_path / "f.csv", b"body,category\na,b\nx\xff,y\nc,d\n")

    rows = read(path)

    assert accepted(rows) == [(2, "a"), (4, "c")]
    assert refused(rows) == [(3, "broken UTF-8")]


def test_rows_with_too_few_or_too_many_columns_are_refused(tmp_path):
    path = write(tmp_path / "f.csv", "body,category\na,b\nc\nd,e,f\ng,h\n")

    rows = read(path)

    assert accepted(rows) == [(2, "a"), (5, "g")]
    assert refused(rows) == [(3, "wrong number of columns"), (4, "wrong number of columns")]


def test_only_rows_with_wrong_quotes_are_refused(tmp_path):
    path = write(tmp_path / "f.csv", 'body,category\n"he said "hi" there",a\nfine,b\n')

    rows = read(path)

    assert refused(rows) == [(2, "wrong quotes")]
    assert accepted(rows) == [(3, "fine")]


def test_reason_for_refusing_an_unclosed_quote_names_all_lines_after_the_quote(tmp_path):
    path = write(tmp_path / "f.csv", 'body,category\na,b\n"c,d\ne,f\n')

    rows = read(path)

    assert accepted(rows) == [(2, "a")]
    assert refused(rows) == [(3, "wrong quotes")]
    assert "lines 3 to 4" in rows[1].reason


def test_oversized_field_is_refused_and_its_lines_do_not_become_rows(tmp_path):
    oversized = "Hello,greeting\n" * (MAX_FIELD_CHARS // 15 + 1000)
    path = write(tmp_path / "f.csv", f'body,category\na,b\n"{oversized}",c\nd,e\n')

    rows = read(path)

    assert accepted(rows)[0] == (2, "a")
    assert [body for _, body in accepted(rows)] == ["a", "d"]
    assert refused(rows) == [(3, "field too long")]


def test_body_of_one_megabyte_is_read_completely(tmp_path):
    path = write(tmp_path / "f.csv", f"body\n{'x' * 2**20}\n")

    assert [len(body) for _, body in accepted(read(path))] == [2**20]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", "", "is empty"),
        ("f.csv", "\n\n", "is empty"),
        ("f.csv", "body,category\n", "no rows"),
        ("f.csv", "text,category\na,b\n", "no column 'body'.*text, category"),
        ("f.csv", "body,body\na,b\n", "more than one column"),
        ("f.csv", "body\na\n".encode("utf-16"), "not UTF-8"),
        ("f.csv", b"\xb1\xea\xcc\xe2,body\na,b\n", "not UTF-8"),
        ("f.csv", 'bo"dy"x,"a"b\n1,2\n', "not a CSV header"),
        ("f.jsonl", "", "is empty"),
        ("f.jsonl", "\n", "no rows"),
        ("f.jsonl", '{"text": "a"}\n', "no column 'body'.*text"),
        ("f.parquet", "PAR1 but not a Parquet file", "can't be read as Parquet"),
        ("f.parquet", "", "is empty"),
        ("f.xlsx", "a", "only .csv, .tsv, .jsonl, .ndjson, .parquet"),
        ("f", "a", "files of the kind ''"),
    ],
)
def test_unusable_file_is_refused_with_the_reason(tmp_path, name, content, message):
    path = write(tmp_path / name, content)

    with pytest.raises(InputError, match=message):
        read(path)


def test_missing_file_and_folder_are_refused_before_any_row_is_read(tmp_path):
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(InputError, match="There is no file"):
        read_file(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is not a file"):
        read_file(tmp_path / "folder.csv")


def test_file_with_a_line_that_is_too_long_is_refused(tmp_path):
    path = write(tmp_path / "f.jsonl", b"x" * (2**26 + 1))

    with pytest.raises(InputError, match=r"line 1 is longer .* text file"):
        read(path)


def test_only_json_lines_that_are_not_objects_are_refused(tmp_path):
    path = write(
        tmp_path / "f.jsonl",
        b'{"body": "a"}\n{"body": \n\n[1]\n{"body": "\xff"}\n{"body": "b", "category": null}\n',
    )

    rows = read(path)

    assert accepted(rows) == [(1, "a"), (6, "b")]
    assert refused(rows) == [(2, "not JSON"), (4, "not a JSON object"), (5, "broken UTF-8")]


def test_mapped_key_may_be_missing_in_some_json_rows_but_not_in_all(tmp_path):
    path = write(tmp_path / "f.ndjson", '{"text": "a"}\n{"text": "b", "answer": "c"}\n')

    assert [row.values for row in read(path, {"body": "text", "reply": "answer"})] == [
        {"body": "a"},
        {"body": "b", "reply": "c"},
    ]
    with pytest.raises(InputError, match="no column 'reponse'"):
        read(path, {"body": "text", "reply": "reponse"})


def test_parquet_values_keep_their_types_and_the_line_number_is_the_row_number(tmp_path):
    path = tmp_path / "f.parquet"
    table = pa.table(
        {
            "ticket_id": pa.array([1, 2], pa.int64()),
            "text": pa.array(["a", None], pa.large_string()),
            "category": pa.array(["x", "x"]).dictionary_encode(),
            "created_at": pa.array([1714550400_000000001, None], pa.timestamp("ns", tz="Europe/Berlin")),
            "unused": pa.array([[1], [2]]),
        }
    )
    pq.write_table(table, path)

    assert read(path, {"body": "text"}, "history") == [
        RawRow(1, {"ticket_id": 1, "created_at": datetime(2024, 5, 1, 8, tzinfo=UTC), "body": "a", "category": "x"}),
        RawRow(2, {"ticket_id": 2, "created_at": None, "body": None, "category": "x"}),
    ]


def test_only_parquet_rows_with_values_that_python_cannot_represent_are_refused(tmp_path):
    path = tmp_path / "f.parquet"
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )
    times = pa.array([0, 2**62], pa.timestamp("us"))  # The second time is after the year 9999.
    pq.write_table(pa.table({"body": broken}), path)
    assert refused(read(path)) == [(2, "broken UTF-8")]

    pq.write_table(pa.table({"body": ["a", "b"], "created_at": times}), path)
    rows = read(path)
    assert refused(rows) == [(2, "created_at is out of range")]
    assert accepted(rows) == [(1, "a")]


def test_empty_and_truncated_parquet_files_are_refused(tmp_path):
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"body": pa.array([], pa.string())}), path)
    with pytest.raises(InputError, match="no rows"):
        read(path)

    pq.write_table(pa.table({"body": ["a"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="can't be read as Parquet"):
        read(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_one_hundred_thousand_rows_are_read_in_constant_memory(tmp_path, suffix):
    path = tmp_path / f"f.{suffix}"
    body = "x" * 200
    if suffix == "csv":
        write(path, "body,category\n" + f"{body},a\n" * 100_000)
    elif suffix == "jsonl":
        write(path, f'{{"body": "{body}", "category": "a"}}\n' * 100_000)
    else:
        pq.write_table(pa.table({"body": [body] * 100_000, "category": ["a"] * 100_000}), path)
    rows = read_file(path)
    first = next(rows)
    tracemalloc.start()
    try:
        count = sum(1 for _ in islice(rows, 20_000)) + 1
        tracemalloc.reset_peak()
        count += sum(1 for _ in rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert first.values["body"] == body
    assert count == 100_000
    assert peak < 2_000_000


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
tables = st.lists(st.tuples(texts, texts, texts), min_size=1)


@given(table=tables, delimiter=st.sampled_from(",;\t"), unix=st.booleans())
def test_any_text_is_read_from_csv_unchanged(tmp_path_factory, table, delimiter, unix):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        # If lines end with "\\n", Python's writer does not quote a single "\\r", which readers take for the end of a row.
        quoting = csv.QUOTE_ALL if unix else csv.QUOTE_MINIMAL
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n" if unix else "\r\n", quoting=quoting)
        writer.writerows([("subject", "body", "reply"), *table])

    rows = read(path)

    assert [(row.values["subject"], row.values["body"], row.values["reply"]) for row in rows] == table


@given(table=tables, escaped=st.booleans())
def test_any_text_is_read_from_json_lines_unchanged(tmp_path_factory, table, escaped):
    path = tmp_path_factory.mktemp("jsonl") / "f.jsonl"
    objects = [dict(zip(("subject", "body", "reply"), row, strict=True)) for row in table]
    path.write_text("".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in objects), encoding="utf-8")

    assert [row.values for row in read(path)] == objects


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_read_or_refused_without_another_error(tmp_path_factory, content):
    path = write(tmp_path_factory.mktemp("csv") / "f.csv", b"body,category\n" + content)

    try:
        rows = read(path)
    except InputError as error:
        assert "no rows" in str(error)
    else:
        assert all(isinstance(row, RawRow | RefusedRow) for row in rows)
        assert [row.line_number for row in rows] == sorted({row.line_number for row in rows})
