"""The label audit finds tickets in a wrong category; the texts of the categories are easy to tell apart."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation import label_audit
from models.evaluation.label_audit import audited_tickets, suspects
from tests.models.small_corpus import answered_ticket, make_snapshot

TEXTS = {
    "logistics": "the parcel number {} of the courier is late at the depot",
    "payment": "the invoice number {} of my card was charged too much",
    "account": "my password number {} for the login page does not work",
}


class ConstantEncoder:
    """A fake encoder with the same vector for all texts, so that the audit can use only the words."""

    def embed(self, texts):
        return np.zeros((len(texts), 4), dtype=np.float32)


def tickets(count):
    categories = list(TEXTS)
    return [
        replace(answered_ticket(i), category=categories[i % 3], text=TEXTS[categories[i % 3]].format(i))
        for i in range(count)
    ]


def test_tickets_with_wrong_labels_are_listed_first_with_their_true_category():
    records = tickets(150)
    for i in (10, 50, 90):
        records[i] = replace(records[i], category="payment" if i % 3 != 1 else "account")
    found = suspects(records, ConstantEncoder())
    assert {suspect.ticket_id for suspect in found[:3]} == {records[i].ticket_id for i in (10, 50, 90)}
    true_categories = {record.ticket_id: record.category for record in tickets(150)}
    assert all(suspect.suggested == true_categories[suspect.ticket_id] for suspect in found[:3])
    assert found == sorted(found, key=lambda suspect: suspect.quality)


@pytest.mark.parametrize("count", [90])
def test_tickets_with_correct_labels_are_not_listed(count):
    assert suspects(tickets(count), ConstantEncoder()) == []


def test_large_snapshot_is_audited_on_a_sample_with_its_rare_categories(tmp_path, monkeypatch):
    monkeypatch.setattr(label_audit, "MAX_TICKETS", 30)
    rare = [replace(answered_ticket(900 + i), category="praise") for i in range(4)]
    snapshot = make_snapshot(tmp_path / "snapshot", [*tickets(100), *rare], tickets(20), tickets(30))
    sample = audited_tickets(snapshot)
    assert 30 <= len(sample) <= 32
    assert sum(ticket.category == "praise" for ticket in sample) >= 2
    small = make_snapshot(tmp_path / "small", tickets(10), tickets(5), tickets(6))
    assert len(audited_tickets(small)) == 21
