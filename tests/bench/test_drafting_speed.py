"""How much of vLLM's own speed is left after everything around it."""

import time

import pytest

from models.engine import Engine
from tests.bench.raw_chat import raw_chat
from ticketing.drafting.prompts import instruction, messages
from ticketing.sample import generate_tickets
from ticketing.settings import EMBEDDED_GENERATOR, Settings

TICKETS = 128

pytestmark = pytest.mark.bench


def test_the_engine_keeps_nine_tenths_of_raw_speed(tmp_path, record_property):
    settings = Settings(home=tmp_path, engine={"max_reply_tokens": 96})
    told = instruction("logistics", "en", settings)
    tickets = (sample.ticket for sample in generate_tickets(history=0, incoming=TICKETS * 2))
    conversations = [messages(told, ticket.body) for ticket in tickets if ticket.language == "en"][:TICKETS]

    raw = raw_chat(EMBEDDED_GENERATOR, settings, None, conversations)
    with Engine(EMBEDDED_GENERATOR, settings) as engine:
        engine.chat([messages("Answer.", "Hello.")], max_tokens=4)
        started = time.monotonic()
        completions = engine.chat(conversations)
        seconds = time.monotonic() - started

    raw_speed = raw.completion_tokens / raw.seconds
    speed = sum(completion.completion_tokens for completion in completions) / seconds
    record_property("raw tokens/s", round(raw_speed, 1))
    record_property("engine tokens/s", round(speed, 1))
    print(f"\nraw LLM.chat {raw_speed:.0f} tokens/s, engine {speed:.0f} tokens/s, {len(conversations)} tickets")
    assert speed >= 0.9 * raw_speed
