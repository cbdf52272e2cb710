"""Detects the language of a ticket, as an ISO 639 code."""

import re

import py3langid

# Statistical detection is unreliable on short texts. It is not used on texts with fewer Latin letters than this.
MIN_LATIN_LETTERS = 40
UNKNOWN = "und"

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z]")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
# The beginning of a long mail is enough to detect the language.
_MAX_CHARS = 5_000


def detect_language(text: str) -> str:
    """The code of the language: 'en', 'zh' or another code from py3langid; 'und' for a text without letters.

    If possible, the script decides. A Chinese character carries as much meaning as a word. So a text counts as Chinese
    if at least a third of its letters are Chinese characters. A short text in Latin letters counts as English, because
    py3langid is mostly wrong on short texts.
    """
    start = text[:_MAX_CHARS]
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
    if latin == letters and letters < MIN_LATIN_LETTERS:
        return "en"
    return str(py3langid.classify(start.encode("utf-8", "replace").decode("utf-8"))[0])


def ticket_language(given: str | None, text: str) -> str:
    """The given language without its region ('zh-CN' → 'zh'), or the detected one if the given one can't be used."""
    if given is not None and _TAG.fullmatch(given.strip()):
        return re.split("[-_]", given.strip().lower(), maxsplit=1)[0]
    return detect_language(text)
