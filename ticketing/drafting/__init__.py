"""Claims new tickets from the queue of work, and writes their drafts back. `ticketing.stages` makes the drafts."""
