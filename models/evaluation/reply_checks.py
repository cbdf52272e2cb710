"""What a reviewer would reject a reply for, counted without a reviewer: each check names one fault.

What agents usually say is learnt from the training replies, so no rule of any shop is written here. How often each
fault occurs is measured by `models.evaluation.generator`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sklearn.feature_extraction.text import TfidfVectorizer

from ticketing.corpus.snapshot import Record
from ticketing.language import detect_language
from ticketing.privacy.placeholders import PLACEHOLDER, foreign_placeholders
from ticketing.settings import FAULTS

NUMBERS = ("ORDER_ID", "TRACKING_ID")
# A fact in the replies to so many tickets that do not name it is the shop's own: a deadline, a fee, a link.
CUSTOMARY = 3
# Of the agents' replies: a fact in fewer is not the shop's own where there are many, nor a first or last word usual.
USUAL = 0.005
LIKE_A_TEMPLATE = 0.5  # cosine of character n-grams
ENOUGH_LETTERS = 40
OPEN_ENDS = 0.01  # where more of the agents' replies end within a sentence, that is how they write
NOT_LATIN = ("zh", "ja", "ko")

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May)|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_DATE = rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}"
_WEEKDAY = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
# Without a path only what is seldom a word of its own: "it is late.It came" has a full stop, and names no domain.
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
# A number before one of these is no sum of money.
_COUNTED = re.compile(
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
_OPENING = re.compile(r"[^\W\d_]+")
_LINKS = re.compile(_LINK, re.IGNORECASE)
_LIST_ITEM = re.compile(r"\s*(?:[-*•·]|\d+[.)、])\s*\w")
_OPEN_END = re.compile(r"(\w+)[\s,;:，；：、(（–—-]*$")


class Answer(NamedTuple):
    """A reply with what it answers, in placeholder form; `reference` is what the agent wrote."""

    reply: str
    finish_reason: str
    ticket: str
    reference: str
    language: str
    category: str
    instruction: str = ""  # what the shop told the generator to do: a fact in it is not invented


class ReplyChecker:
    """Knows from training replies what agents say; replies are checked against it."""

    def __init__(self, train: Iterable[Record]) -> None:
        answered = [record for record in train if record.output]
        self._customary = _customary_facts(answered)
        self._openings = _usual(answered, _opening)
        self._endings = _usual(answered, _open_end)
        self._closing = self._languages_that_close(answered)
        self._promises = {
            (language, category): _Templates(sentences, language)
            for (language, category), sentences in _promise_sentences(answered).items()
        }

    def _languages_that_close(self, answered: Sequence[Record]) -> frozenset[str]:
        """Those in which agents end their sentences: where they often don't, an open end says nothing."""
        ends: dict[str, list[bool]] = defaultdict(list)
        for record in answered:
            ends[record.language].append(self._ends_openly(record.output or "", record.language))
        return frozenset(language for language, found in ends.items() if sum(found) <= OPEN_ENDS * len(found))

    def checks(self, language: str) -> frozenset[str]:
        """The faults that can be seen in a language: some want its words, or an agent's replies."""
        unseen = {"unknown_promise"} if language not in _PROMISES else set[str]()
        if language not in self._openings:
            unseen.add("impolite_opening")
        return frozenset(FAULTS) - unseen

    def faults(self, answer: Answer) -> list[str]:
        """The faults of a reply, in the order of `FAULTS`."""
        if self._empty_or_cut_off(answer):
            return ["empty_or_cut_off"]
        checks = {
            "wrong_language": self._wrong_language,
            "wrong_order_number": _wrong_order_number,
            "invented_fact": self._invented_fact,
            "unknown_promise": self._unknown_promise,
            "impolite_opening": self._impolite_opening,
        }
        return [name for name, is_so in checks.items() if is_so(answer)]

    def _empty_or_cut_off(self, answer: Answer) -> bool:
        if answer.finish_reason in ("length", "error") or not answer.reply.strip():
            return True
        # A model may also stop in the middle of a sentence. Agents end in a full stop, or as they sign.
        return answer.language in self._closing and self._ends_openly(answer.reply, answer.language)

    def _ends_openly(self, reply: str, language: str) -> bool:
        end = _open_end(reply, language)
        return bool(end) and end not in self._endings.get(language, ())

    def _wrong_language(self, answer: Answer) -> bool:
        words = PLACEHOLDER.sub(" ", answer.reply)
        said = detect_language(words)
        # Of a few words in Latin letters nobody can tell whether they are English.
        short = sum(character.isalpha() for character in words) < ENOUGH_LETTERS
        return said != answer.language and not (short and said == "en" and answer.language not in NOT_LATIN)

    def _invented_fact(self, answer: Answer) -> bool:
        known = _known_facts(answer.ticket) | _known_facts(answer.instruction)
        known |= self._customary.get((answer.language, answer.category), frozenset())
        return bool(_facts(answer.reply) - known)

    def _unknown_promise(self, answer: Answer) -> bool:
        templates = self._promises.get((answer.language, answer.category))
        said = _promising(answer.reply, answer.language)
        if not said:
            return False
        return templates is None or not templates.all_known(said)

    def _impolite_opening(self, answer: Answer) -> bool:
        usual = self._openings.get(answer.language)
        return usual is not None and _opening(answer.reply, answer.language) not in usual


def _wrong_order_number(answer: Answer) -> bool:
    """A number of another ticket, or none where the agent named one of this ticket's."""
    if foreign_placeholders(answer.reply, answer.ticket):
        return True
    said, own = _numbers(answer.reply), _numbers(answer.ticket)
    return bool(_numbers(answer.reference) & own) and not said & own


def _numbers(text: str) -> frozenset[str]:
    return frozenset(match.group() for match in PLACEHOLDER.finditer(text) if match.group(1) in NUMBERS)


def _facts(text: str) -> frozenset[str]:
    """Numbers, dates, amounts and links, each as it is written but for capitals and a full stop at its end."""
    return frozenset(_as_fact(match) for match in _FACT.finditer(PLACEHOLDER.sub(" ", text)))


def _as_fact(match: re.Match[str]) -> str:
    fact = match.group().rstrip(".,;:!?)").casefold()
    if match["amount"] is not None:
        number = re.search(_NUMBER, fact)
        unit = next((sign for sign, said in _UNITS.items() if re.search(said, fact, re.IGNORECASE)), "")
        return f"{number.group() if number else fact} {unit}"
    if match["date"] is None:
        return fact
    # "June 3rd" and "3 June" are the same day.
    day, month = re.search(r"\d+", fact), re.search(r"[a-z]{3,}", fact)
    return f"{int(day.group())} {month.group()[:3]}" if day and month else fact


def _known_facts(text: str) -> frozenset[str]:
    """The facts of a text that a reply may repeat: of 39.90 as 39.90 dollars too, of 20 dollars as 20, but of 20 days
    not as 20 dollars.
    """
    plain = PLACEHOLDER.sub(" ", text)
    known = set[str]()
    for match in _FACT.finditer(plain):
        fact = _as_fact(match)
        known.add(fact)
        if match["amount"] is not None:
            known.add(fact.split(" ")[0])
        elif re.fullmatch(_NUMBER, fact) and not _COUNTED.match(plain, match.end()):
            known.update(f"{fact} {unit}" for unit in _UNITS)
    return frozenset(known)


def _customary_facts(answered: Sequence[Record]) -> Mapping[tuple[str, str], frozenset[str]]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    replies: Counter[tuple[str, str]] = Counter()
    for record in answered:
        key = record.language, record.category
        counts[key].update(_facts(record.output or "") - _facts(record.input))
        replies[key] += 1
    return {
        key: frozenset(fact for fact, count in counted.items() if count >= max(CUSTOMARY, USUAL * replies[key]))
        for key, counted in counts.items()
    }


def _opening(reply: str, language: str) -> str:
    match = _OPENING.search(PLACEHOLDER.sub(" ", reply))
    word = match.group().casefold() if match else ""
    # Chinese has no spaces: its 'word' would be the whole sentence.
    return word[:1] if language == "zh" else word


def _open_end(reply: str, language: str) -> str:
    """The last word, where nothing closes the sentence after it."""
    last_line = _LINKS.sub(".", PLACEHOLDER.sub(".", reply.rstrip())).rpartition("\n")[2][-200:]
    match = None if _LIST_ITEM.match(last_line) else _OPEN_END.search(last_line)
    if match is None:
        return ""
    word = match.group(1).casefold()
    return word[-1:] if language == "zh" else word


def _usual(answered: Sequence[Record], part: Callable[[str, str], str]) -> Mapping[str, frozenset[str]]:
    """What a part of the agents' replies usually is, by language."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in answered:
        counts[record.language][part(record.output or "", record.language)] += 1
    return {
        language: frozenset(word for word, count in counted.items() if count >= USUAL * counted.total())
        for language, counted in counts.items()
    }


def _promising(reply: str, language: str) -> list[str]:
    promise = _PROMISES.get(language)
    if promise is None:
        return []
    return [sentence.strip() for sentence in _SENTENCE.findall(reply) if promise.search(sentence)]


def _promise_sentences(answered: Sequence[Record]) -> Mapping[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in answered:
        found[record.language, record.category].update(_promising(record.output or "", record.language))
    return {key: sorted(sentences) for key, sentences in found.items() if sentences}


class _Templates:
    """Sentences that agents have promised something with."""

    def __init__(self, sentences: Sequence[str], language: str) -> None:
        shortest = 1 if language in NOT_LATIN else 3
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(shortest, 5), sublinear_tf=True)
        self._matrix = self._vectorizer.fit_transform([_plain(one) for one in sentences]).T.tocsr()

    def all_known(self, sentences: Sequence[str]) -> bool:
        likeness = self._vectorizer.transform([_plain(one) for one in sentences]) @ self._matrix
        return bool((likeness.max(axis=1).toarray() >= LIKE_A_TEMPLATE).all())


def _plain(sentence: str) -> str:
    # What is promised counts, not to whom nor how much: amounts are checked as facts.
    return _FACT.sub("0", PLACEHOLDER.sub("X", sentence))
