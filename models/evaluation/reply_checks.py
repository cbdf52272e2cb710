"""Checks replies for faults. Each check detects one fault for which a reviewer would reject a reply.

The checks learn from training replies what human agents usually write, so this module contains no rules for a
particular shop. `models.evaluation.generator` measures how frequent the faults are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sklearn.feature_extraction.text import TfidfVectorizer

from ticketing.corpus.snapshot import Record
from ticketing.gate_settings import FAULTS
from ticketing.language import detect_language
from ticketing.privacy.placeholders import PLACEHOLDER, placeholders_not_in_ticket

NUMBER_KINDS = ("ORDER_ID", "TRACKING_ID")  # placeholder kinds of order and tracking numbers
# A fact (a deadline, a fee, a link of the shop) is customary in a category if enough of the agents' replies state it
# although their tickets do not: at least this many replies, and at least this share. A last word is usual if at least
# this share of the replies ends with it.
MIN_CUSTOMARY_REPLIES, MIN_USUAL_SHARE = 3, 0.005
MIN_TEMPLATE_SIMILARITY = 0.5  # cosine of character n-grams of two sentences
MIN_DETECTABLE_LETTERS = 40
MAX_OPEN_ENDS = 0.01  # if more of a language's agents' replies end within a sentence, such an end is no fault there
NOT_LATIN = ("zh", "ja", "ko")

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May)|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_DATE = rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}"
_WEEKDAY = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
# Top-level domains that make a domain without a path. Most other top-level domains are also common words: "late.It" in
# "it is late.It came" is no domain.
_TOP_LEVEL = (
    "com|net|org|info|shop|biz|online|site|store|app|dev|xyz|top|io|ai|co|eu|cn|hk|tw|jp|kr|de|fr|es|nl|pl|uk|ca|au|ru|"
    "COM|NET|ORG"
)
_DOMAIN = rf"(?<![a-z0-9.-])(?:[a-z0-9-]{{1,63}}\.){{1,5}}(?:[a-z]{{2,24}}/\S*|(?-i:{_TOP_LEVEL})(?![a-z0-9]))"
_EMAIL = r"(?<![a-z0-9._+-])[a-z0-9._+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
_LINK = rf"https?://\S+|www\.\S+|{_EMAIL}|{_DOMAIN}"
_NUMBER = r"\d+(?:[.,:/-]\d+)*"
_UNITS = {
    "$": r"\$|(?:USD|dollars?)(?![a-z])",
    "€": r"€|(?:EUR|euros?)(?![a-z])",
    "£": r"£|(?:GBP|pounds?)(?![a-z])",
    "¥": r"[¥￥]|(?:CNY|RMB|yuan)(?![a-z])|元(?!旦|件|素)|块(?=钱|\W|$)",
    "%": r"[%％]|per ?cent(?![a-z])",
}
# A number before one of these words counts something, so it is no amount of money.
_COUNTED_UNIT = re.compile(
    r"\s?-?(?:(?:second|minute|hour|day|night|week|month|year|time|piece|item|order|parcel)s?(?![a-z])|"
    r"(?:working|business|calendar) days?|[秒分时天日周月年次件个号点]|小时|工作日|星期)",
    re.IGNORECASE,
)
_UNIT = "|".join(_UNITS.values())
_AMOUNT = rf"(?:[$€£¥￥]|\b(?:USD|EUR|GBP|CNY|RMB)) ?{_NUMBER}|{_NUMBER} ?(?:{_UNIT})"
_FACT = re.compile(rf"{_LINK}|(?P<date>{_DATE})|{_WEEKDAY}|(?P<amount>{_AMOUNT})|{_NUMBER}", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]?")
_PROMISES = {
    "en": re.compile(
        r"\b(refund|voucher|compensat\w+|free of charge|for free|discount|replac\w+|guarantee\w*|promise\w*|credit|"
        r"reimburse\w*|waive\w*)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"退款|退还|赔偿|补偿|免费|保证|承诺|优惠券|代金券|换新|补发|减免"),
}
_LINKS = re.compile(_LINK, re.IGNORECASE)
_LIST_ITEM = re.compile(r"\s*(?:[-*•·]|\d+[.)、])\s*\w")
_OPEN_END = re.compile(r"(\w+)[\s,;:，；：、(（–—-]*$")


class Answer(NamedTuple):
    """A reply to check and its ticket, in placeholder form. `reference` is the human agent's reply to the ticket."""

    reply: str
    finish_reason: str
    ticket: str
    reference: str
    language: str
    category: str
    instruction: str = ""  # the shop's instruction to the generator; facts in the instruction are not invented


class ReplyChecker:
    """Checks replies against what human agents usually write, which the checker learns from training replies.

    A sample of the training replies is enough, because the checker only needs shares. A small sample may lack a promise
    that agents seldom make. The checker then reports that promise as unknown.
    """

    def __init__(self, train: Iterable[Record]) -> None:
        answered = [record for record in train if record.output]
        self._customary = _customary_facts(answered)
        self._endings = _usual_endings(answered)
        self._closing_languages = self._languages_with_closed_ends(answered)
        self._promises = {
            (language, category): _Templates(sentences, language)
            for (language, category), sentences in _promise_sentences(answered).items()
        }

    def _languages_with_closed_ends(self, answered: Sequence[Record]) -> frozenset[str]:
        """The languages in which nearly all agents' replies end with a whole sentence. An open end is a fault there."""
        has_open_end: dict[str, list[bool]] = defaultdict(list)
        for record in answered:
            has_open_end[record.language].append(self._ends_openly(record.output or "", record.language))
        return frozenset(
            language for language, flags in has_open_end.items() if sum(flags) <= MAX_OPEN_ENDS * len(flags)
        )

    def checks(self, language: str) -> frozenset[str]:
        """The faults that can be detected in a language. Detecting unknown promises needs a pattern in `_PROMISES`."""
        return frozenset(FAULTS) if language in _PROMISES else frozenset(FAULTS) - {"unknown_promise"}

    def faults(self, answer: Answer) -> list[str]:
        """The faults of a reply, in the order of `FAULTS`."""
        if self._empty_or_cut_off(answer):
            return ["empty_or_cut_off"]
        checks = {
            "wrong_language": self._wrong_language,
            "wrong_order_number": _wrong_order_number,
            "invented_fact": self._invented_fact,
            "unknown_promise": self._unknown_promise,
        }
        return [name for name, has_fault in checks.items() if has_fault(answer)]

    def _empty_or_cut_off(self, answer: Answer) -> bool:
        if answer.finish_reason in ("length", "error") or not answer.reply.strip():
            return True
        # A model may also stop within a sentence, whereas agents end with a full stop or a usual last word.
        return answer.language in self._closing_languages and self._ends_openly(answer.reply, answer.language)

    def _ends_openly(self, reply: str, language: str) -> bool:
        end = _open_end(reply, language)
        return bool(end) and end not in self._endings.get(language, ())

    def _wrong_language(self, answer: Answer) -> bool:
        words = PLACEHOLDER.sub(" ", answer.reply)
        detected = detect_language(words)
        # The detector takes a few words in Latin letters for English, whatever their language is.
        is_short = sum(character.isalpha() for character in words) < MIN_DETECTABLE_LETTERS
        return detected != answer.language and not (is_short and detected == "en" and answer.language not in NOT_LATIN)

    def _invented_fact(self, answer: Answer) -> bool:
        known = _known_facts(answer.ticket) | _known_facts(answer.instruction)
        known |= self._customary.get((answer.language, answer.category), frozenset())
        return bool(_facts(answer.reply) - known)

    def _unknown_promise(self, answer: Answer) -> bool:
        promises = _promises_in(answer.reply, answer.language)
        if not promises:
            return False
        templates = self._promises.get((answer.language, answer.category))
        return templates is None or not templates.all_known(promises)


def _wrong_order_number(answer: Answer) -> bool:
    """Whether the reply names a wrong order, parcel or person, or fails to name the order or parcel.

    A placeholder that does not occur in the ticket is wrong. An order or tracking number is missing if the agent's
    reply has one from the ticket and this reply has none.
    """
    if placeholders_not_in_ticket(answer.reply, answer.ticket):
        return True
    ticket_numbers = _numbers(answer.ticket)
    return bool(_numbers(answer.reference) & ticket_numbers) and not _numbers(answer.reply) & ticket_numbers


def _numbers(text: str) -> frozenset[str]:
    return frozenset(match.group() for match in PLACEHOLDER.finditer(text) if match.group(1) in NUMBER_KINDS)


def _facts(text: str) -> frozenset[str]:
    """The numbers, dates, amounts and links in a text, in lower case and without a full stop at the end."""
    return frozenset(_as_fact(match) for match in _FACT.finditer(PLACEHOLDER.sub(" ", text)))


def _as_fact(match: re.Match[str]) -> str:
    fact = match.group().rstrip(".,;:!?)").casefold()
    if match["amount"] is not None:
        number = re.search(_NUMBER, fact)
        unit = next((sign for sign, pattern in _UNITS.items() if re.search(pattern, fact, re.IGNORECASE)), "")
        return f"{number.group() if number else fact} {unit}"
    if match["date"] is None:
        return fact
    # "June 3rd" and "3 June" are the same day.
    day, month = re.search(r"\d+", fact), re.search(r"[a-z]{3,}", fact)
    return f"{int(day.group())} {month.group()[:3]}" if day and month else fact


def _known_facts(text: str) -> frozenset[str]:
    """The facts that a reply may state because this text contains them.

    "39.90" in the text allows 39.90 and 39.90 dollars, "20 dollars" allows 20 dollars and 20, but "20 days" does not
    allow 20 dollars.
    """
    plain = PLACEHOLDER.sub(" ", text)
    known = set[str]()
    for match in _FACT.finditer(plain):
        fact = _as_fact(match)
        known.add(fact)
        if match["amount"] is not None:
            known.add(fact.split(" ")[0])
        elif re.fullmatch(_NUMBER, fact) and not _COUNTED_UNIT.match(plain, match.end()):
            known.update(f"{fact} {unit}" for unit in _UNITS)
    return frozenset(known)


def _customary_facts(answered: Sequence[Record]) -> Mapping[tuple[str, str], frozenset[str]]:
    """The customary facts (see `MIN_CUSTOMARY_REPLIES`) by language and category."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    replies: Counter[tuple[str, str]] = Counter()
    for record in answered:
        key = record.language, record.category
        counts[key].update(_facts(record.output or "") - _facts(record.input))
        replies[key] += 1
    return {
        key: frozenset(
            fact
            for fact, count in counted.items()
            if count >= max(MIN_CUSTOMARY_REPLIES, MIN_USUAL_SHARE * replies[key])
        )
        for key, counted in counts.items()
    }


def _open_end(reply: str, language: str) -> str:
    """The last word (in Chinese, character) of a reply that ends without an end mark. Otherwise an empty string."""
    last_line = _LINKS.sub(".", PLACEHOLDER.sub(".", reply.rstrip())).rpartition("\n")[2][-200:]
    match = None if _LIST_ITEM.match(last_line) else _OPEN_END.search(last_line)
    if match is None:
        return ""
    word = match.group(1).casefold()
    return word[-1:] if language == "zh" else word


def _usual_endings(answered: Sequence[Record]) -> Mapping[str, frozenset[str]]:
    """By language, the words with which agents often end a reply without an end mark, such as a signature."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in answered:
        counts[record.language][_open_end(record.output or "", record.language)] += 1
    return {
        language: frozenset(word for word, count in counted.items() if count >= MIN_USUAL_SHARE * counted.total())
        for language, counted in counts.items()
    }


def _promises_in(reply: str, language: str) -> list[str]:
    """The sentences of a reply that promise something."""
    promise = _PROMISES.get(language)
    if promise is None:
        return []
    return [sentence.strip() for sentence in _SENTENCE.findall(reply) if promise.search(sentence)]


def _promise_sentences(answered: Sequence[Record]) -> Mapping[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in answered:
        found[record.language, record.category].update(_promises_in(record.output or "", record.language))
    return {key: sorted(sentences) for key, sentences in found.items() if sentences}


class _Templates:
    """The sentences of training replies in which agents promised something."""

    def __init__(self, sentences: Sequence[str], language: str) -> None:
        min_n = 1 if language in NOT_LATIN else 3
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(min_n, 5), sublinear_tf=True)
        self._matrix = self._vectorizer.fit_transform([_plain(sentence) for sentence in sentences]).T.tocsr()

    def all_known(self, sentences: Sequence[str]) -> bool:
        """Whether every sentence is similar to a sentence in which an agent promised something."""
        cosines = self._vectorizer.transform([_plain(sentence) for sentence in sentences]) @ self._matrix
        return bool((cosines.max(axis=1).toarray() >= MIN_TEMPLATE_SIMILARITY).all())


def _plain(sentence: str) -> str:
    # Amounts and placeholders don't count here: the checks of facts and order numbers cover them.
    return _FACT.sub("0", PLACEHOLDER.sub("X", sentence))
