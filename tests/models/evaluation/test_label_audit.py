"""The audit finds wrong categories among right categories, on easily separable texts."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation import label_audit
from models.evaluation.label_audit import audited_tickets, suspects
from tests.models.small_corpus import answered_ticket, make_snapshot

ABOUT = {
    "logistics": "the parcel number {} of the courier is late at the depot",
    "payment": "the invoice number {} of my card was charged too much",
    "account": "my password number {} for the login page does not work",
}


class Blind:
    """A fake encoder with equal vectors for all texts, so that only the words separate them."""

    def embed(self, texts):
        return np.zeros((len(texts), 4), dtype=np.float32)


def tickets(count):
    names = list(ABOUT)
    return [
        replace(answered_ticket(i), category=names[i % 3], text=ABOUT[names[i % 3]].format(i)) for i in range(count)
    ]


def test_the_tickets_with_wrong_labels_are_listed_first_with_the_right_ones():
    records = tickets(150)
    for place in (10, 50, 90):
        records[place] = replace(records[place], category="payment" if place % 3 != 1 else "account")
    found = suspects(records, Blind())
    assert {one.ticket_id for one in found[:3]} == {records[place].ticket_id for place in (10, 50, 90)}
    right = {record.ticket_id: record.category for record in tickets(150)}
    assert all(one.suggested == right[one.ticket_id] for one in found[:3])
    assert found == sorted(found, key=lambda one: one.quality)


@pytest.mark.parametrize("count", [90])
def test_right_labels_are_not_listed(count):
    assert suspects(tickets(count), Blind()) == []


def test_large_snapshot_is_audited_on_a_sample_of_every_part_and_category(tmp_path, monkeypatch):
    monkeypatch.setattr(label_audit, "MAX_TICKETS", 30)
    rare = [replace(answered_ticket(900 + i), category="praise") for i in range(4)]
    snapshot = make_snapshot(tmp_path / "snapshot", [*tickets(100), *rare], tickets(20), tickets(30))
    chosen = audited_tickets(snapshot)
    assert 30 <= len(chosen) <= 32
    assert sum(one.category == "praise" for one in chosen) >= 2
    small = make_snapshot(tmp_path / "small", tickets(10), tickets(5), tickets(6))
    assert len(audited_tickets(small)) == 21
