"""Writes the agent's reply: the policy's decision on a ticket, with only the details that the ticket contains."""

import random
from collections.abc import Sequence
from types import ModuleType

from ticketing.sample.details import Values
from ticketing.sample.intents import ASK_DATE, ASK_ORDER_NUMBER, CHECK_ORDER_NUMBER, Intent, Wording
from ticketing.sample.request import Request
from ticketing.sample.text import Personal, Text, fill, join

# The first wording of a slot is the house style; the others are what agents also write.
WORDINGS = (0.8, 0.15, 0.05)


def write_reply(rng: random.Random, texts: ModuleType, intent: Intent, values: Values, request: Request) -> Text:
    """The reply: greeting, acknowledgement, order number, decision, passed-on request, closing."""
    phrases = texts.phrases
    wording: Wording = texts.WORDINGS[intent.name]
    told = request.told
    details = [str(values[field]) for field in ("product", "amount") if field in told]
    if details and "age" in told:
        details.append(fill(phrases.AGO, values).text)
    filled: dict[str, Personal | str] = {
        **values,
        "team": phrases.TEAMS[intent.category],
        "other_team": phrases.TEAMS[request.passed_on.category] if request.passed_on else "",
        "product": values["product"] if "product" in told else phrases.ARTICLE,
        "sum": values["amount"] if "amount" in told else phrases.FULL_PRICE,
        "details": phrases.BEFORE + phrases.BETWEEN.join(details) if details else "",
    }

    def worded(variants: Sequence[str]) -> Text:
        return fill(rng.choices(variants, WORDINGS[: len(variants)])[0], filled)

    decision = request.decision.rpartition("/")[2]
    general = {
        ASK_ORDER_NUMBER: phrases.ASK_ORDER_NUMBER,
        CHECK_ORDER_NUMBER: phrases.CHECK_ORDER_NUMBER,
        ASK_DATE: phrases.ASK_DATE,
    }
    sentences = [worded(wording.acknowledgement)]
    if intent.order != "none" and "order" in told:
        sentences.append(worded(phrases.CASES))
    sentences.append(worded(general.get(decision) or wording.policy[decision]))
    if request.passed_on:
        sentences.append(worded(phrases.PASSED_ON))
    greeting = worded(phrases.REPLY_GREETINGS if request.named else phrases.REPLY_GREETINGS_NO_NAME)
    return join([greeting, join(sentences, phrases.GAP), worded(phrases.REPLY_CLOSINGS)], "\n\n")
