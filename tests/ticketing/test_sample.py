"""The tickets of the sample shop: their labels, marked personal data, decisions and variety."""

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
    return [item for item in sample if item.role == "history"]


def test_same_seed_gives_the_same_tickets_and_another_seed_gives_others(sample):
    assert list(generate_tickets(seed=0)) == sample
    bodies = [[item.ticket.body for item in generate_tickets(seed, history=50, incoming=5)] for seed in (0, 1)]
    assert bodies[0] != bodies[1]


def test_historical_tickets_have_replies_and_new_tickets_have_none(sample, history):
    new = [item for item in sample if item.role == "incoming"]
    assert (len(history), len(new)) == (3000, 300)
    assert all(item.ticket.category and item.ticket.reply and item.ticket.replied_at for item in history)
    assert not any(item.ticket.category or item.ticket.reply for item in new)
    first_requests = [item for item in new if "I already wrote" not in item.ticket.body]
    oldest_new = min(item.ticket.created_at for item in first_requests)
    assert oldest_new > sorted(item.ticket.created_at for item in history)[-100]


def test_every_department_has_many_tickets_in_both_languages(history):
    assert set(Counter(item.true_category for item in history)) == {
        "logistics", "after_sales", "complaint", "payment", "account", "product_question",
    }  # fmt: skip
    assert min(Counter(item.true_category for item in history).values()) > 200
    assert 0.25 < Counter(item.ticket.language for item in history)["zh"] / len(history) < 0.45
    counts = Counter((item.true_category, item.ticket.language) for item in history)
    assert len(counts) == 12
    assert min(counts.values()) > 80


def test_both_languages_have_the_same_intents_and_at_least_25_of_them(sample):
    names = {intent.name for intent in INTENTS}
    assert len(names) >= 25
    for language, texts in TEXTS.items():
        assert set(texts.WORDINGS) == names
        assert {item.decision.split("/")[0] for item in sample if item.ticket.language == language} == names


@pytest.mark.parametrize("language", TEXTS)
def test_every_case_of_the_policy_has_sentences_for_the_ticket_and_the_reply(language):
    for intent in INTENTS:
        wording = TEXTS[language].WORDINGS[intent.name]
        assert set(wording.policy) == set(intent.cases)
        assert bool(wording.age_sentences) == bool(intent.limit_days)
        assert set(wording.case_sentences or {}) == (set() if intent.limit_days else set(intent.cases[1:]))
        assert all("{age}" in sentence for sentence in wording.age_sentences)


def test_about_one_label_in_two_hundred_is_wrong(history):
    wrong_share = sum(item.ticket.category != item.true_category for item in history) / len(history)
    assert 0.002 < wrong_share < 0.01


def test_marked_spans_contain_valid_values_of_their_kind(sample):
    kinds = Counter()
    for item in sample:
        for field, spans in item.spans.items():
            text = getattr(item.ticket, field) or ""
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


def orders_in(item, field):
    """The order numbers in the subject, body or reply of a ticket."""
    text = getattr(item.ticket, field) or ""
    return {text[s.start : s.end] for s in item.spans[field] if s.kind == "ORDER_ID"}


def own_orders(item):
    return orders_in(item, "body") | orders_in(item, "subject")


def test_replies_contain_only_order_numbers_from_their_ticket(history):
    with_order = [item for item in history if orders_in(item, "reply")]
    assert all(orders_in(item, "reply") <= own_orders(item) for item in with_order)
    assert len(with_order) > len(history) * 0.3


def test_many_tickets_have_no_order_number_and_their_replies_have_none_either(history):
    without_order = [item for item in history if not own_orders(item)]
    assert len(without_order) > len(history) * 0.3
    assert not any(orders_in(item, "reply") for item in without_order)
    cases = Counter(item.decision.split("/")[1] for item in without_order)
    assert min(cases[ASK_ORDER_NUMBER], cases[CHECK_ORDER_NUMBER]) > 50
    account_deletions = [item for item in history if item.decision.startswith("delete_account")]
    assert account_deletions and not any(orders_in(item, "reply") for item in account_deletions)
    assert sum(bool(own_orders(item)) for item in account_deletions) < len(account_deletions) * 0.35


def test_each_decision_is_in_the_policy_and_matches_the_reply(sample):
    general = {ASK_ORDER_NUMBER: "ASK_ORDER_NUMBER", CHECK_ORDER_NUMBER: "CHECK_ORDER_NUMBER", ASK_DATE: "ASK_DATE"}
    intents = {intent.name: intent for intent in INTENTS}
    for item in sample:
        name, case = item.decision.split("/")
        texts = TEXTS[item.ticket.language]
        assert intents[name].category == item.true_category
        assert case in intents[name].cases or case in general
        if item.role == "history":
            lines = getattr(texts.phrases, general[case]) if case in general else texts.WORDINGS[name].policy[case]
            assert any(re.search(pattern(line), item.ticket.reply) for line in lines)
            policy = texts.WORDINGS[name].policy
            other_lines = [line for other_case in policy if other_case != case for line in policy[other_case]]
            assert not any(re.search(pattern(line), item.ticket.reply) for line in other_lines)


def pattern(template):
    """A regular expression for the texts that a template can produce."""
    return ".+".join(re.escape(piece) for piece in re.split(FIELD.pattern, template)[::2])


def test_age_of_the_order_decides_the_case_and_the_reply_asks_for_a_missing_age(history):
    cases_with_age = Counter()
    for item in history:
        case = item.decision.split("/")[1]
        ages = [int(days) for days in re.findall(r"(\d+) days?\b", item.ticket.body)]
        if item.ticket.language == "en" and len(ages) == 1:
            cases_with_age[case] += 1
            assert case != "within_30_days" or ages[0] < 30
            assert case != "after_30_days" or ages[0] > 30
    assert min(cases_with_age["within_30_days"], cases_with_age["after_30_days"]) > 5
    assert sum(item.decision.endswith(ASK_DATE) for item in history) > 50


def test_text_lengths_vary_widely(sample):
    for language, long_body in (("en", 1_500), ("zh", 400)):
        lengths = sorted(len(item.ticket.body) for item in sample if item.ticket.language == language)
        assert lengths[len(lengths) // 50] < 40
        assert lengths[-len(lengths) // 50] > long_body


def test_chinese_tickets_contain_only_known_words_in_latin_letters(sample):
    known_words = {word for name in PRODUCTS for word in re.findall(r"[A-Za-z]+", name[1])}
    known_words |= {word for slang in SLANG_ZH.values() for word in re.findall(r"[A-Za-z]+", slang)}
    for item in sample:
        if item.ticket.language == "zh":
            for field in ("subject", "body", "reply"):
                text = getattr(item.ticket, field) or ""
                for span in sorted(item.spans[field], key=lambda span: -span.start):
                    text = text[: span.start] + text[span.end :]
                text = text.replace("service@shop.example", "")
                assert set(re.findall(r"[A-Za-z]+", text)) <= known_words


@pytest.mark.parametrize("language", TEXTS)
def test_tickets_contain_typos_slang_and_emoji(sample, language):
    bodies = [item.ticket.body for item in sample if item.ticket.language == language]
    marks = {"en": ("pls", " u ", "😡", "\n> "), "zh": ("帐", "kd", "😡", "\n> ")}[language]
    for mark in marks:
        assert sum(mark in body for body in bodies) > 3, f"too few bodies contain {mark!r}"


def test_some_tickets_have_an_update_and_some_have_a_second_request(history):
    english_tickets = [item for item in history if item.ticket.language == "en"]
    with_update = [
        item for item in english_tickets if re.search(r"\b(?:update|ps|edit)\b", item.ticket.body, re.IGNORECASE)
    ]
    with_second_request = [item for item in english_tickets if "other request" in item.ticket.reply]
    assert min(len(with_update), len(with_second_request)) > len(english_tickets) * 0.03
