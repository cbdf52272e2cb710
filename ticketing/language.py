"""Which language a ticket is written in, as an ISO 639 code. It knows nothing of what follows from that."""

import re

import py3langid

# A language model is a guess on a few words; below this many letters of the Latin script it is not asked.
ENOUGH_LETTERS = 40
UNKNOWN = "und"

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z]")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
# Enough to tell a language; a long mail need not be read to its end.
_READ_CHARS = 5_000


def detect_language(text: str) -> str:
    """'en', 'zh' or py3langid's code; 'und' for a text without letters.

    The script decides where it can: a Chinese character says as much as a word, so one in three letters is enough,
    and a short text in Latin letters counts as English, since guesses on so little are mostly wrong.
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
    """The language a ticket names, without its region ('zh-CN' → 'zh'); detected where it names none or nonsense."""
    if given is not None and _TAG.fullmatch(given.strip()):
        return re.split("[-_]", given.strip().lower(), maxsplit=1)[0]
    return detect_language(text)
