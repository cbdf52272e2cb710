"""Tickets from files and other databases into the table behind `ticketing.source_ticket`.

Scrubbing and everything after it is `ticketing.corpus`; a help desk whose Postgres has the view needs none of this.
"""
