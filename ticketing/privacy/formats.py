"""The formats of identifying numbers and account names, as patterns, and the checks of their check digits.

`ticketing.privacy.recognisers` turns the patterns into a recogniser.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

# A separator within a number: a space, a dash, a dot or a line break.
_GAP = r"(?:[ .\-]|\r?\n)?"
_NO_WORD_BEFORE = r"(?<![A-Za-z0-9])"
_NO_WORD_AFTER = r"(?![A-Za-z0-9])"
# The text between the word that announces a value ('passport', 护照) and the value.
_BETWEEN = (
    r"[ \t]{0,3}(?:(?:is|was|are|number|no\.?|nr\.?|num|id|code|号码?|编号|码|是|为|叫)[ \t]{0,3}){0,2}"
    r"[:：=#]?[ \t]{0,3}[\"'“(]?"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    rf"(?:\d{{4}}[-/.年]\s?\d{{1,2}}[-/.月]\s?\d{{1,2}}日?|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|"
    r"\d{1,2}月\d{1,2}日)"
)


# Kinds whose values can consist of letters alone.
KINDS_WITHOUT_DIGITS = frozenset({"EMAIL_ADDRESS", "USERNAME", "IM_ID", "DEVICE_ID"})


class Format(NamedTuple):
    """One way to write a value of a kind.

    `check` decides whether a match is a value of this kind: True is certain, False discards the match, and None keeps
    the format's own score.
    """

    kind: str
    pattern: str
    score: float = 0.7
    check: Callable[[str], bool | None] | None = None

    @property
    def has_digit(self) -> bool:
        """Whether every value of this kind contains a digit."""
        return self.kind not in KINDS_WITHOUT_DIGITS


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


def _announced(words: str, value: str) -> str:
    """A value directly after one of the announcing words; only the value is the match."""
    return rf"(?:{words}){_BETWEEN}\K{value}"


def _near(words: str, reach: int, value: str) -> str:
    """A value in the same sentence, at most `reach` characters after one of the announcing words."""
    return rf"(?:{words})[^\n。;；]{{0,{reach}}}?\K{_NO_WORD_BEFORE}{value}{_NO_WORD_AFTER}"


def _alone(value: str) -> str:
    return f"{_NO_WORD_BEFORE}{value}{_NO_WORD_AFTER}"


_TOKEN = _alone(r"[A-Z0-9](?:[A-Z0-9]|(?:[-./]| (?=\S{0,8}\d))(?=[A-Z0-9])){4,22}")
_ACCOUNT = r"\w[\w.@-]{1,38}\w"
_DIGITS = rf"\d(?:{_GAP}\d)"
_DOT = r"(?:\.|\(dot\)|\[dot\]|\{dot\}|<dot>| dot |点)"

URLS = (
    r"(?:https?|ftp)://[^\s<>\"'“”，。；、！？（）()\[\]{}]{3,1000}(?<![.,;:!?])",
    _NO_WORD_BEFORE
    + r"(?<!@)www\.[A-Z0-9-]{1,63}(?:\.[A-Z0-9-]{1,63}){1,4}(?:/[^\s<>\"'，。；、）)]{0,500}(?<![.,;:!?]))?",
)

_NATIONAL_ID_WORDS = (
    r"\bnational (?:id(?:entity)?|insurance)(?: card| number| no\.?)?|\bid(?:entity)?(?: card)? (?:number|no\.?)|"
    r"\bid(?:entity)? card|\bsocial security(?: number| no\.?)?|\bssn|"
    r"\btax(?:payer)? (?:id|identification|file)(?: number| no\.?)?|\bsteuer-?(?:id|nummer)|\bpersonnummer|\bpesel|"
    r"\bbsn|\bdni|\bnie|\bcpf|\bcurp|\bnhs(?: number| no\.?)?|\baadhaar(?: number)?|\btfn|\bmedicare(?: number)?"
)
_ACCOUNT_WORDS = (
    r"\buser ?(?:name|id)|\blog-?in(?: ?name)?|\bscreen ?name|\bnick(?:name)?|\bhandle|\bmember ?(?:name|id)|"
    r"用户名|账号|帐号|昵称|登录名|会员名|账户名"
)
_BANK_WORDS = r"\baccount(?: number| no\.?)|\bsort code|\brouting(?: number)?|银行账[户号]|收款账[户号]|对公账[户号]"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_PLATE = r"(?-i:(?=[A-Z0-9 -]{0,8}\d)(?=[A-Z0-9 -]{0,8}[A-Z])[A-Z0-9](?:[ -]?[A-Z0-9]){3,8})(?![A-Za-z0-9])"
_BIRTH_WORDS = r"\bborn(?: on)?|\bbirth ?(?:day|date)|\bdate of birth|\bd\.?o\.?b\b\.?|出生(?:日期|年月日?|于)?|生日"
_MESSENGER_WORDS = r"\btelegram|\bskype|\bline id|\binstagram|\bsnapchat|\bdiscord|\bwhatsapp|微博|抖音|支付宝|旺旺"

_ORDER_WORDS = r"\b(?:order|purchase|booking|reservation|invoice)(?: number| no\.?| id)?|订单号?|单号"
_PHONE_WORDS = (
    r"\b(?:phone|tel(?:ephone)?|mobile|cell(?:phone)?|fax|contact|whatsapp)(?: number| no\.?)?|\bmy number|"
    r"\b(?:call|reach|ring|text|phone|dial|answer)(?:ing)?(?: me| us| him| her| them)?(?: back)?(?: on| at)?|"
    r"电话号?码?|手机号?码?|联系方式|座机|致电|拨打"
)
_PHONE = r"\+?\(?\d(?:[ .\-–/()]{0,2}\d){5,15}(?! ?[\d%€$£]|[.,]\d)(?: ?(?:x|ext\.?|转) ?\d{1,6})?"

FORMATS = (
    Format("ORDER_ID", _announced(_ORDER_WORDS, r"#?[A-Z0-9](?:-?[A-Z0-9]){4,23}(?![\w])"), check=has_five_digits),
    Format("PHONE_NUMBER", _announced(_PHONE_WORDS, _PHONE), 0.6),
    Format("PHONE_NUMBER", r"(?<![\w.])\(\+?\d{1,5}\)[ .-]?\d{2,5}(?:[ .-]\d{2,5}){1,3}(?!\d)", 0.6),
    Format("PHONE_NUMBER", r"(?<![\w.])\+?\d(?:[ .()-]{0,2}\d){5,15} ?(?:x|ext\.? ?)\d{2,6}(?!\w)", 0.6),
    Format(
        "PHONE_NUMBER",
        r"(?<![\w.])\+?\d(?:[ .()-]{0,2}\d){5,15}(?=[ ,-]{1,2}(?:office|fax|home|cell|mobile|work|tel)\b)",
        0.6,
    ),
    Format("CREDIT_CARD", rf"(?<![\w.]){_DIGITS}{{12,18}}(?!\d)", check=may_be_card),
    Format(
        "CREDIT_CARD",
        _announced(r"\bcard(?: number| no\.?)|银行卡号?|储蓄卡|信用卡|卡号|借记卡", rf"{_DIGITS}{{11,18}}(?!\d)"),
    ),
    Format("CREDIT_CARD", r"银行[^\d\n。，；]{0,6}\K\d{15,19}(?!\d)"),
    Format("BANK_ACCOUNT", _announced(_BANK_WORDS, rf"{_DIGITS}{{5,18}}(?!\d)"), 0.6),
    Format(
        "CN_ID_CARD",
        rf"(?<!\d)[1-9]\d{{5}}{_GAP}(?:18|19|20)\d{{2}}{_GAP}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}"
        r"\d{3}[\dXx](?![\dA-Za-z])",
        0.75,
        is_chinese_id,
    ),
    Format("CN_ID_CARD", _announced(r"身份证(?:号码?)?", r"[1-9]\d{14}(?:\d{2}[\dXx])?(?![\dA-Za-z])")),
    Format("PASSPORT", _near("passport|护照|通行证|回乡证", 24, r"[A-Z]{0,2}\d{6,10}")),
    Format(
        "NATIONAL_ID", _alone(r"(?-i:(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D])")
    ),
    Format("NATIONAL_ID", _alone(r"(?-i:[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])"), 0.8),
    Format("NATIONAL_ID", _announced(_NATIONAL_ID_WORDS, _TOKEN), 0.6, has_digit),
    Format(
        "DRIVER_LICENSE",
        _near(r"\bdriv\w{0,4}['’]?s? licen[cs]e|\bDL\b|驾驶证|驾照", 30, r"[A-Z]{0,5}\d{5,17}[A-Z0-9]{0,4}"),
    ),
    Format(
        "LICENSE_PLATE",
        rf"[{_PROVINCES}][A-Z][·. -]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])",
        0.8,
        has_digit,
    ),
    Format("LICENSE_PLATE", _announced(r"\b(?:licen[cs]e|number) plates?|\bplate|\bregistration|车牌号?", _PLATE)),
    Format("DEVICE_ID", _alone(r"[0-9A-F]{2}(?:[:-][0-9A-F]{2}){5}(?![:-]?[0-9A-F])"), 0.8),
    Format("DEVICE_ID", _alone(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}"), 0.8),
    Format("DEVICE_ID", _announced(r"\bimei|设备号", r"\d(?:[ -]?\d){14}(?!\d)"), 0.8),
    Format(
        "DEVICE_ID", _announced(r"\bserial(?: number| no\.?)?|\bs/n|\bdevice id|序列号|设备号", _TOKEN), check=has_digit
    ),
    Format(
        "VEHICLE_ID", _near(r"\bvin\b|vehicle identification number|chassis number|车架号", 15, "[A-HJ-NPR-Z0-9]{17}")
    ),
    Format("VEHICLE_ID", _alone("(?-i:[A-HJ-NPR-Z0-9]{17})"), 0.3, is_vin),
    Format("DATE_OF_BIRTH", rf"(?:{_BIRTH_WORDS})[^\d\n]{{0,12}}?\K{_DATE}", 0.8),
    Format("DATE_OF_BIRTH", r"\d{4}年\d{1,2}月(?:\d{1,2}日)?(?=出?生)", 0.8),
    Format("IM_ID", _NO_WORD_BEFORE + r"wx(?:id)?_[A-Z0-9_-]{4,24}", 0.8),
    Format(
        "IM_ID",
        _announced(r"微信|\bwe-?chat|(?<!\w)[Vv]信|加微", r"[A-Z][-_A-Z0-9]{5,19}(?![\w-])"),
        check=is_account_like,
    ),
    Format("IM_ID", _announced(r"(?<![A-Za-z])QQ群?", r"[1-9]\d{4,11}(?!\d)"), 0.8),
    Format("IM_ID", rf"(?:{_MESSENGER_WORDS})(?:号|账号|id)?:\s{{0,2}}\K{_ACCOUNT}"),
    Format("IM_ID", r"(?<![\w./@])@[A-Z_]\w{2,29}(?![\w@]|\.\w)", 0.6),
    Format("USERNAME", rf"(?:{_ACCOUNT_WORDS})[:=][ \t]{{0,3}}[\"'“]?\K{_ACCOUNT}"),
    Format("USERNAME", _announced(rf"{_ACCOUNT_WORDS}|\baccount|\buser|用户", _ACCOUNT), 0.6, is_account_like),
    Format(
        "EMAIL_ADDRESS",
        rf"{_NO_WORD_BEFORE}[A-Z0-9][A-Z0-9._+-]{{0,40}} ?(?:\(at\)|\[at\]|\{{at\}}|<at>|艾特) ?"
        rf"[A-Z0-9-]{{1,40}}(?: ?{_DOT} ?[A-Z]{{2,12}}){{1,3}}",
        0.8,
    ),
    Format(
        "EMAIL_ADDRESS",
        rf"{_NO_WORD_BEFORE}[A-Z0-9][A-Z0-9._+-]{{0,40}}(?: (?:dot|underscore|dash) [A-Z0-9]{{1,20}}){{0,3}} at "
        r"[A-Z0-9-]{1,40}(?: dot (?!(?:at|in|is|it|me|my|no|so|to|be|us|am|by|do|as|on)\b)[A-Z]{2,12}){1,3}",
        0.8,
    ),
    Format(
        "EMAIL_ADDRESS",
        r"(?:\be-?mail(?: address)?|邮箱)(?: is| at|:){0,2} \K(?!(?:me|us|is|at|to|him|her|them|address|from|it|the)\b)"
        r"[A-Z0-9][\w.+-]{1,30} [A-Z0-9][\w.+-]{0,40}@[A-Z0-9-]{1,63}(?:\.[A-Z0-9-]{2,63}){1,3}",
        0.8,
    ),
)
