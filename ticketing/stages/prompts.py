"""What the generator is told: the instruction by category and language, the ticket, the conversation of both.

Training and serving build their prompts here, with the same functions, so that a model sees what it was trained on.
"""

import re

from ticketing.privacy.placeholders import KINDS
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket

Message = dict[str, str]

# Named in every draft and snapshot: another wording is another version.
PROMPT_VERSION = "1"

# Of a longer ticket the beginning, which says what it is about, and the end, which says what is asked, are kept.
MAX_INPUT_CHARS = 2_000
_HEAD_CHARS = 1_400
_TAIL_CHARS = 500
_LEFT_OUT = "\n[...]\n"

# Short on purpose: a small model reads them thousands of times in training and has little room.
DEFAULT_INSTRUCTIONS = {
    "en": "Write the {category} department's reply to this ticket. Use only facts it gives. "
    "Copy placeholders like <ORDER_ID_1> exactly.",
    "zh": "你是{category}部门的客服，请回复这张工单。只用工单里的事实，<ORDER_ID_1>这类占位符原样照抄。",
}

# What chat templates of all kinds take for a sign of their own begins with one of these.
_ANGLE = re.compile(rf"<(?=[^\s])(?!(?:{'|'.join(KINDS)})_[1-9]\d{{0,3}}[b-z]?>)")
_SQUARE = re.compile(
    r"\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w{1,20}|MODEL_SETTINGS|THINK|gMASK|PAD|UNK|CLS|SEP|MASK)\])"
)


def neutralise(text: str) -> str:
    """The text with the control tokens of chat templates (<|im_start|>, </s>, [INST]) broken by a space."""
    return _SQUARE.sub("[ ", _ANGLE.sub("< ", text))


def instruction(category: str, language: str, settings: Settings) -> str:
    """What the generator is told to do: the settings' words for the category and language, or the default ones."""
    own = settings.instructions.get(category, {}).get(language)
    if own is not None:
        return own
    words = DEFAULT_INSTRUCTIONS.get(language, DEFAULT_INSTRUCTIONS["en"])
    return words.format(category=neutralise(category))


def ticket_input(ticket: CleanTicket) -> str:
    """The ticket as the generator reads it: subject and body, the middle of a very long one left out."""
    return neutralise(_shortened(ticket.text))


def messages(instruction: str, input: str) -> list[Message]:
    """The conversation whose next turn is the reply."""
    return [{"role": "system", "content": instruction}, {"role": "user", "content": input}]


def _shortened(text: str) -> str:
    if len(text) <= MAX_INPUT_CHARS:
        return text
    # Half a placeholder would be copied into the reply as it is, and restored to nothing.
    head = re.sub(r"<[A-Z_]*\d*[b-z]?$", "", text[:_HEAD_CHARS])
    tail = re.sub(r"^[A-Z_]*\d*[b-z]?>", "", text[-_TAIL_CHARS:])
    return head + _LEFT_OUT + tail
