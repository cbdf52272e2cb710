"""The domain of the ticket pipeline: tickets, their privacy, their corpus, their drafts and the review of them.

It knows no model library; what it needs of `models` it takes through the protocols in `ticketing.stages.protocols`.
"""

__version__ = "0.1.0"
