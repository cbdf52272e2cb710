"""Cuts quoted mail, signatures and superfluous white space from a scrubbed text, before a model reads the text.

Each pattern is matched against single lines, so that the time is linear in the length of the text.
`ticketing.stages.signatures` recognises signatures.

Existing reply parsers were tried and rejected: they take everything after a list item or a "Thanks," for a signature,
and need minutes for a page of line breaks.
"""

import re
from collections.abc import Sequence

from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.stages.signatures import is_closing, is_signature

# NUL and lone surrogates, which Postgres can't store; other control characters; invisible characters.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

# A longer line is a paragraph, not a mail header.
MAX_HEADER_CHARS = 300
_DASHED_HEADERS = (
    r"original message|原始?邮件|urspr(?:ü|ue)ngliche nachricht|message d'origine|mensaje original",
    r"(?:begin )?forwarded message|转发的?邮件|weitergeleitete nachricht|message transféré|mensaje reenviado",
)
_REPLIED, _FORWARDED = (
    re.compile(rf"[-_=*]{{2,}} ?(?:{words}) ?[-_=*]{{2,}}:?", re.IGNORECASE) for words in _DASHED_HEADERS
)
_RULER = re.compile(r"_{20,}")
_WROTE_ENDS = re.compile(r".{0,280}(?:wrote|写道|a écrit|escribió|schrieb.{0,200}) ?[:：]", re.IGNORECASE)
_WROTE_BEGINS = re.compile(r"(?:> ?)*(?:(?:on|am|le|el) |在|于|.{0,100}于 ?\d{4}).{4,280}", re.IGNORECASE)
# Mail programs write the time of day or an e-mail address into this line. People do not.
_WROTE_BY_PROGRAM = re.compile(r"\d ?[:h时] ?\d\d|<EMAIL_ADDRESS_|@", re.IGNORECASE)
_FROM = re.compile(r"\*?(?:from|von|de|发件人|寄件人) ?\*? ?[:：].{0,280}", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(?:date|to|cc|datum|an|à|para|fecha|日期|时间|收件人|抄送) ?\*? ?[:：].{0,280}", re.IGNORECASE
)
# Every mail program writes at least one of these headers. Lines without any of them, such as "From: Boston, To: Austin,
# Date: today", are a list that the customer wrote.
_REQUIRED_HEADER = re.compile(
    r"\*?(?:sent|subject|gesendet|betreff|envoyé|objet|enviado|asunto|发送时间|发件时间|主题) ?\*? ?[:：].{0,280}",
    re.IGNORECASE,
)
_HEADER_LINES = 5

# Whole lines that telephones and mail programs add. "Sent from my old address, use the new one" must not match.
_DEVICE = (
    r"(?:iphone|ipad|mac(?:book)?|(?:mobile |smart)?phone|mobile(?: device)?|handy|tablet|blackberry|android|windows"
    r"|samsung|galaxy|huawei|xiaomi|pixel|oppo|vivo|小米|华为|苹果|荣耀|三星)?"
    r"(?: ?(?:galaxy|note|mi|redmi|pro|plus|ultra|lite|mini|max|phone|smartphone|device|tablet|mobile|手机|平板"
    r"|[a-z]?\d{1,4}[a-z]?)){0,4}"
)
_PROGRAM = r"(?:outlook|mail|gmail|yahoo|proton ?mail|gmx|web\.de|aol|spark|thunderbird)"
_SENT_FROM = re.compile(
    rf"(?:sent from my|gesendet von (?:meinem|mein)|envoyé de(?:puis)? mon|enviado desde mi) {_DEVICE}[.!]?"
    rf"|von meinem {_DEVICE} gesendet[.!]?|(?:发自|来自)我的 ?{_DEVICE}|从我的 ?{_DEVICE} ?发送"
    rf"|(?:sent (?:via|with|from)|gesendet mit(?: der)?|envoyé (?:avec|depuis)|enviado (?:con|desde)) {_PROGRAM}"
    r"(?: (?:app|mobile|mail|for|für|pour|para|on|android|ios|iphone)){0,4}[.!]?"
    r"|get outlook for (?:ios|android|mac|windows)",
    re.IGNORECASE,
)
_DASHES = re.compile(r"--")
# If more lines than this follow "-- ", the dashes are a ruler in the text, not the beginning of a signature.
MAX_SIGNATURE_LINES = 15
_ONLY_A_NAME = re.compile(r"[-–—~]? ?<PERSON_\d{1,4}>[.,]?")


def clean(text: str, language: str) -> str:
    """The text without quoted mail, signature and superfluous white space. The result is empty only for a blank text.

    A placeholder for the customer's name in the signature stays, because the reply greets the customer by name.

    Args:
        text: scrubbed text of any length.
        language: the closing formulas of this language ('此致') are recognised, and English ones ('Best regards').
    """
    normalised = normalise(text)
    lines = normalised.split("\n")
    lines = _without_quoted_mail(lines)
    lines = _without_signature(lines, language)
    return _joined(lines) or normalised


def without_agent_signature(reply: str, ticket_text: str) -> str:
    """A cleaned reply without its last line, if that line is only the human agent's name.

    A name that does not occur in the ticket is taken for the agent's.
    """
    body, _, last_line = reply.rpartition("\n")
    name = PLACEHOLDER.search(last_line)
    if body.strip() and name and _ONLY_A_NAME.fullmatch(last_line) and name.group() not in ticket_text:
        return body.rstrip()
    return reply


def normalise(text: str) -> str:
    """The text with single spaces and single empty lines, and without characters that can't be printed or stored."""
    visible = _UNPRINTABLE.sub("", _LINE_BREAK.sub("\n", text))
    return _joined(_SPACES.sub(" ", visible).split("\n"))


def _joined(lines: Sequence[str]) -> str:
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def _without_quoted_mail(lines: list[str]) -> list[str]:
    kept: list[str] = []
    index, quotes = 0, sum(line.startswith(">") for line in lines)
    while index < len(lines):
        length = _forwarded_header(lines, index)
        if length:
            # A forwarded mail is kept, because it is often the request itself.
            kept += lines[index : index + length]
            index += length
            continue
        length, by_program = _quote_header(lines, index)
        if length and _quote_mark_follows(lines, index + length):
            # The quoted lines begin with ">" and are removed below. The lines between and after them are an answer.
            quotes += 1
            index += length
        elif length and by_program and any(kept):
            break
        else:
            kept.append(lines[index])
            index += 1
    # If only one line begins with ">", and no header announces it, the customer may have written it, as in
    # "> 3 weeks of waiting".
    unquoted = [line for line in kept if quotes < 2 or not line.startswith(">")]
    return unquoted if any(unquoted) else kept


def _forwarded_header(lines: list[str], index: int) -> int:
    """How many lines from this index on announce a forwarded mail; 0 if the line at the index does not."""
    if len(lines[index]) > MAX_HEADER_CHARS or not _FORWARDED.fullmatch(lines[index]):
        return 0
    next_filled = next((offset for offset, line in enumerate(lines[index + 1 : index + 4], 1) if line), 0)
    return 1 + (next_filled - 1 + _mail_header(lines, index + next_filled) if next_filled else 0)


def _quote_header(lines: list[str], index: int) -> tuple[int, bool]:
    """How many lines from this index on announce quoted mail (or 0), and whether a mail program wrote these lines."""
    line = lines[index]
    if not line or len(line) > MAX_HEADER_CHARS:
        return 0, False
    if _REPLIED.fullmatch(line):
        return 1, True
    if _RULER.fullmatch(line):
        header = _mail_header(lines, index + 1)
        return (1 + header if header else 0), True
    if _WROTE_BEGINS.fullmatch(line):
        # Mail programs wrap the line "On … somebody wrote:" if it is long.
        for offset, last_line in enumerate(lines[index : index + 3]):
            if len(last_line) <= MAX_HEADER_CHARS and _WROTE_ENDS.fullmatch(last_line):
                by_program = any(_WROTE_BY_PROGRAM.search(part) for part in lines[index : index + offset + 1])
                return (1 + offset if by_program or not offset else 0), by_program
    return _mail_header(lines, index), True


def _mail_header(lines: list[str], index: int) -> int:
    """How many lines from this index on are a mail header, "From: …" and the lines below it; 0 if there is none."""
    if index >= len(lines) or len(lines[index]) > MAX_HEADER_CHARS or not _FROM.fullmatch(lines[index]):
        return 0
    following = [line[:MAX_HEADER_CHARS] for line in lines[index + 1 : index + 1 + _HEADER_LINES]]
    required = [offset for offset, line in enumerate(following, 1) if _REQUIRED_HEADER.fullmatch(line)]
    headers = required + [offset for offset, line in enumerate(following, 1) if _HEADER.fullmatch(line)]
    return 1 + max(headers) if required and len(headers) >= 2 else 0


def _quote_mark_follows(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 3] if line), "")
    return following.startswith(">")


def _without_signature(lines: list[str], language: str) -> list[str]:
    lines = [line for line in lines if len(line) > MAX_HEADER_CHARS or not _SENT_FROM.fullmatch(line)]
    while lines and not lines[-1]:
        lines.pop()
    for index in range(max(1, len(lines) - MAX_SIGNATURE_LINES - 1), len(lines)):
        dashes = bool(_DASHES.fullmatch(lines[index]))
        if (dashes or is_closing(lines[index], language)) and is_signature(lines[index + 1 :], language, dashes):
            return _cut_but_keep_name(lines, index)
    return lines


def _cut_but_keep_name(lines: list[str], index: int) -> list[str]:
    if not any(lines[:index]):
        return lines
    name = [line for line in lines[index:] if _ONLY_A_NAME.fullmatch(line)][:1]
    return lines[:index] + name
