"""The recognisers of personal data: some of Presidio's own, and this project's behind the same interface.

They return spans with a score; `ticketing.privacy.scrubber` decides what is replaced.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
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
from ticketing.privacy.formats import FORMATS, URLS, Format, has_required_parts
from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.settings import PrivacySettings

# ASCII, because Unicode counts Chinese characters as letters: \b would find no boundary between 号 and a digit.
FLAGS = regex.DOTALL | regex.MULTILINE | regex.IGNORECASE | regex.ASCII

_NO_WORD_BEFORE = r"(?<![A-Za-z0-9])"
_NO_WORD_AFTER = r"(?![A-Za-z0-9])"

# The scripts of e-mail addresses: Chinese text next to an address is not part of it.
_ADDRESS_LETTER = r"\p{Latin}\p{Greek}\p{Cyrillic}0-9"
# The lengths are the limits of RFC 5321; they also keep the search time linear in a hostile text.
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
# Accepted without the package's tables, which lag behind newly assigned ranges.
_CHINESE_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9]\d{9}", re.ASCII)
# A number without a country code counts as a telephone number if it is valid in one of these regions.
PHONE_REGIONS = ("CN", "US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "BR", "JP")


_NAME_WORD = r"\p{Lu}[\p{L}'’-]{1,30}"
# Words that are never names, though mails greet with them or begin with them.
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
            # Without ASCII, so that \p{Latin} includes accented letters.
            global_regex_flags=regex.IGNORECASE,
        )
        # No URL and no cache folder: uses the list in the package and never downloads one.
        self._suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        """Whether the part after the @ is a domain name with a public suffix."""
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
        """False discards the match; None keeps the pattern's score."""
        return None if is_phone_number(pattern_text) else False


def is_phone_number(text: str) -> bool:
    """Whether a telephone number with these digits can exist."""
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
        # With a country code a possible length suffices: the package's tables lag behind the numbering plans.
        if phonenumbers.is_possible_number(parsed) if region is None else phonenumbers.is_valid_number(parsed):
            return True
    return False


def count_digits(text: str) -> int:
    """The digits of a text that are not part of a placeholder."""
    return sum(map(str.isdigit, PLACEHOLDER.sub("", text)))


class FormatRecogniser(EntityRecognizer):  # type: ignore[misc]
    """Values in all formats, in any language, in a single recogniser: dozens of recognisers would take longer."""

    def __init__(self, formats: Sequence[Format]) -> None:
        super().__init__(supported_entities=sorted({form.kind for form in formats}), name="FormatRecogniser")
        self._formats = [(form, regex.compile(form.pattern, FLAGS)) for form in formats]

    def load(self) -> None:
        """Does nothing: the patterns are compiled already."""

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The values in the text, in no particular order."""
        results = []
        digits, lowered = count_digits(text), text.lower()
        for form, pattern in self._formats:
            if not form.can_match(lowered, digits):
                continue
            for match in pattern.finditer(text):
                valid = None if form.check is None else form.check(match.group())
                if valid is not False:
                    score = EntityRecognizer.MAX_SCORE if valid else form.score
                    results.append(RecognizerResult(form.kind, *match.span(), score))
        return results


class UrlRecogniser(PatternRecognizer):  # type: ignore[misc]
    """Web addresses, except those of the shop itself."""

    def __init__(self, own_domains: Sequence[str]) -> None:
        super().__init__(
            supported_entity="URL",
            name="UrlRecogniser",
            patterns=[Pattern("URL", pattern, 0.8) for pattern in URLS],
            global_regex_flags=FLAGS,
        )
        self._own = tuple(domain.lower().removeprefix("www.") for domain in own_domains)

    def validate_result(self, pattern_text: str) -> bool | None:
        """False discards an address of the shop, unless it contains a user name; None keeps the pattern's score."""
        address = pattern_text if "://" in pattern_text else f"http://{pattern_text}"
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        host = (parts.hostname or "").lower()
        own = any(host == domain or host.endswith(f".{domain}") for domain in self._own)
        return False if own and parts.username is None else None


class ShopRecogniser(PatternRecognizer):  # type: ignore[misc]
    """The shop's own order or parcel numbers, by the patterns in the settings."""

    def __init__(self, kind: str, setting: str, patterns: Sequence[str], score: float) -> None:
        for number, pattern in enumerate(patterns, 1):
            try:
                regex.compile(pattern)
            except regex.error as error:
                raise ConfigurationError(
                    f"privacy.{setting}: pattern {number} is no valid regular expression: {error}."
                ) from None
        super().__init__(
            supported_entity=kind,
            name=f"ShopRecogniser {kind}",
            patterns=[
                Pattern(f"{setting} {number}", f"{_NO_WORD_BEFORE}(?:{pattern}){_NO_WORD_AFTER}", score)
                for number, pattern in enumerate(patterns, 1)
            ],
            global_regex_flags=FLAGS,
        )


class GreetedRecogniser(PatternRecognizer):  # type: ignore[misc]
    """The name in a greeting such as 'Dear Helen,': replies hold many first names, which the name finder can miss."""

    def __init__(self) -> None:
        super().__init__(
            supported_entity="PERSON",
            name="GreetedRecogniser",
            patterns=[Pattern("greeted", GREETED, 0.6)],
            global_regex_flags=regex.MULTILINE,
        )


@dataclass(frozen=True)
class Search:
    """A recogniser, and what a text must contain for it to find anything. It does not run on other texts.

    `min_digits` counts digits outside placeholders. `needs` are alternatives in lower case; a leading line break stands
    for the beginning of a line. Empty: the recogniser runs on every text.
    """

    recogniser: EntityRecognizer
    min_digits: int = 0
    needs: tuple[str, ...] = ()

    def can_find(self, lowered: str, digits: int) -> bool:
        """Whether the recogniser could find anything.

        Args:
            lowered: the text in lower case, after a line break.
            digits: the number of digits in the text, outside placeholders.
        """
        return has_required_parts(lowered, digits, self.min_digits, self.needs)


def recognisers_for(settings: PrivacySettings) -> list[Search]:
    """All recognisers that work by patterns, and the recogniser of Chinese people and addresses."""
    iban, ip, ssn = IbanRecognizer(), IpRecognizer(), UsSsnRecognizer()
    for recogniser in (iban, ip, ssn):
        recogniser.global_regex_flags = FLAGS
    searches = [
        Search(iban, min_digits=4),
        Search(ip, min_digits=1, needs=(".", ":")),
        Search(ssn, min_digits=9),
        Search(EmailRecogniser(), needs=("@",)),
        Search(PhoneRecogniser(), min_digits=5),
        Search(UrlRecogniser(settings.own_domains), needs=("://", "www.")),
        Search(ChineseRecogniser()),
        Search(GreetedRecogniser(), needs=("\ndear", "\nhi", "\nhello", "\nhey")),
        Search(FormatRecogniser(FORMATS)),
    ]
    if settings.order_patterns:
        searches.append(Search(ShopRecogniser("ORDER_ID", "order_patterns", settings.order_patterns, 0.8)))
    if settings.tracking_patterns:
        searches.append(Search(ShopRecogniser("TRACKING_ID", "tracking_patterns", settings.tracking_patterns, 0.85)))
    return searches
