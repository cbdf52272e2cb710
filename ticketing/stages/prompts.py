"""Builds the generator's prompt: the instruction for a category and language, and the ticket.

Training and serving both use these functions, so that a model is served with the same prompts as it was trained on.
The chat template of the base model is applied elsewhere.
"""

import re

from ticketing.privacy.placeholders import KINDS
from ticketing.settings import Settings
from ticketing.tickets import CleanTicket

Message = dict[str, str]

# Every draft and every snapshot records this version. Increase it with every change of the prompts' wording.
PROMPT_VERSION = "1"

# A longer ticket keeps only its beginning, which has the subject, and its end, which usually has the request.
MAX_INPUT_CHARS = 2_000
_HEAD_CHARS = 1_400
_TAIL_CHARS = 500
_LEFT_OUT = "\n[...]\n"

# The instructions are short, because they are part of every training example, and a small model has a small context.
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
    """The text with each control token of a chat template (<|im_start|>, </s>, [INST]) broken by a space."""
    return _SQUARE.sub("[ ", _ANGLE.sub("< ", text))


def instruction(category: str, language: str, settings: Settings) -> str:
    """The instruction for a category and language: the one in the settings, or else the default instruction."""
    configured = settings.instructions.get(category, {}).get(language)
    if configured is not None:
        return configured
    template = DEFAULT_INSTRUCTIONS.get(language, DEFAULT_INSTRUCTIONS["en"])
    return template.format(category=neutralise(category))


def ticket_input(ticket: CleanTicket) -> str:
    """The ticket as the generator reads it: subject and body. A very long text lacks its middle."""
    return neutralise(_shortened(ticket.text))


def messages(instruction: str, input: str) -> list[Message]:
    """The conversation that the generator continues with the reply."""
    return [{"role": "system", "content": instruction}, {"role": "user", "content": input}]


def _shortened(text: str) -> str:
    if len(text) <= MAX_INPUT_CHARS:
        return text
    # Cut no placeholder in half: the generator would copy the half into the reply, where it can't be restored.
    head = re.sub(r"<[A-Z_]*\d*[b-z]?$", "", text[:_HEAD_CHARS])
    tail = re.sub(r"^[A-Z_]*\d*[b-z]?>", "", text[-_TAIL_CHARS:])
    return head + _LEFT_OUT + tail
