"""Normalises a text for the recognisers, and maps spans of it back to the original text.

It finds nothing itself: it only undoes what hides a number from a pattern but not from a person, such as full-width
digits, invisible characters and Chinese numerals.
"""

import re
from typing import NamedTuple

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
# Replaces single characters, so that offsets stay: full-width forms become ASCII, unusual spaces a space, unusual
# dashes a hyphen, and lone surrogates, which tokenizers can't encode, a replacement character.
_REPLACEMENTS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_REPLACEMENTS |= dict.fromkeys([0, 0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], 0x20)
_REPLACEMENTS |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63], ord("-"))
_REPLACEMENTS |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_NUMERALS = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
# Seven or more numerals in a row are a spelled-out number; 三五个 (a few) or 一二三四 are not.
_SPELLED_OUT = re.compile(
    r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d](?:[ -]?[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d]){6,}"
)
_NUMERAL = re.compile(r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]")


class NormalisedText(NamedTuple):
    """A normalised text, and for each of its characters the offset in the original."""

    text: str
    offsets: list[int] | None  # None: all offsets are equal

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of a span in the normalised text; ends are exclusive."""
        if self.offsets is None or start >= end:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def normalise(text: str) -> NormalisedText:
    """The text with invisible characters removed and look-alike characters and Chinese numerals replaced."""
    offsets: list[int] | None = None
    normal = text.translate(_REPLACEMENTS)
    if any(ord(character) in _INVISIBLE for character in set(text)):
        offsets = [offset for offset, character in enumerate(normal) if ord(character) not in _INVISIBLE]
        normal = "".join(normal[offset] for offset in offsets)
    if _NUMERAL.search(normal):
        normal = _SPELLED_OUT.sub(lambda match: match.group().translate(_NUMERALS), normal)
    return NormalisedText(normal, offsets)
