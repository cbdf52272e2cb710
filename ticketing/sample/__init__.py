"""A sample shop: made-up tickets in English and Chinese, with their personal data marked, from a seed."""

from ticketing.sample.generate import SampleTicket, generate_tickets

__all__ = ["SampleTicket", "generate_tickets"]
