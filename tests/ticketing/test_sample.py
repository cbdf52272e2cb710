"""The sample shop: what it promises, and that it is no toy."""

from collections import Counter

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from ticketing.corpus.duplicates import near_duplicate_groups
from ticketing.sample import generate_tickets
from ticketing.sample.people import ID_WEIGHTS


@pytest.fixture(scope="module")
def sample():
    return list(generate_tickets(seed=0))


@pytest.fixture(scope="module")
def history(sample):
    return [one for one in sample if one.role == "history"]


def test_the_same_seed_gives_the_same_shop_and_another_seed_another(sample):
    assert list(generate_tickets(seed=0)) == sample
    bodies = [[one.ticket.body for one in generate_tickets(seed, history=50, incoming=5)] for seed in (0, 1)]
    assert bodies[0] != bodies[1]


def test_there_is_history_with_replies_and_new_tickets_without(sample, history):
    new = [one for one in sample if one.role == "incoming"]
    assert (len(history), len(new)) == (3000, 300)
    assert all(one.ticket.category and one.ticket.reply and one.ticket.replied_at for one in history)
    assert not any(one.ticket.category or one.ticket.reply for one in new)
    newest = [one for one in new if "I already wrote" not in one.ticket.body]
    assert min(one.ticket.created_at for one in newest) > sorted(one.ticket.created_at for one in history)[-100]


def test_six_departments_and_two_languages_are_all_well_represented(history):
    assert set(Counter(one.true_category for one in history)) == {
        "logistics", "after_sales", "complaint", "payment", "account", "product_question",
    }  # fmt: skip
    assert min(Counter(one.true_category for one in history).values()) > 200
    assert 0.25 < Counter(one.ticket.language for one in history)["zh"] / len(history) < 0.45


def test_about_one_label_in_two_hundred_is_wrong(history):
    wrong = sum(one.ticket.category != one.true_category for one in history) / len(history)
    assert 0.002 < wrong < 0.01


def test_the_true_spans_hold_what_their_kind_says(sample):
    kinds = Counter()
    for one in sample:
        for field, spans in one.spans.items():
            text = getattr(one.ticket, field) or ""
            for span in spans:
                value = text[span.start : span.end]
                kinds[span.kind] += 1
                assert value and value == value.strip()
                if span.kind == "EMAIL_ADDRESS":
                    assert "@" in value
                if span.kind == "CN_ID_CARD":
                    total = sum(int(digit) * weight for digit, weight in zip(value[:17], ID_WEIGHTS, strict=True))
                    assert value[17] == "10X98765432"[total % 11]
                if span.kind == "CREDIT_CARD":
                    digits = [int(digit) for digit in value if digit.isdigit()]
                    assert sum(d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0
    assert set(kinds) == {
        "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "ADDRESS", "ORDER_ID", "TRACKING_ID", "CREDIT_CARD", "IBAN_CODE",
        "CN_ID_CARD", "USERNAME", "IM_ID",
    }  # fmt: skip
    assert min(kinds.values()) > 20


def test_replies_use_the_order_number_of_their_ticket(history):
    named = 0
    for one in history:
        orders = {one.ticket.body[s.start : s.end] for s in one.spans["body"] if s.kind == "ORDER_ID"}
        for span in one.spans["reply"]:
            if span.kind == "ORDER_ID":
                named += 1
                assert one.ticket.reply[span.start : span.end] in orders
    assert named > len(history) * 0.6


def test_bags_of_words_do_not_solve_it(history):
    groups = near_duplicate_groups([one.ticket.body for one in history], 0.8)
    first = {}
    for one, group in zip(history, groups, strict=True):
        first[group] = min(first.get(group, one.ticket.created_at), one.ticket.created_at)
    cut = sorted(first.values())[int(0.9 * len(first))]
    train = [one for one, group in zip(history, groups, strict=True) if first[group] < cut]
    test = [one for one, group in zip(history, groups, strict=True) if first[group] >= cut]
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, max_features=20_000),
        ),
        LogisticRegression(C=10, max_iter=300),
    )

    def texts(chosen):
        return [f"{one.ticket.subject}\n{one.ticket.body}" for one in chosen]

    model.fit(texts(train), [one.ticket.category for one in train])
    accuracy = model.score(texts(test), [one.ticket.category for one in test])

    assert len(test) > 150
    assert 0.6 < accuracy < 0.95
