"""Converts the sample shop's tickets to labelled texts for `ticketing.privacy.measuring`."""

from collections.abc import Iterable, Iterator

from ticketing.privacy.measuring import LabelledText
from ticketing.sample.generate import SampleTicket


def labelled_texts(tickets: Iterable[SampleTicket]) -> Iterator[LabelledText]:
    """The subjects, bodies and replies of made-up tickets, with the spans of their personal data."""
    for sample in tickets:
        for field in ("subject", "body", "reply"):
            text = getattr(sample.ticket, field)
            if text:
                yield LabelledText(text, sample.ticket.language or "en", sample.spans.get(field, ()))
