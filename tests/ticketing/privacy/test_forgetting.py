import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.seed import DAY, SNAPSHOT, TEXT, add_clean, add_draft, add_imported, add_models, add_text
from ticketing.database import Role
from ticketing.errors import PrivacyError
from ticketing.privacy.forgetting import affected_snapshots, expire_values, forget_tickets, tickets_with_value
from ticketing.privacy.vault import Vault
from ticketing.tickets import TextKey


@pytest.fixture
def vault():
    return Vault([bytes(32)])


def fill(database, vault, **bodies):
    """Adds tickets. Each has an e-mail address in the vault and a draft."""
    with database.begin(None) as conn:
        add_models(conn)
    with database.begin() as conn:
        for ticket_id, body in bodies.items():
            add_imported(conn, ticket_id, body=body)
            add_clean(conn, ticket_id)
            vault.store(conn, TextKey(ticket_id, 1, TEXT), {"<EMAIL_ADDRESS_1>": f"{ticket_id}@mail.example"})
            add_text(conn, ticket_id, body=body)
            add_draft(conn, ticket_id)


def count(database, table, ticket_id):
    with database.begin(None) as conn:
        return conn.execute(f"SELECT count(*) AS n FROM {table} WHERE ticket_id = %s", (ticket_id,)).fetchone()["n"]


TABLES = ("vault.entry", "ticketing.clean_ticket", "ticketing.draft", "ticketing.outbox", "ticketing.imported_ticket",
          "vault.ticket_text")  # fmt: skip


def test_forgotten_ticket_is_removed_from_all_tables_and_other_tickets_stay(database, vault):
    fill(database, vault, one="It is broken", two="It is late")
    with database.begin(None) as conn:
        conn.execute("UPDATE ticketing.draft SET claimed_by = 'ann', claimed_at = now() WHERE ticket_id = 'two'")
        draft = conn.execute("SELECT draft_id FROM ticketing.draft WHERE ticket_id = 'one'").fetchone()["draft_id"]
        conn.execute("SELECT ticketing.approve_draft_v1(%s)", (draft,))
    assert count(database, "ticketing.outbox", "one") == 1

    removed_rows = forget_tickets(database, ["one"])

    assert removed_rows == (1, 1, 1, 1)
    assert [count(database, table, "one") for table in TABLES] == [0] * 6
    assert [count(database, table, "two") for table in TABLES] == [1, 1, 1, 0, 1, 1]
    with database.begin(None) as conn:
        assert conn.execute("SELECT ticket_id FROM ticketing.forgotten_ticket").fetchall() == [{"ticket_id": "one"}]


def test_trail_of_drafts_stays_append_only_after_forgetting_a_ticket(database, vault):
    fill(database, vault, one="It is broken", two="It is late")
    forget_tickets(database, ["one"])

    with pytest.raises(Exception, match="refused"), database.begin(None) as conn:
        conn.execute("DELETE FROM ticketing.draft_event")


def test_repeated_and_unknown_ticket_ids_are_ignored(database, vault):
    fill(database, vault, one="It is broken")

    assert forget_tickets(database, ["one", "one", "unknown"]) == (1, 1, 1, 1)


def test_forgotten_ticket_is_not_written_again(database, vault):
    fill(database, vault, one="It is broken")
    forget_tickets(database, ["one"])

    from ticketing.database import queries

    with database.begin() as conn:
        written = queries.write_clean_ticket(
            conn, ticket_id="one", revision=9, content_id="y", content_hash="x", scrubber_version="v", read_at=DAY,
            created_at=None, updated_at=None, language="en", subject="", body="b", category=None, reply=None, unfit=None,
        )  # fmt: skip
    assert written is None


def test_reviewer_may_not_forget_tickets(database, vault):
    with pytest.raises(Exception, match="may not"), database.begin(Role.REVIEWER) as conn:
        conn.execute("SELECT ticketing.forget_ticket_v1('one')")


def test_tickets_of_a_person_are_found_in_the_vault_and_in_the_source_ignoring_case(database, vault):
    fill(database, vault, one="It is broken", two="Write to ONE@mail.example please", three="It is late")

    assert tickets_with_value(database, vault, " one@MAIL.example ") == ["one", "two"]
    assert tickets_with_value(database, vault, "nobody@mail.example") == []


def test_tickets_of_a_person_are_found_in_raw_texts_if_the_source_has_lost_the_ticket(database, vault):
    fill(database, vault, one="Write to jane.doe please", two="It is late")
    with database.begin(None) as conn:
        conn.execute("DELETE FROM ticketing.imported_ticket")

    assert tickets_with_value(database, vault, "Jane.Doe") == ["one"]


def test_percent_signs_and_quotes_are_searched_for_literally(database, vault):
    fill(database, vault, one="100%' of it", two="It is late")

    assert tickets_with_value(database, vault, "100%'") == ["one"]


def test_value_that_is_too_short_to_identify_a_person_is_refused(database, vault):
    with pytest.raises(PrivacyError, match="in too many tickets"):
        tickets_with_value(database, vault, "al")


def test_snapshots_and_models_with_the_tickets_are_listed(database, settings, vault):
    with database.begin(None) as conn:
        add_models(conn)
    folder = settings.home / "p"
    folder.mkdir()
    pq.write_table(pa.table({"ticket_id": ["one", "two"]}), folder / "train.parquet")
    pq.write_table(pa.table({"ticket_id": ["three"]}), folder / "test.parquet")

    [holder] = affected_snapshots(database, settings, ["one", "three", "four"])

    assert (holder.snapshot_id, holder.tickets) == (SNAPSHOT, 2)
    assert len(holder.models) == 3
    assert affected_snapshots(database, settings, ["four"]) == []


def test_values_and_raw_texts_are_removed_when_their_ticket_is_older_than_the_retention_time(database, settings, vault):
    fill(database, vault, old="It is broken", new="It is late")
    with database.begin(None) as conn:
        conn.execute("UPDATE ticketing.clean_ticket SET updated_at = clock_timestamp() WHERE ticket_id = 'new'")
        conn.execute("UPDATE ticketing.clean_ticket SET updated_at = clock_timestamp() - interval '181 days'"
                     " WHERE ticket_id = 'old'")  # fmt: skip

    assert expire_values(database, settings) == 1
    for table in ("vault.entry", "vault.ticket_text"):
        assert [count(database, table, name) for name in ("old", "new")] == [0, 1]
