"""What customers of the sample shop write about, and the shop's policy: which cases each intent has.

How customers and agents put it is in `english` and `chinese`, which word the same intents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Decisions that any intent can end in, because the ticket lacks a detail that the policy needs.
ASK_ORDER_NUMBER = "ask_order_number"
CHECK_ORDER_NUMBER = "check_order_number"
ASK_DATE = "ask_date"


@dataclass(frozen=True)
class Intent:
    """One reason to write, and the cases that the policy tells apart.

    `branches` are the policy's cases: the first holds unless the ticket says what makes another one right. With `days`
    there are two instead, for what happened up to so many days ago and for what happened earlier. `order` says whether
    an agent needs the order number to act, can use it, or has no use for it. `share` says how many times as common as
    the rarest intent it is.
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
    """How one language words an intent. All texts are templates over a ticket's details and its customer's data.

    `stories` fit every case. `since` says how long ago it happened, where the policy has a limit of days; `telling` has,
    by case, the sentences that make a case other than the first right. `shorts` are whole tickets of one line. `topics`
    are noun phrases for the matter. `settled` are ways to mention the matter as over in a ticket about something else:
    a ticket's category is that of what it asks for. `acknowledgement` and `policy` are the agent's: the first is the
    house style.
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
