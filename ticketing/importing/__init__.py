"""Imports tickets from files and other databases into the table behind `ticketing.source_ticket`.

The imported tickets are not scrubbed yet: `ticketing.corpus` does that. If the help desk's own Postgres has the view,
this package is not needed.
"""
