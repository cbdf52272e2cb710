"""What is cut from a scrubbed text before a model reads it: quoted mail, signatures, white space.

It goes line by line with patterns anchored to a line, so that its time grows with the text and no faster. (The
reply parsers on offer were tried: they take whatever follows a list item or a "Thanks," for a signature, and minutes
for a page of line breaks.)
"""

import re
from collections.abc import Sequence

from ticketing.privacy.placeholders import PLACEHOLDER

# NUL and half surrogate pairs, which no database takes; other control characters; invisible ones.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

# A line longer than this is a paragraph: neither a header nor part of a signature.
MAX_HEADER_CHARS = 300
_SEPARATOR = re.compile(
    r"[-_=*]{2,} ?(?:original message|(?:begin )?forwarded message|原始?邮件|转发的?邮件) ?[-_=*]{2,}:?|_{20,}",
    re.IGNORECASE,
)
_WROTE = re.compile(r"(?:> ?)*(?:on .{6,280} wrote ?:|(?:在|于)?.{4,280}写道 ?[:：])", re.IGNORECASE)
_WROTE_BEGINS = re.compile(r"(?:> ?)*(?:on .{4,280}|(?:在|于) ?\d{4}.{2,280})", re.IGNORECASE)
_WROTE_ENDS = re.compile(r".{0,280}(?:wrote ?:|写道 ?[:：])", re.IGNORECASE)
_FROM = re.compile(r"\*?(?:from|发件人|寄件人) ?\*? ?[:：].{0,280}", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(?:sent|date|to|cc|subject|发送时间|发件时间|日期|时间|收件人|抄送|主题) ?\*? ?[:：].{0,280}", re.IGNORECASE
)
_HEADER_LINES = 5

_SENT_FROM = re.compile(
    r"sent from my .{1,60}|sent (?:via|with) .{1,60}|get outlook for .{1,40}"
    r"|(?:发自|来自)我的.{1,40}|从我的.{1,40}发送",
    re.IGNORECASE,
)
_DASHES = re.compile(r"--")
# What may follow "-- ": longer than this, the dashes were a ruler in the text.
MAX_SIGNATURE_LINES = 15

_ENGLISH_CLOSINGS = (
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest)? ?(?:regards|wishes)"
    r"|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?"
    r"|all the best|best|cheers|many thanks|thanks(?: a lot| again| so much| in advance)?|thank you(?: very much)?"
    r"|thanks (?:and|&) regards|respectfully)"
)
_CLOSINGS = {
    "en": _ENGLISH_CLOSINGS,
    "zh": _ENGLISH_CLOSINGS
    + r"|此致|敬礼|此致敬礼|(?:顺)?祝(?:好|商祺|安)|祝您?(?:生活|工作)愉快|谢谢|多谢|感谢|期待(?:您的)?回复",
    "de": _ENGLISH_CLOSINGS
    + r"|(?:mit )?(?:freundlichen|besten|vielen|liebe|viele) gr(?:ü|ue)(?:ß|ss)en?|vielen dank|danke",
    "fr": _ENGLISH_CLOSINGS + r"|(?:bien )?cordialement|merci(?: d'avance)?|salutations(?: distinguées)?",
    "es": _ENGLISH_CLOSINGS + r"|(?:un )?(?:cordial )?saludos?|atentamente|(?:muchas )?gracias",
}
_CLOSING = {language: re.compile(f"(?:{words})[ ,.!，。！~]*", re.IGNORECASE) for language, words in _CLOSINGS.items()}
MAX_SIGNED_LINES = 6
MAX_SIGNED_CHARS = 48
# "ACME Ltd." signs, "I am still waiting." does not.
_SENTENCE = re.compile(r".*[?!。？！]|(?:\S+ ){3,}\S*\.")
_ONLY_A_NAME = re.compile(r"[-–—~]? ?<PERSON_\d{1,4}>[.,]?")


def clean(text: str, language: str) -> str:
    """The text without quoted mail, signature and superfluous white space; never empty where something can be read.

    The name under a signature stays when it is a placeholder: the reply greets the customer by it.

    Args:
        text: scrubbed text of any length.
        language: whose closing words ('Best regards', '此致') are known too; English ones always are.
    """
    tidy = normalise(text)
    lines = tidy.split("\n")
    lines = _without_quoted_mail(lines)
    lines = _without_signature(lines, _CLOSING.get(language, _CLOSING["en"]))
    return _joined(lines) or tidy


def without_foreign_signature(reply: str, ticket_text: str) -> str:
    """A cleaned reply without a last line that is only a name which the ticket does not have: the agent's."""
    body, _, last = reply.rpartition("\n")
    named = PLACEHOLDER.search(last)
    if body.strip() and named and _ONLY_A_NAME.fullmatch(last) and named.group() not in ticket_text:
        return body.rstrip()
    return reply


def normalise(text: str) -> str:
    """The text with simple spaces, at most one empty line in a row, and nothing that can't be printed or stored."""
    visible = _UNPRINTABLE.sub("", _LINE_BREAK.sub("\n", text))
    return _joined(_SPACES.sub(" ", visible).split("\n"))


def _joined(lines: Sequence[str]) -> str:
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def _without_quoted_mail(lines: list[str]) -> list[str]:
    kept: list[str] = []
    index = 0
    while index < len(lines):
        length = _quote_header(lines, index)
        if length and _is_marked(lines, index + length):
            # The quoted lines are marked and go below; an answer may stand between or under them.
            index += length
        elif length and any(kept):
            break
        else:
            kept.append(lines[index])
            index += 1
    own = [line for line in kept if not line.startswith(">")]
    return own if any(own) else kept


def _quote_header(lines: list[str], index: int) -> int:
    """How many lines from here on announce quoted mail; 0: none."""
    line = lines[index]
    if not line or len(line) > MAX_HEADER_CHARS:
        return 0
    if _SEPARATOR.fullmatch(line) or _WROTE.fullmatch(line):
        return 1
    following = [other[:MAX_HEADER_CHARS] for other in lines[index + 1 : index + 1 + _HEADER_LINES]]
    if following and _WROTE_BEGINS.fullmatch(line):
        # Mail programs wrap the line that names the sender.
        for extra, other in enumerate(following[:2], 1):
            if _WROTE_ENDS.fullmatch(other):
                return 1 + extra
    if _FROM.fullmatch(line):
        headers = [extra for extra, other in enumerate(following, 1) if _HEADER.fullmatch(other)]
        if len(headers) >= 2:
            return 1 + headers[-1]
    return 0


def _is_marked(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 3] if line), "")
    return following.startswith(">")


def _without_signature(lines: list[str], closing: re.Pattern[str]) -> list[str]:
    lines = [line for line in lines if len(line) > MAX_HEADER_CHARS or not _SENT_FROM.fullmatch(line)]
    while lines and not lines[-1]:
        lines.pop()
    for index in range(max(1, len(lines) - MAX_SIGNATURE_LINES - 1), len(lines)):
        if _DASHES.fullmatch(lines[index]):
            return _cut(lines, index)
    for index in range(max(1, len(lines) - 2 * MAX_SIGNED_LINES), len(lines)):
        line = lines[index]
        if len(line) <= MAX_SIGNED_CHARS and closing.fullmatch(line) and _is_signature(lines[index + 1 :]):
            return _cut(lines, index)
    return lines


def _is_signature(lines: list[str]) -> bool:
    filled = [line for line in lines if line]
    return len(filled) <= MAX_SIGNED_LINES and all(
        len(line) <= MAX_SIGNED_CHARS and (PLACEHOLDER.search(line) or not _SENTENCE.fullmatch(line)) for line in filled
    )


def _cut(lines: list[str], index: int) -> list[str]:
    if not any(lines[:index]):
        return lines
    name = [line for line in lines[index:] if _ONLY_A_NAME.fullmatch(line)][:1]
    return lines[:index] + name
