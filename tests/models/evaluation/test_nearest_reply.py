"""The nearest-reply baseline: the reply to the most similar training ticket in the same language."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.nearest_reply import QUERIES_AT_ONCE, NearestReply
from tests.models.small_corpus import answered_ticket


def ticket(text, reply, language="en"):
    return replace(answered_ticket(0, language), input=text, output=reply)


TRAINING_TICKETS = [
    ticket("My parcel has not arrived", "It is on its way."),
    ticket("The invoice is wrong", "Here is a new one."),
    ticket("我的包裹还没有到", "包裹在路上。", "zh"),
    ticket("发票开错了", "已重新开具发票。", "zh"),
]


def test_the_reply_to_the_most_similar_ticket_is_found():
    found = NearestReply(TRAINING_TICKETS).replies(["parcels did not arive", "wrong invoices!"], ["en", "en"])

    assert found == ["It is on its way.", "Here is a new one."]


def test_chinese_without_spaces_is_compared_by_characters():
    assert NearestReply(TRAINING_TICKETS).replies(["发票有错误", "包裹没到"], ["zh", "zh"]) == [
        "已重新开具发票。",
        "包裹在路上。",
    ]


def test_only_tickets_of_the_same_language_are_searched():
    found = NearestReply(TRAINING_TICKETS).replies(["My parcel 包裹", "My parcel 包裹"], ["zh", "en"])

    assert found == ["包裹在路上。", "It is on its way."]


def test_language_without_training_replies_gives_an_empty_reply():
    nearest = NearestReply([*TRAINING_TICKETS, ticket("Wo ist mein Paket?", None, "de")])

    assert nearest.replies(["Wo ist mein Paket?"], ["de"]) == [""]


def test_replies_keep_the_order_of_the_questions_when_there_are_several_blocks():
    nearest = NearestReply([ticket(f"order number {n:04d}", f"reply {n:04d}") for n in range(QUERIES_AT_ONCE + 40)])
    questions = [f"order number {n:04d}" for n in reversed(range(QUERIES_AT_ONCE + 40))]

    found = nearest.replies(questions, ["en"] * len(questions))

    assert found == [f"reply {n:04d}" for n in reversed(range(QUERIES_AT_ONCE + 40))]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_text_gets_a_training_reply_in_its_language(texts):
    found = NearestReply(TRAINING_TICKETS).replies(texts, ["en"] * len(texts))

    assert len(found) == len(texts)
    assert set(found) <= {"It is on its way.", "Here is a new one."}
