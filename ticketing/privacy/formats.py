"""The formats of identifying numbers and account names, as patterns.

`ticketing.privacy.check_digits` checks what they match; `ticketing.privacy.recognisers` makes a recogniser of them.
"""

from collections.abc import Callable
from typing import NamedTuple

from ticketing.privacy.announcements import ACCOUNT, BANK, BIRTH, MESSENGER, NATIONAL_ID, ORDER, PHONE
from ticketing.privacy.check_digits import (
    has_digit,
    has_five_digits,
    is_account_like,
    is_chinese_id,
    is_vin,
    may_be_card,
)

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


def has_required_parts(lowered: str, digits: int, min_digits: int, needs: tuple[str, ...]) -> bool:
    """Whether a text in lower case has enough digits and one of the parts that it needs, if it needs any."""
    return digits >= min_digits and (not needs or any(part in lowered for part in needs))


class Format(NamedTuple):
    """One way to write a value of a kind.

    `check` decides whether a match is a value of this kind: True is certain, False discards the match, and None keeps
    the format's own score. To save time, the pattern is not searched for in a text that has fewer than `min_digits`
    digits, or none of the parts that it `needs` (alternatives in lower case).
    """

    kind: str
    pattern: str
    score: float = 0.7
    check: Callable[[str], bool | None] | None = None
    min_digits: int = 1
    needs: tuple[str, ...] = ()

    def can_match(self, lowered: str, digits: int) -> bool:
        """Whether the pattern could match a text, given the text in lower case and its number of digits."""
        return has_required_parts(lowered, digits, self.min_digits, self.needs)


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

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_PLATE = r"(?-i:(?=[A-Z0-9 -]{0,8}\d)(?=[A-Z0-9 -]{0,8}[A-Z])[A-Z0-9](?:[ -]?[A-Z0-9]){3,8})(?![A-Za-z0-9])"
_PHONE = r"\+?\(?\d(?:[ .\-–/()]{0,2}\d){5,15}(?! ?[\d%€$£]|[.,]\d)(?: ?(?:x|ext\.?|转) ?\d{1,6})?"

FORMATS = (
    Format(
        "ORDER_ID",
        _announced(ORDER.pattern, r"#?[A-Z0-9](?:-?[A-Z0-9]){4,23}(?![\w])"),
        check=has_five_digits,
        min_digits=5,
        needs=ORDER.parts,
    ),
    Format(
        "PHONE_NUMBER",
        _announced(PHONE.pattern, _PHONE),
        0.6,
        min_digits=6,
        needs=PHONE.parts,
    ),
    Format(
        "PHONE_NUMBER",
        r"(?<![\w.])\(\+?\d{1,5}\)[ .-]?\d{2,5}(?:[ .-]\d{2,5}){1,3}(?!\d)",
        0.6,
        min_digits=5,
        needs=("(",),
    ),
    Format(
        "PHONE_NUMBER",
        r"(?<![\w.])\+?\d(?:[ .()-]{0,2}\d){5,15} ?(?:x|ext\.? ?)\d{2,6}(?!\w)",
        0.6,
        min_digits=8,
        needs=("x",),
    ),
    Format(
        "PHONE_NUMBER",
        r"(?<![\w.])\+?\d(?:[ .()-]{0,2}\d){5,15}(?=[ ,-]{1,2}(?:office|fax|home|cell|mobile|work|tel)\b)",
        0.6,
        min_digits=6,
        needs=("office", "fax", "home", "cell", "mobile", "work", "tel"),
    ),
    Format("CREDIT_CARD", rf"(?<![\w.]){_DIGITS}{{12,18}}(?!\d)", check=may_be_card, min_digits=13),
    Format(
        "CREDIT_CARD",
        _announced(r"\bcard(?: number| no\.?)|银行卡号?|储蓄卡|信用卡|卡号|借记卡", rf"{_DIGITS}{{11,18}}(?!\d)"),
        min_digits=12,
        needs=("card", "卡"),
    ),
    Format("CREDIT_CARD", r"银行[^\d\n。，；]{0,6}\K\d{15,19}(?!\d)", min_digits=15, needs=("银行",)),
    Format(
        "BANK_ACCOUNT",
        _announced(BANK.pattern, rf"{_DIGITS}{{5,18}}(?!\d)"),
        0.6,
        min_digits=6,
        needs=BANK.parts,
    ),
    Format(
        "CN_ID_CARD",
        rf"(?<!\d)[1-9]\d{{5}}{_GAP}(?:18|19|20)\d{{2}}{_GAP}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}"
        r"\d{3}[\dXx](?![\dA-Za-z])",
        0.75,
        is_chinese_id,
        min_digits=17,
    ),
    Format(
        "CN_ID_CARD",
        _announced(r"身份证(?:号码?)?", r"[1-9]\d{14}(?:\d{2}[\dXx])?(?![\dA-Za-z])"),
        min_digits=15,
        needs=("身份证",),
    ),
    Format(
        "PASSPORT",
        _near("passport|护照|通行证|回乡证", 24, r"[A-Z]{0,2}\d{6,10}"),
        min_digits=6,
        needs=("passport", "护照", "通行证", "回乡证"),
    ),
    Format(
        "NATIONAL_ID",
        _alone(r"(?-i:(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D])"),
        min_digits=6,
    ),
    Format("NATIONAL_ID", _alone(r"(?-i:[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])"), 0.8, min_digits=7),
    Format(
        "NATIONAL_ID",
        _announced(NATIONAL_ID.pattern, _TOKEN),
        0.6,
        has_digit,
        needs=NATIONAL_ID.parts,
    ),
    Format(
        "DRIVER_LICENSE",
        _near(r"\bdriv\w{0,4}['’]?s? licen[cs]e|\bDL\b|驾驶证|驾照", 30, r"[A-Z]{0,5}\d{5,17}[A-Z0-9]{0,4}"),
        min_digits=5,
        needs=("driv", "dl", "驾驶证", "驾照"),
    ),
    Format(
        "LICENSE_PLATE",
        rf"[{_PROVINCES}][A-Z][·. -]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])",
        0.8,
        has_digit,
        needs=tuple(_PROVINCES),
    ),
    Format(
        "LICENSE_PLATE",
        _announced(r"\b(?:licen[cs]e|number) plates?|\bplate|\bregistration|车牌号?", _PLATE),
        needs=("plate", "registration", "车牌"),
    ),
    Format(
        "DEVICE_ID",
        _alone(r"[0-9A-F]{2}(?:[:-][0-9A-F]{2}){5}(?![:-]?[0-9A-F])"),
        0.8,
        min_digits=0,
        needs=(":", "-"),
    ),
    Format("DEVICE_ID", _alone(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}"), 0.8, min_digits=0, needs=("-",)),
    Format(
        "DEVICE_ID",
        _announced(r"\bimei|设备号", r"\d(?:[ -]?\d){14}(?!\d)"),
        0.8,
        min_digits=15,
        needs=("imei", "设备号"),
    ),
    Format(
        "DEVICE_ID",
        _announced(r"\bserial(?: number| no\.?)?|\bs/n|\bdevice id|序列号|设备号", _TOKEN),
        check=has_digit,
        needs=("serial", "s/n", "device id", "序列号", "设备号"),
    ),
    Format(
        "VEHICLE_ID",
        _near(r"\bvin\b|vehicle identification number|chassis number|车架号", 15, "[A-HJ-NPR-Z0-9]{17}"),
        check=has_digit,
        needs=("vin", "vehicle identification number", "chassis number", "车架号"),
    ),
    Format("VEHICLE_ID", _alone("(?-i:[A-HJ-NPR-Z0-9]{17})"), 0.3, is_vin, min_digits=4),
    Format(
        "DATE_OF_BIRTH",
        rf"(?:{BIRTH.pattern})[^\d\n]{{0,12}}?\K{_DATE}",
        0.8,
        min_digits=2,
        needs=BIRTH.parts,
    ),
    Format("DATE_OF_BIRTH", r"\d{4}年\d{1,2}月(?:\d{1,2}日)?(?=出?生)", 0.8, min_digits=5, needs=("年",)),
    Format("IM_ID", _NO_WORD_BEFORE + r"wx(?:id)?_[A-Z0-9_-]{4,24}", 0.8, min_digits=0, needs=("wx",)),
    Format(
        "IM_ID",
        _announced(r"微信|\bwe-?chat|(?<!\w)[Vv]信|加微", r"[A-Z][-_A-Z0-9]{5,19}(?![\w-])"),
        check=is_account_like,
        min_digits=0,
        needs=("微信", "chat", "v信", "加微"),
    ),
    Format("IM_ID", _announced(r"(?<![A-Za-z])QQ群?", r"[1-9]\d{4,11}(?!\d)"), 0.8, min_digits=5, needs=("qq",)),
    Format(
        "IM_ID",
        rf"(?:{MESSENGER.pattern})(?:号|账号|id)?:\s{{0,2}}\K{_ACCOUNT}",
        min_digits=0,
        needs=MESSENGER.parts,
    ),
    Format("IM_ID", r"(?<![\w./@])@[A-Z_]\w{2,29}(?![\w@]|\.\w)", 0.6, min_digits=0, needs=("@",)),
    Format("USERNAME", rf"(?:{ACCOUNT.pattern})[:=][ \t]{{0,3}}[\"'“]?\K{_ACCOUNT}", min_digits=0, needs=ACCOUNT.parts),
    Format(
        "USERNAME",
        _announced(rf"{ACCOUNT.pattern}|\baccount|\buser|用户", _ACCOUNT),
        0.6,
        is_account_like,
        min_digits=0,
        needs=(*ACCOUNT.parts, "account", "用户"),
    ),
    Format(
        "EMAIL_ADDRESS",
        rf"{_NO_WORD_BEFORE}[A-Z0-9][A-Z0-9._+-]{{0,40}} ?(?:\(at\)|\[at\]|\{{at\}}|<at>|艾特) ?"
        rf"[A-Z0-9-]{{1,40}}(?: ?{_DOT} ?[A-Z]{{2,12}}){{1,3}}",
        0.8,
        min_digits=0,
        needs=("(at)", "[at]", "{at}", "<at>", "艾特"),
    ),
    Format(
        "EMAIL_ADDRESS",
        rf"{_NO_WORD_BEFORE}[A-Z0-9][A-Z0-9._+-]{{0,40}}(?: (?:dot|underscore|dash) [A-Z0-9]{{1,20}}){{0,3}} at "
        r"[A-Z0-9-]{1,40}(?: dot (?!(?:at|in|is|it|me|my|no|so|to|be|us|am|by|do|as|on)\b)[A-Z]{2,12}){1,3}",
        0.8,
        min_digits=0,
        needs=(" dot ",),
    ),
    Format(
        "EMAIL_ADDRESS",
        r"(?:\be-?mail(?: address)?|邮箱)(?: is| at|:){0,2} \K(?!(?:me|us|is|at|to|him|her|them|address|from|it|the)\b)"
        r"[A-Z0-9][\w.+-]{1,30} [A-Z0-9][\w.+-]{0,40}@[A-Z0-9-]{1,63}(?:\.[A-Z0-9-]{2,63}){1,3}",
        0.8,
        min_digits=0,
        needs=("@",),
    ),
)
