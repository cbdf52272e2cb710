"""The sample shop: labels, spans, decisions, and the variety of its tickets."""

import re
from collections import Counter

import pytest

from ticketing.sample import chinese, english, generate_tickets
from ticketing.sample.details import PRODUCTS
from ticketing.sample.intents import ASK_DATE, ASK_ORDER_NUMBER, CHECK_ORDER_NUMBER, INTENTS
from ticketing.sample.noise import SLANG_ZH
from ticketing.sample.people import ID_WEIGHTS
from ticketing.sample.text import FIELD

TEXTS = {"en": english, "zh": chinese}


@pytest.fixture(scope="module")
def sample():
    return list(generate_tickets(seed=0))


@pytest.fixture(scope="module")
def history(sample):
    return [one for one in sample if one.role == "history"]


def test_the_same_seed_gives_the_same_shop_and_another_seed_another(sample):
    assert list(generate_tickets(seed=0)) == sample
    assert [one.ticket.body for one in generate_tickets(seed=1, history=50, incoming=5)] != [
        one.ticket.body for one in sample[:55]
    ]


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
    in_both = Counter((one.true_category, one.ticket.language) for one in history)
    assert len(in_both) == 12
    assert min(in_both.values()) > 80


def test_the_same_25_intents_at_least_are_written_in_both_languages(sample):
    named = {intent.name for intent in INTENTS}
    assert len(named) >= 25
    for language, texts in TEXTS.items():
        assert set(texts.WORDINGS) == named
        assert {one.decision.split("/")[0] for one in sample if one.ticket.language == language} == named


@pytest.mark.parametrize("language", TEXTS)
def test_every_case_of_the_policy_occurs_and_is_answered(language):
    for intent in INTENTS:
        wording = TEXTS[language].WORDINGS[intent.name]
        assert set(wording.policy) == set(intent.cases)
        assert bool(wording.age_sentences) == bool(intent.limit_days)
        assert set(wording.case_sentences or {}) == (set() if intent.limit_days else set(intent.cases[1:]))
        assert all("{age}" in one for one in wording.age_sentences)


def test_about_one_label_in_two_hundred_is_wrong(history):
    wrong = sum(one.ticket.category != one.true_category for one in history) / len(history)
    assert 0.002 < wrong < 0.01


def test_marked_spans_contain_values_of_their_kind(sample):
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


def orders_in(one, field):
    text = getattr(one.ticket, field) or ""
    return {text[s.start : s.end] for s in one.spans[field] if s.kind == "ORDER_ID"}


def own_orders(one):
    return orders_in(one, "body") | orders_in(one, "subject")


def test_replies_name_only_orders_of_their_ticket(history):
    named = [one for one in history if orders_in(one, "reply")]
    assert all(orders_in(one, "reply") <= own_orders(one) for one in named)
    assert len(named) > len(history) * 0.3


def test_many_tickets_have_no_order_number_and_their_replies_name_none(history):
    without = [one for one in history if not own_orders(one)]
    assert len(without) > len(history) * 0.3
    assert not any(orders_in(one, "reply") for one in without)
    asked = Counter(one.decision.split("/")[1] for one in without)
    assert min(asked[ASK_ORDER_NUMBER], asked[CHECK_ORDER_NUMBER]) > 50
    closing = [one for one in history if one.decision.startswith("delete_account")]
    assert closing and not any(orders_in(one, "reply") for one in closing)
    assert sum(bool(own_orders(one)) for one in closing) < len(closing) * 0.35


def test_each_decision_is_in_the_policy_and_matches_the_reply(sample):
    general = {ASK_ORDER_NUMBER: "ASK_ORDER_NUMBER", CHECK_ORDER_NUMBER: "CHECK_ORDER_NUMBER", ASK_DATE: "ASK_DATE"}
    intents = {intent.name: intent for intent in INTENTS}
    for one in sample:
        name, case = one.decision.split("/")
        texts = TEXTS[one.ticket.language]
        assert intents[name].category == one.true_category
        assert case in intents[name].cases or case in general
        if one.role == "history":
            lines = getattr(texts.phrases, general[case]) if case in general else texts.WORDINGS[name].policy[case]
            assert any(re.search(pattern(line), one.ticket.reply) for line in lines)
            others = [line for other, worded in texts.WORDINGS[name].policy.items() if other != case for line in worded]
            assert not any(re.search(pattern(line), one.ticket.reply) for line in others)


def pattern(template):
    return ".+".join(re.escape(piece) for piece in re.split(FIELD.pattern, template)[::2])


def test_age_decides_the_case_and_the_agent_asks_for_a_missing_age(history):
    seen = Counter()
    for one in history:
        case = one.decision.split("/")[1]
        ages = [int(days) for days in re.findall(r"(\d+) days?\b", one.ticket.body)]
        if one.ticket.language == "en" and len(ages) == 1:
            seen[case] += 1
            assert case != "within_30_days" or ages[0] < 30
            assert case != "after_30_days" or ages[0] > 30
    assert min(seen["within_30_days"], seen["after_30_days"]) > 5
    assert sum(one.decision.endswith(ASK_DATE) for one in history) > 50


def test_text_lengths_vary_widely(sample):
    for language, longest in (("en", 1_500), ("zh", 400)):
        lengths = sorted(len(one.ticket.body) for one in sample if one.ticket.language == language)
        assert lengths[len(lengths) // 50] < 40
        assert lengths[-len(lengths) // 50] > longest


def test_no_latin_sentences_stand_in_chinese_tickets(sample):
    known = {word for name in PRODUCTS for word in re.findall(r"[A-Za-z]+", name[1])}
    known |= {word for slang in SLANG_ZH.values() for word in re.findall(r"[A-Za-z]+", slang)}
    for one in sample:
        if one.ticket.language == "zh":
            for field in ("subject", "body", "reply"):
                text = getattr(one.ticket, field) or ""
                for span in sorted(one.spans[field], key=lambda span: -span.start):
                    text = text[: span.start] + text[span.end :]
                text = text.replace("service@shop.example", "")
                assert set(re.findall(r"[A-Za-z]+", text)) <= known


@pytest.mark.parametrize("language", TEXTS)
def test_tickets_contain_typos_slang_and_emoji(sample, language):
    bodies = [one.ticket.body for one in sample if one.ticket.language == language]
    marks = {"en": ("pls", " u ", "😡", "\n> "), "zh": ("帐", "kd", "😡", "\n> ")}[language]
    for mark in marks:
        assert sum(mark in body for body in bodies) > 3, mark


def test_threads_and_second_requests(history):
    english_ones = [one for one in history if one.ticket.language == "en"]
    updated = [one for one in english_ones if re.search(r"\b(?:update|ps|edit)\b", one.ticket.body, re.IGNORECASE)]
    passed_on = [one for one in english_ones if "other request" in one.ticket.reply]
    assert min(len(updated), len(passed_on)) > len(english_ones) * 0.03
