"""Tests of the search that the leak tests use: it finds a value in every file format and table that it must read."""

import base64
import gzip
import json
import pickle
import sqlite3
import zipfile
import zlib
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from tests.e2e.searching import Leak, leaks, leaks_in, texts_of_files, texts_of_tables
from tests.seed import add_clean, add_imported, pending_draft

VALUE = "quillon.vashtorre77@canary.example.com"
NAME = "欧阳奎伦·瓦什托雷"
CARD = "4539148803436467"


def parquet(path, value):
    # Many similar texts, so that compression hides them.
    rows = [{"text": f"My parcel {n} has not arrived. Write to {value}. " * 3} for n in range(200)]
    pq.write_table(pa.Table.from_pylist(rows), path / "train.parquet", compression="snappy")


def parquet_metadata(path, value):
    table = pa.table({"text": ["nothing"]}).replace_schema_metadata({"made of": value})
    pq.write_table(table, path / "train.parquet")


def in_sqlite(path, value, column="text"):
    with closing(sqlite3.connect(path / "prefect.db")) as connection:
        connection.execute(f"CREATE TABLE flow_run (id INTEGER, parameters {column})")
        connection.execute("INSERT INTO flow_run VALUES (1, ?)", (value,))
        connection.commit()


def sqlite_not_yet_checkpointed(path, value):
    """The row is only in the write-ahead log. Returns the connection, which the test closes."""
    connection = sqlite3.connect(path / "prefect.db")
    connection.execute("PRAGMA journal_mode = wal")
    in_sqlite(path, value)
    return connection  # while it is open, SQLite does not move the row from the log into the database file


def sqlite_compressed(path, value):
    in_sqlite(path, zlib.compress(json.dumps({"text": value}).encode()), "blob")


def sqlite_escaped(path, value):
    in_sqlite(path, json.dumps({"text": value}))


def sqlite_result(path, value):
    in_sqlite(path, json.dumps({"result": base64.b64encode(pickle.dumps(["a", value])).decode()}))


def stored_result(path, value):
    data = base64.b64encode(zlib.compress(pickle.dumps({"text": value}))).decode()
    (path / "0123456789abcdef").write_text(json.dumps({"metadata": {}, "result": data}))


def log(path, value):
    (path / "engine.log").write_text(f"12:00 INFO {value.upper()} was read\n")


def old_log(path, value):
    (path / "engine.log.1.gz").write_bytes(gzip.compress(f"INFO {value} was read\n".encode()))


def report(path, value):
    escaped = "".join(f"&#{ord(character)};" for character in value)
    (path / "evaluation.html").write_text(f"<p>{escaped}</p>")


def vocabulary(path, value):
    vocabulary = {"[PAD]": 0, "the": 1, value: 2}
    (path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))


def manifest(path, value):
    (path / "ticketing.json").write_text(json.dumps({"languages": ["en"], "note": value}, ensure_ascii=False))


def weights_header(path, value):
    save_file({"a": torch.zeros(2)}, path / "model.safetensors", metadata={"made of": value})


def archive(path, value):
    with zipfile.ZipFile(path / "checkpoint.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("state.json", json.dumps({"text": value}, ensure_ascii=False))


FILE_FORMATS = (
    parquet, parquet_metadata, in_sqlite, sqlite_not_yet_checkpointed, sqlite_compressed, sqlite_escaped, sqlite_result,
    stored_result, log, old_log, report, vocabulary, manifest, weights_header, archive,
)  # fmt: skip


@pytest.mark.parametrize("value", [VALUE, NAME, CARD])
@pytest.mark.parametrize("write_file", FILE_FORMATS)
def test_planted_value_is_found_in_every_file_format(tmp_path, write_file, value):
    folder = tmp_path / "home" / "somewhere"
    folder.mkdir(parents=True)
    open_connection = write_file(folder, value)

    found = leaks_in(texts_of_files(tmp_path / "home"), [VALUE, NAME, CARD])

    assert {leak.value for leak in found} == {value}
    assert all(leak.place.startswith("somewhere/") for leak in found)
    if open_connection is not None:
        open_connection.close()


def test_all_of_many_addresses_in_a_compressed_file_are_found(tmp_path):
    addresses = [f"jane.doe{n}@example.com" for n in range(71)]
    rows = [{"text": f"Where is my parcel? Please write to {address}, thank you."} for address in addresses]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet", compression="snappy")

    assert {leak.value for leak in leaks_in(texts_of_files(tmp_path), addresses)} == set(addresses)


@pytest.mark.parametrize("write_file", FILE_FORMATS)
def test_nothing_is_found_in_files_without_the_values(tmp_path, write_file):
    open_connection = write_file(tmp_path, "nobody at all")
    assert leaks_in(texts_of_files(tmp_path), [VALUE, NAME, CARD]) == []
    if open_connection is not None:
        open_connection.close()


def test_values_with_a_common_prefix_are_distinguished(tmp_path):
    values = ["Ann Lee", "Ann Leech", "Ann Lund", "44 20 7946", "44 20 7946 0999", "kettle"]
    for value in values:
        assert [leak.value for leak in leaks_in([("x", f"It was {value}, wasn't it?")], values)] == [value]


def test_digits_within_a_hash_are_not_a_card_number(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"hash": f"ab{CARD}cd"}))
    assert leaks_in(texts_of_files(tmp_path), [CARD]) == []


def test_vault_key_and_postgres_files_are_skipped_but_the_postgres_log_is_searched(tmp_path):
    (tmp_path / "postgres" / "base").mkdir(parents=True)
    for place in ("vault.key", "postgres/base/1", "postgres/log"):
        (tmp_path / place).write_text(VALUE)
    assert leaks_in(texts_of_files(tmp_path), [VALUE]) == [Leak(VALUE, "postgres/log")]


def test_all_table_columns_are_searched_except_those_that_may_hold_personal_data(database, tmp_path):
    pending_draft(database, "T1", body=f"Dear Ann, we wrote to {VALUE}.")
    with database.begin() as conn:
        add_imported(conn, "T2", body=f"Write to {VALUE}")
        add_clean(conn, "T2")
    assert leaks(tmp_path, database, [VALUE]) == []

    with database.begin(role=None) as conn:
        conn.execute("UPDATE ticketing.clean_ticket SET body = %s", (f"Write to {VALUE}",))
        conn.execute("UPDATE ticketing.model SET metrics = %s::jsonb", (json.dumps({"example": NAME}),))
        conn.execute(
            "INSERT INTO vault.entry (ticket_id, revision, content_id, placeholder, value, key_id)"
            " VALUES ('T2', 1, 'x', '<EMAIL_ADDRESS_1>', %s, 'none')",
            (VALUE.encode(),),
        )
    found = leaks_in(texts_of_tables(database), [VALUE, NAME, CARD])
    assert found == [
        Leak(VALUE, "ticketing.clean_ticket, body"),
        Leak(VALUE, "vault.entry, value"),
        Leak(NAME, "ticketing.model, metrics"),
    ]


@pytest.mark.parametrize(("values", "message"), [([], "no values to search for"), (["ann"], "fewer than 5 characters")])
def test_search_without_values_or_with_a_very_short_value_is_refused(values, message):
    with pytest.raises(AssertionError, match=message):
        leaks_in([], values)
