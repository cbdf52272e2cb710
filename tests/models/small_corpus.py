"""Invented answered tickets, and snapshots that contain them."""

import pyarrow as pa
import pyarrow.parquet as pq

from ticketing.corpus.records import SCHEMA
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.settings import Settings
from ticketing.stages.prompts import PROMPT_VERSION, instruction

PRODUCTS = ("kettle", "rucksack", "desk lamp", "bicycle bell", "rain jacket")
PROBLEMS = ("has not arrived", "came with a crack", "has the wrong colour", "stopped working", "was charged twice")


def answered_ticket(number: int, language: str = "en", reply: str | None = "") -> Record:
    """A ticket with a reply that repeats the ticket's details. `reply` replaces this reply; None: no reply."""
    product, problem = PRODUCTS[number % 5], PROBLEMS[number // 5 % 5]
    text = f"My {product} <ORDER_ID_1> {problem}\nI ordered {number % 3 + 1} of them. Please help."
    if reply == "":
        reply = (
            f"Thank you for writing. We are sorry that the {product} of order <ORDER_ID_1> {problem}. We look into it."
        )
    return Record(
        ticket_id=f"t{number:05d}",
        language=language,
        category="after-sales",
        text=text,
        instruction=instruction("after-sales", language, Settings()),
        input=text,
        output=reply,
        group=number,
    )


def make_snapshot(folder, train, validation=(), test=(), snapshot_id="5afe") -> Snapshot:
    """A snapshot on disk with these records. The manifest contains only the id and the prompt version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in (("train", train), ("validation", validation), ("test", test)):
        rows = [{field: getattr(record, field) for field in SCHEMA.names} for record in records]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / f"{name}.parquet")
    return Snapshot(folder, {"snapshot_id": snapshot_id, "prompt_version": PROMPT_VERSION})
