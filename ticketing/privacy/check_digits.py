"""Checks whether a number or a name that a pattern matched is a value of its kind: check digits, dates, lengths.

The patterns are in `ticketing.privacy.formats`.
"""

import re
from datetime import date


def luhn(digits: str) -> bool:
    """Whether the last digit is the correct check digit. Source: ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def is_card(text: str) -> bool:
    """Whether a number can be a payment card's: it has the first digits of an issuer and a correct Luhn check digit.

    Source: ISO/IEC 7812-1; UnionPay issues 62 and 81.
    """
    digits = _digits(text)
    return 13 <= len(digits) <= 19 and bool(re.match(r"3[04-8]|4|5|6[02-9]|2[2-7]|81", digits)) and luhn(digits)


def may_be_card(text: str) -> bool | None:
    """False for a number that can't be a payment card's; None otherwise, because it may be another kind of number."""
    return None if is_card(text) else False


def is_chinese_id(text: str) -> bool | None:
    """Whether a number is a Chinese identity card's; None if only its check digit is wrong.

    People mistype their numbers; the date of birth in it still identifies it as one. Source: GB 11643-1999.
    """
    number = re.sub(r"[^0-9Xx]", "", text).upper()
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if not 1900 <= born.year <= date.today().year:  # noqa: DTZ011 — a year is enough
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11
    return True if "10X98765432"[rest] == number[17] else None


def is_vin(text: str) -> bool | None:
    """Whether seventeen characters are a vehicle identification number. Source: ISO 3779.

    Returns:
        None if the form is right but the check digit is wrong: only North America uses the check digit.
    """
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    number = text.upper()
    if sum(c.isdigit() for c in number) < 4 or sum(c.isalpha() for c in number) < 2:
        return False
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum((values[c] if c in values else int(c)) * weight for c, weight in zip(number, weights, strict=True)) % 11
    return True if "0123456789X"[rest] == number[8] else None


def is_account_like(text: str) -> bool | None:
    """False for an ordinary word or a short number: an account name contains a digit, an underscore or a dot."""
    return None if re.search(r"[0-9_]|\.[a-z]", text) and not re.fullmatch(r"\d{1,5}", text) else False


def has_five_digits(text: str) -> bool | None:
    """False for a value with fewer than five digits, which is too short for an order number."""
    return None if sum(character.isdigit() for character in text) >= 5 else False


def has_digit(text: str) -> bool | None:
    """False for a value without any digit."""
    return None if any(character.isdigit() for character in text) else False
