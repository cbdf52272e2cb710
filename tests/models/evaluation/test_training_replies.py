"""The sample of training replies: all replies of a small corpus, a stratified sample of a large corpus."""

from collections import Counter
from dataclasses import replace

import pytest

from models.evaluation.nearest_reply import nearest_replies
from models.evaluation.study_replies import retrieved_replies
from models.evaluation.training_replies import training_replies
from tests.models.small_corpus import answered_ticket, make_snapshot


@pytest.fixture
def snapshot(tmp_path):
    """200 English tickets, of which 40 have no reply, 8 of a rare category, and 10 Chinese ones."""
    records = [answered_ticket(i, reply=None if i % 5 == 0 else "") for i in range(200)]
    records += [replace(answered_ticket(200 + i), category="praise") for i in range(8)]
    records += [answered_ticket(300 + i, "zh") for i in range(10)]
    return make_snapshot(tmp_path / "snapshot", records)


def test_small_corpus_is_used_whole_and_in_order(snapshot):
    found = training_replies(snapshot)
    assert found.records == [record for record in snapshot.records("train") if record.output]
    assert found.available == len(found.records) == 178


def test_a_sample_keeps_small_languages_and_rare_categories(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 60)
    found = training_replies(snapshot)
    kept = Counter((record.language, record.category) for record in found.records)
    assert (len(found.records), found.available) == (60, 178)
    assert (kept["zh", "after-sales"], kept["en", "praise"]) == (10, 8)
    assert found == training_replies(snapshot)


def test_the_nearest_reply_is_searched_in_the_sample(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 60)
    sampled = {record.output for record in training_replies(snapshot).records}
    asked = [answered_ticket(i) for i in range(25)]
    assert set(nearest_replies(snapshot, asked)) <= sampled


def test_a_retrieved_reply_names_every_training_ticket_that_it_was_written_to(snapshot):
    asked = answered_ticket(1)
    [(_, body, sources)] = retrieved_replies(snapshot, [asked])
    same = [r.ticket_id for r in snapshot.records("train") if r.language == "en" and r.output == body]
    assert len(same) > 1
    assert sources == tuple(same)


def test_in_a_language_without_training_replies_nothing_is_retrieved(snapshot):
    [(_, body, sources)] = retrieved_replies(snapshot, [answered_ticket(1, "de")])
    assert (body, sources) == ("", ())
