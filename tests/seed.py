"""Writes the rows that tests of several packages start from."""

from datetime import UTC, datetime, timedelta

from ticketing.database import Role

DAY = datetime(2026, 3, 1, tzinfo=UTC)
SNAPSHOT, CLASSIFIER, GENERATOR = "snapshot-1", "classifier-1", "generator-1"
TEXT = "text-1"  # the content_id of a ticket until a test changes the ticket's text


def add_imported(conn, ticket_id, *, minutes=0, revision=1, category=None, reply=None, body="Where is my parcel?"):
    """Adds a ticket as `ticketing import` does. The ticket changed `minutes` after the beginning of DAY."""
    conn.execute(
        "INSERT INTO ticketing.imported_ticket (ticket_id, revision, created_at, updated_at, language, subject, body,"
        " category, reply, content_hash) VALUES (%s, %s, %s, %s, 'en', 'Parcel', %s, %s, %s, 'x')",
        (ticket_id, revision, DAY, DAY + timedelta(minutes=minutes), body, category, reply),
    )


def add_clean(conn, *ticket_ids, revision=1, content_id=TEXT, category=None, reply=None, unfit=None, updated_at=DAY):
    """Adds scrubbed tickets, as `prepare` does. A ticket with a known id replaces the earlier ticket."""
    for ticket_id in ticket_ids:
        conn.execute(
            "INSERT INTO ticketing.clean_ticket (ticket_id, revision, content_id, content_hash, scrubber_version,"
            " created_at, updated_at, language, subject, body, category, reply, unfit)"
            " VALUES (%s, %s, %s, 'x', 'v', %s, %s, 'en', 'Parcel', 'Where is my parcel?', %s, %s, %s)"
            " ON CONFLICT (ticket_id) DO UPDATE SET revision = excluded.revision, content_id = excluded.content_id,"
            " category = excluded.category, reply = excluded.reply, unfit = excluded.unfit,"
            " updated_at = excluded.updated_at",
            (ticket_id, revision, content_id, DAY, updated_at, category, reply, unfit),
        )


def add_text(conn, ticket_id, *, revision=1, content_id=TEXT, body="Where is my parcel?"):
    """Stores the raw text of a ticket, as `prepare` does for a ticket without an answer."""
    conn.execute(
        "INSERT INTO vault.ticket_text (ticket_id, revision, content_id, subject, body)"
        " VALUES (%s, %s, %s, 'Parcel', %s) ON CONFLICT DO NOTHING",
        (ticket_id, revision, content_id, body),
    )


def add_models(conn):
    """Adds one snapshot, one classifier and two generators."""
    conn.execute(
        "INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES (%s, 'p', '{}') ON CONFLICT DO NOTHING",
        (SNAPSHOT,),
    )
    for version in (CLASSIFIER, GENERATOR, "generator-2"):
        conn.execute(
            "INSERT INTO ticketing.model (version, kind, snapshot_id, base_model, path, artefact_hash, parameters,"
            " code_version) VALUES (%s, %s, %s, 'b', 'p', 'h', '{}', 'c') ON CONFLICT DO NOTHING",
            (version, version.split("-")[0], SNAPSHOT),
        )


def add_draft(
    conn, ticket_id="T1", *, revision=1, content_id=TEXT, generator=GENERATOR, body="Dear Ann, it is on its way."
):
    """Adds a pending draft, as the pipeline does. Returns its id."""
    return conn.execute(
        "INSERT INTO ticketing.draft (ticket_id, revision, content_id, language, category, confidence, body,"
        " placeholder_body, classifier_version, generator_version, snapshot_id, prompt_version, prompt_tokens,"
        " completion_tokens, seconds)"
        " VALUES (%s, %s, %s, 'en', 'logistics', 0.9, %s, 'Dear <PERSON_1>, it is on its way.', %s, %s, %s, 'p', 10, 9, 1)"
        " RETURNING draft_id",
        (ticket_id, revision, content_id, body, CLASSIFIER, generator, SNAPSHOT),
    ).fetchone()["draft_id"]


def pending_draft(database, ticket_id="T1", **columns):
    """Adds an imported and scrubbed ticket with a pending draft, and commits. Returns the draft's id."""
    with database.begin(Role.PIPELINE) as conn:
        add_imported(conn, ticket_id)
        add_clean(conn, ticket_id)
        add_text(conn, ticket_id)
        add_models(conn)
        return add_draft(conn, ticket_id, **columns)


def rows(database, statement, *values):
    """Runs a query as the owner of the database. Returns the rows."""
    with database.begin(role=None) as conn:
        return conn.execute(statement, values or None).fetchall()
