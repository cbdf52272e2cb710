"""The intents of the sample shop's customers, and the cases of the shop's policy for each intent.

It has no texts: `english` and `chinese` have the wordings of these intents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Decisions for any intent whose ticket lacks a detail that the policy needs.
ASK_ORDER_NUMBER = "ask_order_number"
CHECK_ORDER_NUMBER = "check_order_number"
ASK_DATE = "ask_date"


@dataclass(frozen=True)
class Intent:
    """A reason to write to the shop, and the cases that the policy distinguishes.

    `branches` are the policy's cases. The first applies unless the ticket states what makes another case apply. An intent
    with `days` has two cases instead: it happened at most that many days ago, or earlier. `order` says whether an agent
    needs the order number, can use it, or does not need it. `share` is the frequency relative to the rarest intent.
    """

    name: str
    category: str
    branches: tuple[str, ...] = ()
    days: int = 0
    order: Literal["needed", "useful", "none"] = "needed"
    share: int = 1

    @property
    def cases(self) -> tuple[str, ...]:
        """The policy's cases by name."""
        return (f"within_{self.days}_days", f"after_{self.days}_days") if self.days else self.branches


@dataclass(frozen=True)
class Wording:
    """The texts for an intent in one language, as templates over a ticket's details and its customer's data.

    `stories` fit every case. `since` states how long ago it happened, if the policy has a limit of days. `telling` has
    the sentences, by case, that make a case other than the first apply. `shorts` are whole tickets of one line. `topics`
    are noun phrases for the matter. `settled` mentions the matter as solved, in a ticket that asks for something else.
    `acknowledgement` and `policy` are the agent's sentences; the first of each is the house style.
    """

    subjects: tuple[str, ...]
    stories: tuple[str, ...]
    asks: tuple[str, ...]
    shorts: tuple[str, ...]
    topics: tuple[str, ...]
    settled: tuple[str, ...]
    acknowledgement: tuple[str, ...]
    policy: Mapping[str, tuple[str, ...]]
    since: tuple[str, ...] = ()
    telling: Mapping[str, tuple[str, ...]] | None = None


def lines(text: str) -> tuple[str, ...]:
    """The lines of a block of texts, one text a line."""
    return tuple(line.strip() for line in text.strip().splitlines())


INTENTS = (
    Intent("parcel_late", "logistics", days=9, share=3),
    Intent("address_change", "logistics", days=3),
    Intent("marked_delivered", "logistics", ("ask_neighbours", "search")),
    Intent("delivery_day", "logistics", ("held", "parcel_shop")),
    Intent("missing_item", "logistics", ("sent_on", "second_parcel")),
    Intent("repair", "after_sales", days=730, share=2),
    Intent("return_item", "after_sales", days=30, share=2),
    Intent("damaged", "after_sales", ("photo_needed", "replaced")),
    Intent("wrong_item", "after_sales", ("swapped", "money_back")),
    Intent("hazard", "after_sales", ("stop_using", "injured"), order="useful"),
    Intent("rude_staff", "complaint", ("apology", "manager_calls"), order="useful"),
    Intent("courier", "complaint", ("carrier_warned", "damage_claim")),
    Intent("misleading_page", "complaint", ("page_checked", "taken_back"), order="useful"),
    Intent("no_answer", "complaint", ("apology", "call_back"), order="useful"),
    Intent("double_charge", "payment", days=7),
    Intent("refund_missing", "payment", days=14, share=2),
    Intent("invoice", "payment", ("sent", "company"), share=2),
    Intent("voucher", "payment", ("new_code", "expired"), order="none"),
    Intent("price_drop", "payment", days=14),
    Intent("login", "account", ("reset_link", "unlocked"), order="none", share=2),
    Intent("delete_account", "account", ("deleted", "after_delivery"), order="none"),
    Intent("profile", "account", ("changed", "proof_needed"), order="none"),
    Intent("newsletter", "account", ("stopped", "catalogue"), order="none"),
    Intent("technical", "product_question", ("data_sheet", "outdoors", "abroad"), order="none"),
    Intent("availability", "product_question", ("notified", "other_colour"), order="none"),
    Intent("delivery_terms", "product_question", ("home", "abroad"), order="none"),
    Intent("return_terms", "product_question", ("thirty_days", "present"), order="none"),
)
