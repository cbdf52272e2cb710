"""What is cut from a scrubbed text before a model reads it: quoted mail, signatures, white space.

It goes line by line with patterns anchored to a line, so that its time grows with the text and no faster. (The
reply parsers on offer were tried: they take whatever follows a list item or a "Thanks," for a signature, and minutes
for a page of line breaks.)
"""

import re
from collections.abc import Sequence

from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.stages.signatures import is_closing, is_signature

# NUL and half surrogate pairs, which no database takes; other control characters; invisible ones.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")

# A longer line is a paragraph, and no header.
MAX_HEADER_CHARS = 300
_DASHED = (
    r"original message|原始?邮件|urspr(?:ü|ue)ngliche nachricht|message d'origine|mensaje original",
    r"(?:begin )?forwarded message|转发的?邮件|weitergeleitete nachricht|message transféré|mensaje reenviado",
)
_REPLIED, _FORWARDED = (re.compile(rf"[-_=*]{{2,}} ?(?:{words}) ?[-_=*]{{2,}}:?", re.IGNORECASE) for words in _DASHED)
_RULER = re.compile(r"_{20,}")
_WROTE_ENDS = re.compile(r".{0,280}(?:wrote|写道|a écrit|escribió|schrieb.{0,200}) ?[:：]", re.IGNORECASE)
_WROTE_BEGINS = re.compile(r"(?:> ?)*(?:(?:on|am|le|el) |在|于|.{0,100}于 ?\d{4}).{4,280}", re.IGNORECASE)
# What mail programs write there and people do not: the time of day, or an address.
_WROTE_BY_PROGRAM = re.compile(r"\d ?[:h时] ?\d\d|<EMAIL_ADDRESS_|@", re.IGNORECASE)
_FROM = re.compile(r"\*?(?:from|von|de|发件人|寄件人) ?\*? ?[:：].{0,280}", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(?:date|to|cc|datum|an|à|para|fecha|日期|时间|收件人|抄送) ?\*? ?[:：].{0,280}", re.IGNORECASE
)
# One of these is in every program's header; "From: Boston, To: Austin, Date: today" is a customer's list.
_TELLING_HEADER = re.compile(
    r"\*?(?:sent|subject|gesendet|betreff|envoyé|objet|enviado|asunto|发送时间|发件时间|主题) ?\*? ?[:：].{0,280}",
    re.IGNORECASE,
)
_HEADER_LINES = 5

# The lines that telephones add, whole: "Sent from my old address, use the new one" is none of them.
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
# What may follow "-- ": below more lines, the dashes were a ruler in the text.
MAX_SIGNATURE_LINES = 15
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
    lines = _without_signature(lines, language)
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
    index, quotes = 0, sum(line.startswith(">") for line in lines)
    while index < len(lines):
        length = _forwarded_header(lines, index)
        if length:
            # What a customer forwards is often the request itself.
            kept += lines[index : index + length]
            index += length
            continue
        length, by_program = _quote_header(lines, index)
        if length and _is_marked(lines, index + length):
            # The quoted lines are marked and go below; an answer may stand between or under them.
            quotes += 1
            index += length
        elif length and by_program and any(kept):
            break
        else:
            kept.append(lines[index])
            index += 1
    # A single line without a header may be an arrow: "> 3 weeks of waiting".
    own = [line for line in kept if quotes < 2 or not line.startswith(">")]
    return own if any(own) else kept


def _forwarded_header(lines: list[str], index: int) -> int:
    """How many lines from here on announce a forwarded mail; 0: none."""
    if len(lines[index]) > MAX_HEADER_CHARS or not _FORWARDED.fullmatch(lines[index]):
        return 0
    following = next((extra for extra, line in enumerate(lines[index + 1 : index + 4], 1) if line), 0)
    return 1 + (following - 1 + _mail_header(lines, index + following) if following else 0)


def _quote_header(lines: list[str], index: int) -> tuple[int, bool]:
    """How many lines from here on announce quoted mail (0: none), and whether a mail program surely wrote them."""
    line = lines[index]
    if not line or len(line) > MAX_HEADER_CHARS:
        return 0, False
    if _REPLIED.fullmatch(line):
        return 1, True
    if _RULER.fullmatch(line):
        header = _mail_header(lines, index + 1)
        return (1 + header if header else 0), True
    if _WROTE_BEGINS.fullmatch(line):
        # Mail programs wrap the line that names the sender.
        for extra, other in enumerate(lines[index : index + 3]):
            if len(other) <= MAX_HEADER_CHARS and _WROTE_ENDS.fullmatch(other):
                by_program = any(_WROTE_BY_PROGRAM.search(part) for part in lines[index : index + extra + 1])
                return (1 + extra if by_program or not extra else 0), by_program
    return _mail_header(lines, index), True


def _mail_header(lines: list[str], index: int) -> int:
    """How many lines from here on are "From: …" and what a mail program writes below it; 0: none."""
    if index >= len(lines) or len(lines[index]) > MAX_HEADER_CHARS or not _FROM.fullmatch(lines[index]):
        return 0
    following = [other[:MAX_HEADER_CHARS] for other in lines[index + 1 : index + 1 + _HEADER_LINES]]
    telling = [extra for extra, other in enumerate(following, 1) if _TELLING_HEADER.fullmatch(other)]
    headers = telling + [extra for extra, other in enumerate(following, 1) if _HEADER.fullmatch(other)]
    return 1 + max(headers) if telling and len(headers) >= 2 else 0


def _is_marked(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 3] if line), "")
    return following.startswith(">")


def _without_signature(lines: list[str], language: str) -> list[str]:
    lines = [line for line in lines if len(line) > MAX_HEADER_CHARS or not _SENT_FROM.fullmatch(line)]
    while lines and not lines[-1]:
        lines.pop()
    for index in range(max(1, len(lines) - MAX_SIGNATURE_LINES - 1), len(lines)):
        dashes = bool(_DASHES.fullmatch(lines[index]))
        if (dashes or is_closing(lines[index], language)) and is_signature(lines[index + 1 :], language, dashes):
            return _cut(lines, index)
    return lines


def _cut(lines: list[str], index: int) -> list[str]:
    if not any(lines[:index]):
        return lines
    name = [line for line in lines[index:] if _ONLY_A_NAME.fullmatch(line)][:1]
    return lines[:index] + name
