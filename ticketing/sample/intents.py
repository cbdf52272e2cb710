"""The intents of the sample shop's customers, and the cases that the shop's policy distinguishes for each intent.

The texts for these intents are in `english` and `chinese`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Decisions that are possible for every intent: the ticket lacks a detail that the policy needs.
ASK_ORDER_NUMBER = "ask_order_number"
CHECK_ORDER_NUMBER = "check_order_number"
ASK_DATE = "ask_date"


@dataclass(frozen=True)
class Intent:
    """A customer's reason to write to the shop, and the cases that the policy distinguishes.

    An intent has either `limit_days` or `named_cases`. With `limit_days` it has two cases: the event happened at most
    that many days ago, or earlier. Of the `named_cases`, the first applies unless the ticket says that another one does.

    `order_number` says whether the human agent needs the order number. `frequency` is relative to the rarest intent.
    """

    name: str
    category: str
    named_cases: tuple[str, ...] = ()
    limit_days: int = 0
    order_number: Literal["needed", "useful", "none"] = "needed"
    frequency: int = 1

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the policy's cases."""
        limit = self.limit_days
        return (f"within_{limit}_days", f"after_{limit}_days") if limit else self.named_cases


@dataclass(frozen=True)
class Wording:
    """The texts for one intent in one language: alternative templates for each part of a ticket and its reply.

    The `{fields}` of the templates are made by `people.make_person` and `details.make_values`.
    """

    # What the customer writes.
    subjects: tuple[str, ...]
    stories: tuple[str, ...]  # what happened; each story is true in every case of the policy
    requests: tuple[str, ...]
    one_line_tickets: tuple[str, ...]
    topics: tuple[str, ...]  # noun phrases for the matter
    already_solved: tuple[str, ...]  # say that the matter is solved, in a ticket that asks for something else
    # What the human agent writes. The first template is the house style.
    acknowledgement: tuple[str, ...]
    policy: Mapping[str, tuple[str, ...]]  # case → templates for the decision
    # What the customer writes to show which case applies.
    age_sentences: tuple[str, ...] = ()  # say how long ago it happened, for an intent with `limit_days`
    case_sentences: Mapping[str, tuple[str, ...]] | None = None  # case, but not the first → sentences


def lines(text: str) -> tuple[str, ...]:
    """Splits a block of texts into its lines, one text per line."""
    return tuple(line.strip() for line in text.strip().splitlines())


INTENTS = (
    Intent("parcel_late", "logistics", limit_days=9, frequency=3),
    Intent("address_change", "logistics", limit_days=3),
    Intent("marked_delivered", "logistics", ("ask_neighbours", "search")),
    Intent("delivery_day", "logistics", ("held", "parcel_shop")),
    Intent("missing_item", "logistics", ("sent_on", "second_parcel")),
    Intent("repair", "after_sales", limit_days=730, frequency=2),
    Intent("return_item", "after_sales", limit_days=30, frequency=2),
    Intent("damaged", "after_sales", ("photo_needed", "replaced")),
    Intent("wrong_item", "after_sales", ("swapped", "money_back")),
    Intent("hazard", "after_sales", ("stop_using", "injured"), order_number="useful"),
    Intent("rude_staff", "complaint", ("apology", "manager_calls"), order_number="useful"),
    Intent("courier", "complaint", ("carrier_warned", "damage_claim")),
    Intent("misleading_page", "complaint", ("page_checked", "taken_back"), order_number="useful"),
    Intent("no_answer", "complaint", ("apology", "call_back"), order_number="useful"),
    Intent("double_charge", "payment", limit_days=7),
    Intent("refund_missing", "payment", limit_days=14, frequency=2),
    Intent("invoice", "payment", ("sent", "company"), frequency=2),
    Intent("voucher", "payment", ("new_code", "expired"), order_number="none"),
    Intent("price_drop", "payment", limit_days=14),
    Intent("login", "account", ("reset_link", "unlocked"), order_number="none", frequency=2),
    Intent("delete_account", "account", ("deleted", "after_delivery"), order_number="none"),
    Intent("profile", "account", ("changed", "proof_needed"), order_number="none"),
    Intent("newsletter", "account", ("stopped", "catalogue"), order_number="none"),
    Intent("technical", "product_question", ("data_sheet", "outdoors", "abroad"), order_number="none"),
    Intent("availability", "product_question", ("notified", "other_colour"), order_number="none"),
    Intent("delivery_terms", "product_question", ("home", "abroad"), order_number="none"),
    Intent("return_terms", "product_question", ("thirty_days", "present"), order_number="none"),
)
