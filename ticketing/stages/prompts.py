"""Builds the generator's prompt: the instruction for a category and language, and the ticket.

Training and serving use these same functions, so that a model is served with the prompts it was trained on. The chat
template is applied elsewhere.
"""

import re

from ticketing.privacy.placeholders import KINDS
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket

Message = dict[str, str]

# Every draft and snapshot records it. Raise it with every change of wording.
PROMPT_VERSION = "1"

# A longer ticket keeps its beginning, which gives the subject, and its end, which usually holds the request.
MAX_INPUT_CHARS = 2_000
_HEAD_CHARS = 1_400
_TAIL_CHARS = 500
_LEFT_OUT = "\n[...]\n"

# Short on purpose: they are part of every training example, and a small model has a small context.
DEFAULT_INSTRUCTIONS = {
    "en": "Write the {category} department's reply to this ticket. Use only facts it gives. "
    "Copy placeholders like <ORDER_ID_1> exactly.",
    "zh": "你是{category}部门的客服，请回复这张工单。只用工单里的事实，<ORDER_ID_1>这类占位符原样照抄。",
}

# The control tokens of all common chat templates begin with one of these.
_ANGLE = re.compile(rf"<(?=[^\s])(?!(?:{'|'.join(KINDS)})_[1-9]\d{{0,3}}[b-z]?>)")
_SQUARE = re.compile(
    r"\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w{1,20}|MODEL_SETTINGS|THINK|gMASK|PAD|UNK|CLS|SEP|MASK)\])"
)


def neutralise(text: str) -> str:
    """The text with the control tokens of chat templates (<|im_start|>, </s>, [INST]) broken by a space."""
    return _SQUARE.sub("[ ", _ANGLE.sub("< ", text))


def instruction(category: str, language: str, settings: Settings) -> str:
    """The instruction of the settings for a category and language, or the default instruction."""
    own = settings.instructions.get(category, {}).get(language)
    if own is not None:
        return own
    template = DEFAULT_INSTRUCTIONS.get(language, DEFAULT_INSTRUCTIONS["en"])
    return template.format(category=neutralise(category))


def ticket_input(ticket: CleanTicket) -> str:
    """The ticket as the generator reads it: subject and body, without the middle of a very long text."""
    return neutralise(_shortened(ticket.text))


def messages(instruction: str, input: str) -> list[Message]:
    """The conversation whose next turn is the reply."""
    return [{"role": "system", "content": instruction}, {"role": "user", "content": input}]


def _shortened(text: str) -> str:
    if len(text) <= MAX_INPUT_CHARS:
        return text
    # The generator would copy half a placeholder into the reply, where it could not be restored.
    head = re.sub(r"<[A-Z_]*\d*[b-z]?$", "", text[:_HEAD_CHARS])
    tail = re.sub(r"^[A-Z_]*\d*[b-z]?>", "", text[-_TAIL_CHARS:])
    return head + _LEFT_OUT + tail
