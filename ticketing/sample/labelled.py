"""The sample shop's texts with their personal data marked, as `ticketing.privacy.measuring` takes them."""

from collections.abc import Iterable, Iterator

from ticketing.privacy.measuring import LabelledText
from ticketing.sample.generate import SampleTicket


def labelled_texts(tickets: Iterable[SampleTicket]) -> Iterator[LabelledText]:
    """The subjects, bodies and replies of made-up tickets, whose personal data is known."""
    for sample in tickets:
        for field in ("subject", "body", "reply"):
            text = getattr(sample.ticket, field)
            if text:
                yield LabelledText(text, sample.ticket.language or "en", sample.spans.get(field, ()))
