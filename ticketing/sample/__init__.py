"""The sample shop: made-up tickets in English and Chinese, with their personal data marked.

The same seed gives the same tickets.
"""

from ticketing.sample.generate import SampleTicket, generate_tickets

__all__ = ["SampleTicket", "generate_tickets"]
