import time
from dataclasses import replace

import pytest

from models.evaluation.reply_checks import Answer, ReplyChecker
from tests.models.small_corpus import answered_ticket

TICKET = "My kettle <ORDER_ID_1> has not arrived. I paid 39.90 EUR on 3 May. Please help."
REFERENCE = "Thank you for writing. The kettle of order <ORDER_ID_1> arrives within 7 working days."


@pytest.fixture(scope="module")
def checker():
    """A checker. The human agents in its training replies give thanks, 7 working days, a refund promise and a link."""
    usual = "Thank you for writing. It takes 7 working days, see https://shop.example/help. You get a full refund if it is lost."
    train = [replace(answered_ticket(i), input=f"ticket {i} <ORDER_ID_1>", output=usual) for i in range(200)]
    train += [
        replace(answered_ticket(300 + i), input="ticket", output="Thank you.\nYour support team") for i in range(2)
    ]
    train += [
        replace(
            answered_ticket(500 + i),
            language="zh",
            input="您好 <ORDER_ID_1>",
            output="您好，包裹会在7个工作日内送达，请您放心等待。",
        )
        for i in range(50)
    ]
    return ReplyChecker(train)


def faults(checker, reply, finish_reason="stop", language="en", ticket=TICKET, reference=REFERENCE):
    return checker.faults(Answer(reply, finish_reason, ticket, reference, language, "after-sales"))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (REFERENCE, []),
        ("", ["empty_or_cut_off"]),
        ("Thank you for writing. Your order arrives within 7 working days.", ["wrong_order_number"]),
        ("Thank you for writing. Order <ORDER_ID_2> arrives within 7 working days.", ["wrong_order_number"]),
        ("Thank you for writing. Order <ORDER_ID_1> arrives within 9 working days.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> cost 39.90 EUR on 3 May, see https://shop.example/help.", []),
        ("Thank you. Order <ORDER_ID_1>: pay at https://evil.example/now.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> was paid on May 3rd, thank you for that.", []),
        ("Thank you. Order <ORDER_ID_1> was paid on 3 June, thank you for that.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> arrives on Monday, thank you for that.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> is at evil.example/now, thank you for that.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> is at your door and the driver will", ["empty_or_cut_off"]),
        ("Thank you. Order <ORDER_ID_1> is at your door,", ["empty_or_cut_off"]),
        ("Thank you. Order <ORDER_ID_1> is shown at https://shop.example/help", []),
        ("Thank you for writing about order <ORDER_ID_1>.\nYour support team", []),
        ("Thank you for writing about order <ORDER_ID_1>.\nYours, <PERSON_1>", ["wrong_order_number"]),
        ("Thank you. Order <ORDER_ID_1>: write to help@evil.example for more.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1>: more at portal.evil.xyz or evil.ai.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> is late.It comes soon, thank you.", []),
        ("Thank you. Order <ORDER_ID_1> cost €39.90 or 39.90 euros, 39.90 in all.", []),
        ("Thank you. Order <ORDER_ID_1> was $39.90, thank you for that.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1> comes with 7 % of something else.", ["invented_fact"]),
        ("Thank you. Order <ORDER_ID_1>: you get a full refund if it is lost.", []),
        ("Thank you. Order <ORDER_ID_1>: a free voucher of the highest value is guaranteed.", ["unknown_promise"]),
        ("Whatever. Order <ORDER_ID_1> arrives within 7 working days.", []),
        ("您好，订单<ORDER_ID_1>会在7个工作日内送达，请您放心等待，我们会继续跟进您的包裹。", ["wrong_language"]),
    ],
)  # fmt: skip
def test_checker_finds_the_expected_faults_of_a_reply(checker, reply, expected):
    assert faults(checker, reply) == expected


@pytest.mark.parametrize(
    ("ticket", "reply", "is_invented"),
    [
        ("help.example.co.uk is down", "evil.co.uk", True),
        ("help.example.co.uk is down", "help.example.co.uk", False),
        ("nothing", "example.com查看", True),
        ("the 20 days are over", "you get 20 dollars", True),
        ("the 20 days are over", "you get 20元", True),
        ("I paid 20元", "you get ¥20", False),
        ("I paid 20 percent", "you get 20%", False),
        ("I paid 39.90, give it back", "we refunded $39.90", False),
        ("they took 20usd", "USD20 are back", False),
        ("the parcel of 5 lb", "it weighs 5 pounds", False),
        ("nothing", "RMB100", True),
        ("2024元旦放假吗", "2024元旦", False),
        ("3块电池", "3块电池", False),
        ("nothing", "open settings.App is there", False),
        ("请联系help@shop.example", "您可以发邮件到help@shop.example咨询", False),
        ("write to anna@shop.example", "anna@shop.example", False),
        ("write to anna@shop.example", "bert@shop.example", True),
        ("I pay 12.50", "12.50/month", False),
        ("on 3 May", "03 May", False),
        ("nothing", "or order/parcel and so on", False),
    ],
)
def test_links_addresses_amounts_and_dates_that_are_not_in_the_ticket_are_invented(checker, ticket, reply, is_invented):
    answer = Answer(f"Thank you for writing, {reply}.", "stop", ticket, "", "en", "after-sales")
    assert ("invented_fact" in checker.faults(answer)) is is_invented


def test_five_long_replies_without_spaces_are_checked_within_five_seconds(checker):
    started = time.monotonic()
    for long_word in ("a-" * 50_000, "1-" * 50_000, "a.b" * 30_000, "x@" * 50_000, "1" * 100_000):
        assert "empty_or_cut_off" not in faults(checker, f"Thank you {long_word}.")
    assert time.monotonic() - started < 5


def test_facts_in_the_instruction_are_not_invented(checker):
    reply = "Thank you. Order <ORDER_ID_1>: returns are open for 45 days, thank you for that."
    answer = Answer(reply, "stop", TICKET, REFERENCE, "en", "after-sales")
    assert checker.faults(answer) == ["invented_fact"]
    assert checker.faults(answer._replace(instruction="Answer politely. Returns are open for 45 days.")) == []


def test_promises_are_checked_only_in_languages_with_a_promise_pattern(checker):
    assert "unknown_promise" in checker.checks("en")
    assert "unknown_promise" not in checker.checks("de")


def test_cut_off_reply_has_no_further_faults(checker):
    assert faults(checker, "Whatever, and", finish_reason="length") == ["empty_or_cut_off"]


def test_chinese_replies_are_compared_with_chinese_training_replies(checker):
    correct = "您好，订单<ORDER_ID_1>会在7个工作日内送达。"
    assert faults(checker, correct, language="zh", ticket="订单<ORDER_ID_1>没到", reference=correct) == []
    promise = "您好，订单<ORDER_ID_1>我们赔偿您全部损失。"
    assert "unknown_promise" in faults(
        checker, promise, language="zh", ticket="订单<ORDER_ID_1>没到", reference=correct
    )


def test_unfinished_sentence_at_the_end_is_no_fault_if_agents_often_write_one():
    sentences = ["Thank you for writing", "We are on it", "It is on its way", "Please wait"]
    finished = [replace(answered_ticket(i), output=f"{sentences[i % 4]}{i}.") for i in range(300)]
    unfinished = [replace(answered_ticket(i), output=f"{sentences[i % 4]} {i * 7}") for i in range(300, 306)]
    answer = Answer("Thank you, and we", "stop", "ticket", "", "en", finished[0].category)
    assert ReplyChecker(finished).faults(answer) == ["empty_or_cut_off"]
    assert "empty_or_cut_off" not in ReplyChecker([*finished, *unfinished]).faults(answer)


def test_reply_may_end_with_a_list(checker):
    assert faults(checker, "Thank you. Order <ORDER_ID_1>:\n- open your orders\n- choose Cancel order") == []


def test_number_in_only_a_few_of_many_training_replies_counts_as_invented():
    without_number = [
        replace(answered_ticket(i), input="ticket", output="Thank you for writing.") for i in range(2_000)
    ]
    with_number = [replace(answered_ticket(i), input="ticket", output="It takes 31 days.") for i in range(5)]
    answer = Answer("Thank you, it takes 31 days.", "stop", "ticket", "", "en", without_number[0].category)
    assert ReplyChecker([*without_number[:500], *with_number]).faults(answer) == []
    assert ReplyChecker([*without_number, *with_number]).faults(answer) == ["invented_fact"]


def test_missing_order_number_is_no_fault_if_the_agents_reply_has_none(checker):
    assert faults(checker, "Thank you for writing. It takes 7 working days.", reference="Thank you.") == []
