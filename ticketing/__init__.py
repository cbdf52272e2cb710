"""The domain of the ticket pipeline: tickets, personal data, the training corpus, drafts and their review.

This package imports no model library. It uses models only through the protocols in `ticketing.stages.protocols`.
"""

__version__ = "0.1.0"
