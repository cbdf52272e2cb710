import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.finders import Finder
from tests.seed import TEXT, add_clean, add_draft, add_models, add_text
from tests.studies import make_study, record
from ticketing.errors import InputError
from ticketing.privacy.audit import Values, audit, is_identifying
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.settings import PrivacySettings
from ticketing.tickets import TextKey

VALUES = {"<PERSON_1>": "Rose Okafor", "<PERSON_2>": "Rose", "<ORDER_ID_1>": "SH20240501123"}


@pytest.fixture
def vault(database):
    vault = Vault([bytes(32)])
    with database.begin(None) as conn:
        add_models(conn)
    with database.begin() as conn:
        add_clean(conn, "one", "two")
        vault.store(conn, TextKey("one", 1, TEXT), VALUES)
        vault.store(conn, TextKey("two", 1, TEXT), {"<PERSON_1>": "王小明"})
    return vault


@pytest.fixture
def run_audit(database, settings, vault):
    """A function that runs the audit and returns its findings."""
    scrubber = Scrubber(PrivacySettings(), Finder(("Zoe", "PERSON")))

    def run_audit(share=1.0):
        return audit(database, settings, vault, scrubber, share, lambda place, count: None)[0]

    return run_audit


def write(database, table, ticket_id, **columns):
    with database.begin(None) as conn:
        for column, text in columns.items():
            conn.execute(f"UPDATE {table} SET {column} = %s WHERE ticket_id = %s", (text, ticket_id))


def summary(findings):
    return sorted({(finding.place, finding.kind, finding.how) for finding in findings})


def test_audit_of_clean_data_finds_nothing(run_audit):
    assert run_audit() == []


def test_values_are_found_in_their_own_ticket_and_in_other_tickets(database, run_audit):
    write(database, "ticketing.clean_ticket", "one", body="Rose wrote")
    write(database, "ticketing.clean_ticket", "two", reply="Dear ROSE OKAFOR, a rose. About 王小明的包裹")

    findings = run_audit()

    from_vault = [finding for finding in findings if finding.how == "vault"]
    assert {(finding.key, finding.kind) for finding in from_vault} == {("one", "PERSON"), ("two", "PERSON")}


def test_first_name_from_another_ticket_is_no_finding(database, run_audit):
    write(database, "ticketing.clean_ticket", "two", body="Rose is a flower")

    assert run_audit() == []


def test_values_that_are_not_in_the_vault_are_found_by_recognisers(database, run_audit):
    write(database, "ticketing.clean_ticket", "two", body="Write to Zoe, jane.doe@example.com")

    assert summary(run_audit()) == [
        ("clean tickets", "EMAIL_ADDRESS", "recogniser"),
        ("clean tickets", "PERSON", "recogniser"),
    ]


def test_audit_searches_drafts_before_their_values_are_restored(database, run_audit):
    with database.begin() as conn:
        add_draft(conn, "one", body="Dear Rose Okafor, it is on its way.")
    assert run_audit() == []
    with database.begin(None) as conn:
        conn.execute("ALTER TABLE ticketing.draft DISABLE TRIGGER draft_guard")
        conn.execute("UPDATE ticketing.draft SET placeholder_body = 'I wrote to Rose Okafor'")
        conn.execute("ALTER TABLE ticketing.draft ENABLE TRIGGER draft_guard")

    assert summary(run_audit()) == [("drafts before restoring", "PERSON", "vault")]


def test_audit_searches_studies(database, run_audit):
    study_id = make_study(database, records=[record(n) for n in range(3)], name="first")
    assert run_audit() == []
    with database.begin(None) as conn:
        for table in ("study", "study_item", "study_reply"):
            conn.execute(f"ALTER TABLE ticketing.{table} DISABLE TRIGGER USER")
        conn.execute("UPDATE ticketing.study SET name = 'About SH20240501123'")
        conn.execute("UPDATE ticketing.study_item SET ticket = 'It is SH20240501123'")
        conn.execute("UPDATE ticketing.study_reply SET body = 'Yours is SH20240501123'")
        for table in ("study", "study_item", "study_reply"):
            conn.execute(f"ALTER TABLE ticketing.{table} ENABLE TRIGGER USER")
        conn.execute("SELECT ticketing.study_assign_v1(%s, 'postgres')", (study_id,))
        conn.execute(
            "INSERT INTO ticketing.study_rating (item_id, rater, scores, comment) SELECT item_id, rater,"
            ' \'{"A": 1, "B": 1, "C": 1, "D": 1}\', \'SH20240501123 again\' FROM ticketing.study_assignment'
        )

    assert {finding.place for finding in run_audit()} == {"studies", "study tickets", "study replies", "study comments"}


def test_category_that_looks_like_a_name_is_no_finding(database, run_audit):
    make_study(database, records=[record(n, category="Zoe") for n in range(3)])
    write(database, "ticketing.clean_ticket", "two", category="Zoe")

    assert run_audit() == []


@pytest.mark.parametrize("reason", ["answered", "decided", "another text"])
def test_raw_text_that_is_kept_too_long_is_reported_with_its_ticket(database, run_audit, reason):
    with database.begin(None) as conn:
        add_text(conn, "one")
        add_text(conn, "two")
        draft = add_draft(conn, "one")
    assert run_audit() == []
    with database.begin(None) as conn:
        if reason == "decided":
            conn.execute("ALTER TABLE ticketing.draft DISABLE TRIGGER draft_trail")
            conn.execute("SELECT ticketing.approve_draft_v1(%s)", (draft,))
            conn.execute("ALTER TABLE ticketing.draft ENABLE TRIGGER draft_trail")
        else:
            conn.execute("UPDATE ticketing.draft SET state = 'expired'")
            add_text(conn, "one", content_id="text-0" if reason == "another text" else TEXT)
            add_clean(conn, "one", reply="Hello" if reason == "answered" else None)

    assert run_audit() == [("raw texts", "TICKET", "one", "kept too long")]


def test_audit_searches_snapshots(settings, run_audit):
    folder = settings.home / "p"
    folder.mkdir()
    rows = [{"ticket_id": "x", "text": "Parcel\nof SH20240501123", "output": None}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")

    assert {(finding.place, finding.key, finding.how) for finding in run_audit()} == {
        ("snapshots", "snapshot-1 train.parquet", "vault"),
        ("snapshots", "snapshot-1 train.parquet", "recogniser"),
    }


def test_audit_searches_prefect_reports_and_logs(settings, run_audit):
    (settings.home / "prefect").mkdir()
    (settings.home / "reports").mkdir()
    (settings.home / "logs").mkdir()
    with sqlite3.connect(settings.home / "prefect" / "prefect.db") as prefect:
        prefect.execute("CREATE TABLE flow_run (id TEXT, parameters TEXT)")
        prefect.execute("INSERT INTO flow_run VALUES ('a', ?)", (json.dumps({"ticket": "SH20240501123"}),))
    (settings.home / "reports" / "evaluation.html").write_text("<p>Rose <b>x</b></p><p>Rose Okafor</p>")
    (settings.home / "logs" / "engine.log").write_text("fine\nINFO 王小明\n")

    findings = run_audit()

    assert {(finding.place, finding.key) for finding in findings if finding.how == "vault"} == {
        ("Prefect's database", "flow_run (id a)"),
        ("reports", "evaluation.html, line 6"),
        ("logs", "engine.log, line 2"),
    }
    assert not [finding for finding in findings if "Rose" in str(finding) or "SH2024" in str(finding)]


def test_technical_log_lines_are_no_finding(settings, run_audit):
    (settings.home / "logs").mkdir()
    (settings.home / "logs" / "prefect.log").write_text(
        "2026-11-24 03:16:07,047 INFO View at http://127.0.0.1:4200/runs/flow-run/29838f19-26f8-4a5c-a9e5-afc9f1aca7f7\n"
        "Beginning flow run 'uncovered-serval' for flow 'retrain'\n"
        "(Background on this error at: https://sqlalche.me/e/20/e3q8)\n"
        "see https://github.com/vllm-project/vllm/issues/1 and https://docs.prefect.io/v3/advanced\n"
        "classifier-20261124T032003169-ee8a8c44 passed: accuracy 0.9933333333333333, seed 1234567890123456\n"
        "| zh | 109 | 0.972 (0.922–0.994) | 0.017 (0.002–0.044) | 0.009 (0.000–0.050) |\n"
        "bleu (language=en) minus that of the base 52.20 (surely enough 47.75) is > 0 ([46.96, 57.63], p 0.0010)\n"
    )

    assert run_audit() == []


def test_link_to_an_unknown_page_in_a_log_is_a_finding(settings, run_audit):
    (settings.home / "logs").mkdir()
    (settings.home / "logs" / "prefect.log").write_text("fetching https://github.com/jane-doe-1979/private\n")

    assert summary(run_audit()) == [("logs", "URL", "recogniser")]


def test_card_number_in_a_log_is_a_finding_and_a_hash_is_none(settings, run_audit):
    (settings.home / "logs").mkdir()
    (settings.home / "logs" / "engine.log").write_text("paid with 4539148803436467, hash 4539148803436467a\n")

    assert summary(run_audit()) == [("logs", "CREDIT_CARD", "recogniser")]


def test_invalid_prefect_database_raises_an_error(settings, run_audit):
    (settings.home / "prefect").mkdir()
    (settings.home / "prefect" / "prefect.db").write_text("no database" * 100)

    with pytest.raises(InputError, match="can't be read"):
        run_audit()


def test_audit_with_a_share_of_zero_searches_for_no_value(database, run_audit):
    write(database, "ticketing.clean_ticket", "one", body="Rose wrote")

    assert run_audit(share=0.0) == []


@pytest.mark.parametrize(
    ("value", "identifying"),
    [("Rose Okafor", True), ("Rose", False), ("SH20240501123", True), ("12345", False), ("王小明", True), ("小明", False),
     ("Christopher", False), ("a@b.example", True)],
)  # fmt: skip
def test_identifying_values_are_distinguished_from_ordinary_words(value, identifying):
    assert is_identifying(value) is identifying


def test_value_is_not_found_within_a_longer_number():
    values = Values()
    values.add("t", "<ORDER_ID_1>", "12345678")

    assert values.found_in("0123456789", None) == set()
    assert {hit.kind for hit in values.found_in("订单12345678号", None)} == {"ORDER_ID"}


def test_common_phrase_in_the_vault_is_no_finding(database, run_audit, vault):
    with database.begin() as conn:
        vault.store(conn, TextKey("one", 1, TEXT), {"<ADDRESS_1>": "20 square metres", "<ADDRESS_2>": "5 Mill Lane"})
        add_clean(conn, "three")
    write(database, "ticketing.clean_ticket", "two", body="20 square metres", reply="at 5 Mill Lane")
    write(database, "ticketing.clean_ticket", "three", body="20 square metres")

    assert [(finding.key, finding.kind) for finding in run_audit()] == [("two", "ADDRESS")]
