"""Imports tickets from files and other databases into the table behind `ticketing.source_ticket`.

It scrubs nothing (that is `ticketing.corpus`). A help desk whose own Postgres has the view does not need this package.
"""
