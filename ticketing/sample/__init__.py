"""A sample shop: made-up tickets in English and Chinese with marked personal data. A seed determines them."""

from ticketing.sample.generate import SampleTicket, generate_tickets

__all__ = ["SampleTicket", "generate_tickets"]
