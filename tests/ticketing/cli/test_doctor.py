"""The check of the source view in `ticketing doctor`."""

from datetime import UTC, datetime

from tests.seed import add_imported
from tests.ticketing.test_source import GOOD, replace_view
from ticketing.cli.status import CHECKS


def test_doctor_gives_advice_only_on_invalid_rows_and_a_missing_index(database, settings):
    with database.begin() as conn:
        add_imported(conn, "T1")
    assert CHECKS["source"](settings).advice == ""
    with database.begin(role=None) as conn:
        conn.execute("CREATE TABLE public.helpdesk AS SELECT n AS id, timestamptz '2026-01-01' AS changed"
                     " FROM generate_series(1, 20000) AS n")  # fmt: skip
        conn.execute("INSERT INTO public.helpdesk VALUES (0, NULL), (-1, %s)", (datetime(2099, 1, 1, tzinfo=UTC),))
        conn.execute("ANALYZE public.helpdesk")
    replace_view(database, GOOD | {"ticket_id": "id", "updated_at": "changed"}, "FROM public.helpdesk")

    advice = CHECKS["source"](settings).advice

    for part in ("1 tickets in ticketing.source_ticket have no finite updated_at", "in the future", "CREATE INDEX ON"):
        assert part in advice
