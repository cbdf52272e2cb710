"""What finds personal data: the stock Presidio recognisers that are of use, and own ones behind the same interfaces.

They say where something is and how sure they are; what becomes of it is `ticketing.privacy.scrubber`.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import phonenumbers
import regex
import tldextract
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import (
    IbanRecognizer,
    IpRecognizer,
    UsSsnRecognizer,
)

from ticketing.errors import ConfigurationError
from ticketing.privacy.chinese import ChineseRecogniser
from ticketing.privacy.formats import FORMATS, URLS, Format
from ticketing.settings import PrivacySettings

# ASCII: to Python a Chinese character is a letter, so that without it \b sees no edge between 号 and a digit.
FLAGS = regex.DOTALL | regex.MULTILINE | regex.IGNORECASE | regex.ASCII

_NOT_IN_WORD = r"(?<![A-Za-z0-9])"
_WORD_ENDS = r"(?![A-Za-z0-9])"

# Letters of scripts that addresses are written in; Chinese beside an address is not part of it.
_ADDRESS_LETTER = r"\p{Latin}\p{Greek}\p{Cyrillic}0-9"
# The lengths are those of RFC 5321; they also keep the search linear in a hostile text.
EMAIL = (
    rf"[{_ADDRESS_LETTER}_!#$%&'*+/=?^`{{|}}~-][{_ADDRESS_LETTER}_!#$%&'*+/=?^`{{|}}~.-]{{0,63}}+@"
    rf"[{_ADDRESS_LETTER}](?:[{_ADDRESS_LETTER}-]{{0,62}}+\.(?=[{_ADDRESS_LETTER}])){{1,8}}[{_ADDRESS_LETTER}-]{{1,62}}"
    rf"(?<!-)"
)

_GAP = r"(?:[ \u00a0.\-–]|\r?\n)?"
PHONES = (
    ("international", r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}(?:[ \u00a0.\-–/]?\(?\d{1,5}\)?){1,6}", 0.7),
    ("Chinese mobile", rf"(?<![\d.])(?:\(?\+?86\)?{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}(?!\d)", 0.7),
    (
        "Chinese landline",
        rf"(?<!\d)\(?0(?:10|2\d|[3-9]\d{{2}})\)?{_GAP}\d{{3,4}}{_GAP}\d{{4}}(?:(?:-|转| ext\.? ?)\d{{1,5}})?(?!\d)",
        0.6,
    ),
    (
        "North American",
        rf"(?<![\d.])(?:\+?1{_GAP})?\(?[2-9]\d{{2}}\)?{_GAP}\d{{3}}{_GAP}\d{{4}}(?: ?(?:x|ext\.?) ?\d{{1,6}})?(?!\d)",
        0.6,
    ),
    ("national, grouped", r"(?<![\d.,])(?<!\d[-/])\(?0\d{1,5}\)?(?:[ .\-/]\d{2,8}){1,5}(?!:?\d)", 0.5),
)
# New ranges are given out faster than the package's tables follow.
_CHINESE_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9]\d{9}", re.ASCII)
# Where a number without a country code may be from; what is valid in none of them is some other number.
PHONE_REGIONS = ("CN", "US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "BR", "JP")


_NAME_WORD = r"\p{Lu}[\p{L}'’-]{1,30}"
# Whom mails greet, and words that nobody is called.
NOT_NAMES = (
    "team", "customer", "client", "user", "sir", "sirs", "madam", "all", "there", "everyone", "friend", "friends",
    "support", "service", "shop", "help", "colleague", "colleagues", "sent", "thanks",
    "the", "and", "eur", "usd", "gbp", "cny", "chf",
)  # fmt: skip
GREETED = (
    r"^(?i:dear|hi|hello|hey)[ ,]{1,2}(?:(?:Mr|Ms|Mrs|Miss|Dr)\.? )?\K"
    rf"(?!(?i:{'|'.join(NOT_NAMES)})\b)"
    rf"{_NAME_WORD}(?: {_NAME_WORD}){{0,2}}(?=\s*(?:[,!.:–-]|$))"
)


class EmailRecogniser(PatternRecognizer):  # type: ignore[misc]
    """E-mail addresses, in any language; the domain must end in a public suffix."""

    def __init__(self) -> None:
        super().__init__(
            supported_entity="EMAIL_ADDRESS",
            name="EmailRecogniser",
            patterns=[Pattern("e-mail", EMAIL, 0.5)],
            # \p{Latin} must reach beyond ASCII here.
            global_regex_flags=regex.IGNORECASE,
        )
        # No URL and no cache: the list that comes with the package, and never a download.
        self._suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        """Whether what follows the @ is a domain name."""
        return bool(self._suffixes(pattern_text.rpartition("@")[2]).suffix)


class PhoneRecogniser(PatternRecognizer):  # type: ignore[misc]
    """Telephone numbers: international, and national ones that are valid in one of PHONE_REGIONS."""

    def __init__(self) -> None:
        super().__init__(
            supported_entity="PHONE_NUMBER",
            name="PhoneRecogniser",
            patterns=[Pattern(name, pattern, score) for name, pattern, score in PHONES],
            global_regex_flags=FLAGS,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """False drops the match; None keeps the pattern's score."""
        return None if is_phone_number(pattern_text) else False


def is_phone_number(text: str) -> bool:
    """Whether such a number can have been given out."""
    if _CHINESE_MOBILE.fullmatch(re.sub(r"\D", "", text)):
        return True
    number = text.replace("–", "-").replace("转", " ext. ")
    if number.startswith("00"):
        number = "+" + number[2:]
    regions: Sequence[str | None] = (None,) if number.startswith("+") else PHONE_REGIONS
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        # Abroad, numbering plans change faster than the package's tables: there a possible length is enough.
        if phonenumbers.is_possible_number(parsed) if region is None else phonenumbers.is_valid_number(parsed):
            return True
    return False


class FormatRecogniser(EntityRecognizer):  # type: ignore[misc]
    """Values of all formats, in any language: one recogniser, since there are dozens and each call costs time."""

    def __init__(self, formats: Sequence[Format]) -> None:
        super().__init__(supported_entities=sorted({form.kind for form in formats}), name="FormatRecogniser")
        self._formats = [(form, regex.compile(form.pattern, FLAGS)) for form in formats]

    def load(self) -> None:
        """Nothing: the patterns are compiled."""

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """What was found, in no order."""
        results = []
        has_digit = any(character.isdigit() for character in text)
        for form, pattern in self._formats:
            if form.has_digit and not has_digit:
                continue
            for match in pattern.finditer(text):
                right = None if form.check is None else form.check(match.group())
                if right is not False:
                    score = EntityRecognizer.MAX_SCORE if right else form.score
                    results.append(RecognizerResult(form.kind, *match.span(), score))
        return results


class UrlRecogniser(PatternRecognizer):  # type: ignore[misc]
    """Web addresses, other than those of the shop itself."""

    def __init__(self, own_domains: Sequence[str]) -> None:
        super().__init__(
            supported_entity="URL",
            name="UrlRecogniser",
            patterns=[Pattern("URL", pattern, 0.8) for pattern in URLS],
            global_regex_flags=FLAGS,
        )
        self._own = tuple(domain.lower().removeprefix("www.") for domain in own_domains)

    def validate_result(self, pattern_text: str) -> bool | None:
        """False for a page of the shop, unless the address names a user."""
        address = pattern_text if "://" in pattern_text else f"http://{pattern_text}"
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        host = (parts.hostname or "").lower()
        own = any(host == domain or host.endswith(f".{domain}") for domain in self._own)
        return False if own and parts.username is None else None


class ShopRecogniser(PatternRecognizer):  # type: ignore[misc]
    """The shop's own numbers, of orders or parcels, as the settings describe them."""

    def __init__(self, kind: str, setting: str, patterns: Sequence[str], score: float) -> None:
        for number, pattern in enumerate(patterns, 1):
            try:
                regex.compile(pattern)
            except regex.error as error:
                raise ConfigurationError(
                    f"privacy.{setting}: number {number} is no regular expression: {error}."
                ) from None
        super().__init__(
            supported_entity=kind,
            name=f"ShopRecogniser {kind}",
            patterns=[
                Pattern(f"{setting} {number}", f"{_NOT_IN_WORD}(?:{pattern}){_WORD_ENDS}", score)
                for number, pattern in enumerate(patterns, 1)
            ],
            global_regex_flags=FLAGS,
        )


class GreetedRecogniser(PatternRecognizer):  # type: ignore[misc]
    """The name in a line that greets, 'Dear Helen,': replies are full of first names, which language models miss."""

    def __init__(self) -> None:
        super().__init__(
            supported_entity="PERSON",
            name="GreetedRecogniser",
            patterns=[Pattern("greeted", GREETED, 0.6)],
            global_regex_flags=regex.MULTILINE,
        )


def recognisers_for(settings: PrivacySettings) -> list[EntityRecognizer]:
    """All that look for personal data by its form, in any language, and for people and addresses in Chinese."""
    stock = [recogniser() for recogniser in (IbanRecognizer, IpRecognizer, UsSsnRecognizer)]
    for recogniser in stock:
        recogniser.global_regex_flags = FLAGS
    own: list[EntityRecognizer] = [
        *stock,
        EmailRecogniser(),
        PhoneRecogniser(),
        UrlRecogniser(settings.own_domains),
        ChineseRecogniser(),
        GreetedRecogniser(),
        FormatRecogniser(FORMATS),
    ]
    if settings.order_patterns:
        own.append(ShopRecogniser("ORDER_ID", "order_patterns", settings.order_patterns, 0.8))
    if settings.tracking_patterns:
        own.append(ShopRecogniser("TRACKING_ID", "tracking_patterns", settings.tracking_patterns, 0.85))
    return own
