"""Detects the language of a ticket, as an ISO 639 code. Which languages are routed or drafted is decided elsewhere."""

import re

import py3langid

# Statistical detection is unreliable on short texts: below this many Latin letters it is not used.
ENOUGH_LETTERS = 40
UNKNOWN = "und"

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z]")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
# The start of a long mail suffices to detect its language.
_READ_CHARS = 5_000


def detect_language(text: str) -> str:
    """'en', 'zh' or another code from py3langid; 'und' for a text without letters.

    The script decides if possible. A Chinese character carries as much meaning as a word, so a text in which one letter
    in three is Chinese counts as Chinese. A short text in Latin letters counts as English, because py3langid is mostly
    wrong on short texts.
    """
    start = text[:_READ_CHARS]
    letters = sum(character.isalpha() for character in start)
    if not letters:
        return UNKNOWN
    if len(_KANA.findall(start)) * 10 >= letters:
        return "ja"
    if len(_HANGUL.findall(start)) * 3 >= letters:
        return "ko"
    if len(_HAN.findall(start)) * 3 >= letters:
        return "zh"
    latin = len(_LATIN.findall(start))
    if latin == letters and letters < ENOUGH_LETTERS:
        return "en"
    return str(py3langid.classify(start.encode("utf-8", "replace").decode("utf-8"))[0])


def ticket_language(given: str | None, text: str) -> str:
    """The given language without its region ('zh-CN' → 'zh'); the detected one if none or an invalid one is given."""
    if given is not None and _TAG.fullmatch(given.strip()):
        return re.split("[-_]", given.strip().lower(), maxsplit=1)[0]
    return detect_language(text)
