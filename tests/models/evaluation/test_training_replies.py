"""The training replies that the evaluation uses: all of a small corpus, a stratified sample of a large corpus."""

from collections import Counter
from dataclasses import replace

import pytest

from models.evaluation.nearest_reply import nearest_replies
from models.evaluation.study_replies import retrieved_replies
from models.evaluation.training_replies import training_replies
from tests.models.small_corpus import answered_ticket, make_snapshot


@pytest.fixture
def snapshot(tmp_path):
    """208 English tickets, of which 40 have no reply and 8 have a rare category, and 10 Chinese tickets."""
    records = [answered_ticket(i, reply=None if i % 5 == 0 else "") for i in range(200)]
    records += [replace(answered_ticket(200 + i), category="praise") for i in range(8)]
    records += [answered_ticket(300 + i, "zh") for i in range(10)]
    return make_snapshot(tmp_path / "snapshot", records)


def test_all_replies_of_a_small_corpus_are_used_in_order(snapshot):
    found = training_replies(snapshot)
    assert found.records == [record for record in snapshot.records("train") if record.output]
    assert found.available == len(found.records) == 178


def test_sample_of_a_large_corpus_keeps_small_languages_and_rare_categories(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 60)
    found = training_replies(snapshot)
    counts = Counter((record.language, record.category) for record in found.records)
    assert (len(found.records), found.available) == (60, 178)
    assert (counts["zh", "after-sales"], counts["en", "praise"]) == (10, 8)
    assert found == training_replies(snapshot)


def test_nearest_replies_are_searched_only_in_the_sample(snapshot, monkeypatch):
    monkeypatch.setattr("models.evaluation.training_replies.MAX_REPLIES", 60)
    sampled = {record.output for record in training_replies(snapshot).records}
    questions = [answered_ticket(i) for i in range(25)]
    assert set(nearest_replies(snapshot, questions)) <= sampled


def test_sources_of_a_retrieved_reply_are_all_training_tickets_with_that_reply(snapshot):
    [(_, body, sources)] = retrieved_replies(snapshot, [answered_ticket(1)])
    same_reply = [
        record.ticket_id for record in snapshot.records("train") if record.language == "en" and record.output == body
    ]
    assert len(same_reply) > 1
    assert sources == tuple(same_reply)


def test_reply_in_a_language_without_training_replies_is_empty_and_has_no_sources(snapshot):
    [(_, body, sources)] = retrieved_replies(snapshot, [answered_ticket(1, "de")])
    assert (body, sources) == ("", ())
