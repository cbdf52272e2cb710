"""Normalises a text for the recognisers, and maps spans of the normalised text back to the original text.

Normalising undoes what hides a number from a pattern but not from a person: full-width digits, invisible characters
and Chinese numerals.
"""

import re
from typing import NamedTuple

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
# Each replacement is one character for one character, so that offsets stay the same. Full-width forms become ASCII,
# unusual spaces become a space, and unusual dashes become a hyphen. Lone surrogates become the replacement character,
# because tokenizers can't encode them.
_REPLACEMENTS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_REPLACEMENTS |= dict.fromkeys([0, 0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], 0x20)
_REPLACEMENTS |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63], ord("-"))
_REPLACEMENTS |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_NUMERALS = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
# Seven or more numerals in a row count as a spelled-out number. Fewer, as in 三五个 (a few) or 一二三四, do not.
_SPELLED_OUT = re.compile(
    r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d](?:[ -]?[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d]){6,}"
)
_NUMERAL = re.compile(r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]")


class NormalisedText(NamedTuple):
    """A normalised text, and for each of its characters the offset in the original text."""

    text: str
    offsets: list[int] | None  # None: both texts have the same offsets

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Converts a span of the normalised text to the span of the original text. Ends are exclusive."""
        if self.offsets is None or start >= end:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def normalise(text: str) -> NormalisedText:
    """Removes invisible characters, and replaces look-alike characters and spelled-out Chinese numbers."""
    offsets: list[int] | None = None
    normal = text.translate(_REPLACEMENTS)
    if any(ord(character) in _INVISIBLE for character in set(text)):
        offsets = [offset for offset, character in enumerate(normal) if ord(character) not in _INVISIBLE]
        normal = "".join(normal[offset] for offset in offsets)
    if _NUMERAL.search(normal):
        normal = _SPELLED_OUT.sub(lambda match: match.group().translate(_NUMERALS), normal)
    return NormalisedText(normal, offsets)
