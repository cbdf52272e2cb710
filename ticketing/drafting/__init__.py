"""Claims new tickets from the queue, and writes their drafts back. `ticketing.stages` makes the drafts."""
