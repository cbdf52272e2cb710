"""A text as the recognisers read it: disguises taken off, every character still traceable to where it came from.

Full-width digits, invisible characters and numbers spelled in Chinese hide a telephone number from a pattern, but not
from a person.
"""

import re
from typing import NamedTuple

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
# One character for one: full-width forms as ASCII, odd spaces as a space, half a surrogate pair, which spaCy can't
# encode, as a replacement character.
_AS_READ = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_AS_READ |= dict.fromkeys([0, 0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], 0x20)
_AS_READ |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63], ord("-"))
_AS_READ |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_NUMERALS = str.maketrans("〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
# Seven in a row are a number that was dictated; 三五个 or 一二三四 are not.
_DICTATED = re.compile(
    r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d](?:[ -]?[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖\d]){6,}"
)
_NUMERAL = re.compile(r"[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]")


class NormalisedText(NamedTuple):
    """A text as it is read, and for each of its characters the place in the original; one place more for the end."""

    text: str
    offsets: list[int] | None  # None: every character is where it was

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the reading is in the original; end exclusive."""
        if self.offsets is None or start >= end:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def normalise(text: str) -> NormalisedText:
    """Takes the disguises off a text."""
    offsets: list[int] | None = None
    seen = text.translate(_AS_READ)
    if any(ord(character) in _INVISIBLE for character in set(text)):
        offsets = [place for place, character in enumerate(seen) if ord(character) not in _INVISIBLE]
        seen = "".join(seen[place] for place in offsets)
    if _NUMERAL.search(seen):
        seen = _DICTATED.sub(lambda run: run.group().translate(_NUMERALS), seen)
    return NormalisedText(seen, offsets)
