"""Adds typing mistakes, slang, emoji, signatures and quoted mail to texts. The spans of personal data stay correct.

`request` decides which ticket gets which noise.
"""

import random
import re
from collections.abc import Mapping

from ticketing.sample.text import Personal, Text, fill

SIGNATURES = (
    "-- \n{name}\n{address}\nPhone: {phone}",
    "--\n{name} | {email}",
    "Sent from my phone",
    "_______________\n{name}\n{email}\n{phone}",
)
SIGNATURES_ZH = ("-- \n{name}\n{phone}", "发自我的手机", "——\n{name}\n{email}")
QUOTE_HEADERS = (
    "On {date}, the shop <service@shop.example> wrote:",
    "-----Original Message-----\nFrom: service@shop.example\nSent: {date}\nSubject: Your order",
)
QUOTE_HEADERS_ZH = (
    "在{date}，客服 <service@shop.example> 写道：",
    "发件人：service@shop.example\n发送时间：{date}\n主题：您的订单",
)
AUTOMATIC_ANSWER = "Thank you for your message. We will get back to you as soon as we can."
AUTOMATIC_ANSWER_ZH = "感谢您的来信，我们会尽快回复。"
EMOJI = ("😡", "😭", "🙏", "😤", "🤷", "😊", "👍", "😅", "!!", "...")
EMOJI_ZH = ("😡", "😭", "🙏", "😤", "😅", "😂", "👍", "[流泪]", "[发怒]", "～")
SLANG = {
    "please": "pls", "Please": "Pls", "you": "u", "are": "r", "because": "cuz", "do not": "dont",
    "can not": "cant", "does not": "doesnt", "did not": "didnt", "is not": "isnt", "I am": "im", "I have": "ive",
    "something": "smth", "with": "w/", "really": "rly", "want to": "wanna", "and": "n", "before": "b4", "to": "too", "your": "you're", "there": "their",
    "again": "agian", "received": "recieved", "address": "adress", "because of": "bc of", "know": "kno",
}  # fmt: skip
# Characters that sound alike, common misspellings, and abbreviations by the first letters of the syllables.
SLANG_ZH = {
    "在": "再", "再": "在", "的": "得", "已经": "以经", "账": "帐", "那": "哪", "吗": "嘛", "做": "作", "登录": "登陆",
    "优惠券": "优惠卷", "邮箱": "油箱", "怎么": "肿么", "没有": "木有", "什么": "神马", "快递": "kd", "客服": "kf",
    "不知道": "bzd", "谢谢": "3q", "因为": "应为", "必须": "必需", "到底": "倒底", "这样": "酱紫",
    "包裹": "包果", "麻烦": "麻凡", "即使": "既使", "时候": "时侯", "东西": "东东", "知道": "造",
}  # fmt: skip
_SLANG = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(SLANG, key=len, reverse=True)))
_SLANG_ZH = re.compile("|".join(sorted(SLANG_ZH, key=len, reverse=True)))
_PUNCTUATION = re.compile(r"(?<=[a-z])[.,](?=\s|$)")
_PUNCTUATION_ZH = re.compile(r"[，。？]")


def with_typos(rng: random.Random, text: Text, rate: float) -> Text:
    """Swaps, drops or doubles letters, but never in personal data."""

    def mistyped(piece: str) -> str:
        typed, position = [], 0
        while position < len(piece) - 1:
            pair = piece[position : position + 2]
            if pair.isalpha() and rng.random() < rate:
                typed.append(rng.choice((pair[::-1], pair[0], pair[0] + pair)))
                position += 2
            else:
                typed.append(piece[position])
                position += 1
        return "".join(typed) + piece[position:]

    return text.rewritten(mistyped)


def colloquial(rng: random.Random, text: Text, language: str) -> Text:
    """The text as people type it on a telephone: with slang and homophones, few capitals and little punctuation."""
    if language == "zh":
        pattern, punctuation, slang = _SLANG_ZH, _PUNCTUATION_ZH, SLANG_ZH
    else:
        pattern, punctuation, slang = _SLANG, _PUNCTUATION, SLANG
    slang_rate, drop_rate = rng.choice((0.15, 0.4)), rng.choice((0.0, 0.5, 0.9))
    lower_case = language == "en" and rng.random() < 0.7
    replacement = rng.choice(("", " ")) if language == "zh" else ""

    def typed(piece: str) -> str:
        piece = pattern.sub(lambda match: slang[match.group()] if rng.random() < slang_rate else match.group(), piece)
        piece = punctuation.sub(lambda match: replacement if rng.random() < drop_rate else match.group(), piece)
        return piece.lower() if lower_case else piece

    return text.rewritten(typed)


def emoji(rng: random.Random, language: str) -> str:
    """One emoji or a substitute such as '!!', up to three times, for the end of a sentence."""
    return str(rng.choice(("", " ")) + rng.choice(EMOJI_ZH if language == "zh" else EMOJI) * rng.choice((1, 1, 2, 3)))


def signature(rng: random.Random, values: Mapping[str, Personal | str], language: str) -> Text:
    """The customer's signature, for the end of a mail."""
    return fill(rng.choice(SIGNATURES_ZH if language == "zh" else SIGNATURES), values)


def quoted_mail(
    rng: random.Random, values: Mapping[str, Personal | str], language: str, earlier: Text, answer: str | None = None
) -> Text:
    """A quoted mail from the shop, as a mail program adds it. The shop's mail itself quotes the customer's earlier mail.

    Args:
        rng: chooses the header of the quotation.
        values: the values of the header's fields.
        language: "en" or "zh".
        earlier: the customer's earlier mail.
        answer: what the shop wrote; None: an automatic answer.
    """
    zh = language == "zh"
    header = fill(rng.choice(QUOTE_HEADERS_ZH if zh else QUOTE_HEADERS), values)
    shop = Text(answer or (AUTOMATIC_ANSWER_ZH if zh else AUTOMATIC_ANSWER))
    return header + "\n" + (shop + "\n\n" + earlier.quoted()).quoted()
