"""Writes the human agent's reply: the policy's decision on a ticket, with only the details that the ticket mentions."""

import random
from collections.abc import Sequence
from types import ModuleType

from ticketing.sample.details import Values
from ticketing.sample.intents import ASK_DATE, ASK_ORDER_NUMBER, CHECK_ORDER_NUMBER, Intent, Wording
from ticketing.sample.request import Request
from ticketing.sample.text import Personal, Text, fill, join

# The weights of a sentence's variants: the first variant is the house style, the others are rarer.
VARIANT_WEIGHTS = (0.8, 0.15, 0.05)


def write_reply(rng: random.Random, texts: ModuleType, intent: Intent, values: Values, request: Request) -> Text:
    """The reply: greeting, acknowledgement, order number, decision, a sentence on a second request, closing."""
    phrases = texts.phrases
    wording: Wording = texts.WORDINGS[intent.name]
    mentioned = request.mentioned_fields
    details = [str(values[field]) for field in ("product", "amount") if field in mentioned]
    if details and "age" in mentioned:
        details.append(fill(phrases.AGE_DETAIL, values).text)
    reply_values: dict[str, Personal | str] = {
        **values,
        "team": phrases.TEAMS[intent.category],
        "other_team": phrases.TEAMS[request.other_intent.category] if request.other_intent else "",
        "product": values["product"] if "product" in mentioned else phrases.UNNAMED_PRODUCT,
        "sum": values["amount"] if "amount" in mentioned else phrases.UNNAMED_AMOUNT,
        "details": phrases.DETAILS_PREFIX + phrases.DETAILS_SEPARATOR.join(details) if details else "",
    }

    def one_of(variants: Sequence[str]) -> Text:
        return fill(rng.choices(variants, VARIANT_WEIGHTS[: len(variants)])[0], reply_values)

    decision = request.decision.rpartition("/")[2]
    questions = {
        ASK_ORDER_NUMBER: phrases.ASK_ORDER_NUMBER,
        CHECK_ORDER_NUMBER: phrases.CHECK_ORDER_NUMBER,
        ASK_DATE: phrases.ASK_DATE,
    }
    sentences = [one_of(wording.acknowledgement)]
    if intent.order_number != "none" and "order" in mentioned:
        sentences.append(one_of(phrases.ORDER_CONFIRMATIONS))
    sentences.append(one_of(questions.get(decision) or wording.policy[decision]))
    if request.other_intent:
        sentences.append(one_of(phrases.PASSED_ON))
    greeting = one_of(
        phrases.REPLY_GREETINGS if request.customer_name_mentioned else phrases.REPLY_GREETINGS_WITHOUT_NAME
    )
    return join([greeting, join(sentences, phrases.SENTENCE_SEPARATOR), one_of(phrases.REPLY_CLOSINGS)], "\n\n")
