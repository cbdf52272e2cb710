"""What real tickets have that clean ones don't: typing mistakes, signatures, quoted mail. Spans stay right.

Which ticket gets what is for `generate`.
"""

import random
from collections.abc import Mapping

from ticketing.sample.text import Personal, Text, fill

SIGNATURES = (
    "-- \n{name}\n{address}\nPhone: {phone}",
    "--\n{name} | {email}",
    "Sent from my phone",
    "_______________\n{name}\n{email}\n{phone}",
)
SIGNATURES_ZH = ("-- \n{name}\n{phone}", "发自我的手机", "——\n{name}\n{email}")
QUOTE_HEADS = (
    "On {date}, the shop <service@shop.example> wrote:",
    "-----Original Message-----\nFrom: service@shop.example\nSent: {date}\nSubject: Your order",
)
QUOTE_HEADS_ZH = (
    "在{date}，客服 <service@shop.example> 写道：",
    "发件人：service@shop.example\n发送时间：{date}\n主题：您的订单",
)
AUTOMATIC = "Thank you for your message. We will get back to you as soon as we can.\nYour reference is {order}."
AUTOMATIC_ZH = "感谢您的来信，我们会尽快回复。\n您的订单号：{order}。"


def with_typos(rng: random.Random, text: Text, rate: float) -> Text:
    """Swaps, drops or doubles letters, never within or beside personal data."""
    result, place = Text(), 0
    while place < len(text.text) - 1:
        near = any(s.start - 1 <= place <= s.end for s in text.spans)
        if near or not text.text[place : place + 2].isalpha() or rng.random() >= rate:
            end = next((s.end for s in text.spans if s.start == place), place + 1)
            result = result + text.piece(place, end)
            place = end
            continue
        first, second = text.text[place], text.text[place + 1]
        result = result + rng.choice((second + first, first, first + first + second))
        place += 2
    return result + text.piece(place, len(text.text))


def signature(rng: random.Random, values: Mapping[str, Personal | str], language: str) -> Text:
    """A signature of the customer."""
    return fill(rng.choice(SIGNATURES_ZH if language == "zh" else SIGNATURES), values)


def quoted_mail(rng: random.Random, values: Mapping[str, Personal | str], language: str, earlier: Text) -> Text:
    """What the shop's automatic answer quoted: its text, and the customer's earlier mail below it."""
    zh = language == "zh"
    head = fill(rng.choice(QUOTE_HEADS_ZH if zh else QUOTE_HEADS), values)
    answer = fill(AUTOMATIC_ZH if zh else AUTOMATIC, values)
    return head + "\n" + (answer + "\n\n" + earlier.quoted()).quoted()
