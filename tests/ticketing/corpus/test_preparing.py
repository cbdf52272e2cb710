import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.finders import JOHN
from tests.seed import add_draft, add_models, rows
from tests.ticketing.corpus.conftest import START, make_ticket
from ticketing import reviewing
from ticketing.corpus import preparing
from ticketing.corpus.preparing import ChunkCounts, prepare_next_chunk, start_reading
from ticketing.database import Role, queries
from ticketing.errors import CorpusError
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import CorpusSettings, PrivacySettings
from ticketing.source import START as BEGINNING
from ticketing.tickets import text_key


def test_tickets_are_scrubbed_and_cleaned_and_the_vault_keeps_their_values(database, vault, run, add, clean_tickets):
    add(
        make_ticket(
            1,
            "Where is SH20240501123?\nMail jane@example.com\n\nBest regards\nACME Ltd.",
            subject="Order SH20240501123",
            category="logistics",
            reply="SH20240501123 is on its way.\n\nKind regards,\nACME Ltd.",
        )
    )

    assert run() == ChunkCounts(read=1, scrubbed=1)

    row = clean_tickets()["t0001"]
    assert row["subject"] == "Order <ORDER_ID_1>"
    assert row["body"] == "Where is <ORDER_ID_1>?\nMail <EMAIL_ADDRESS_1>"
    assert row["reply"] == "<ORDER_ID_1> is on its way."
    assert (row["category"], row["language"], row["unfit"]) == ("logistics", "en", None)
    assert row["created_at"] == START + timedelta(hours=1)
    with database.begin(Role.WRITEBACK) as conn:
        key = text_key(row)
        assert vault.read(conn, [key]) == {
            key: {"<ORDER_ID_1>": "SH20240501123", "<EMAIL_ADDRESS_1>": "jane@example.com"}
        }


def test_first_name_in_a_reply_gets_the_placeholder_of_the_full_name_in_the_ticket(run, add, clean_tickets):
    add(
        make_ticket(
            1,
            "Where is it?\n\nBest regards\nJohn Smith",
            category="logistics",
            reply="Dear John,\n\nit comes tomorrow.",
        )
    )

    run()

    row = clean_tickets()["t0001"]
    assert row["body"] == "Where is it?\n\n<PERSON_1>"
    assert row["reply"] == "Dear <PERSON_1>,\n\nit comes tomorrow."


def test_unchanged_tickets_are_not_scrubbed_again(run, add, clean_tickets):
    add(*(make_ticket(number) for number in range(5)))
    run()
    before = clean_tickets()

    add(make_ticket(2, "Another text", updated_at=START + timedelta(hours=4, minutes=30), revision=2))
    second_run = run()

    # The run reads the last hour again, but skips tickets 3 and 4 there, because they have not changed.
    assert second_run == ChunkCounts(read=1, scrubbed=1)
    after = clean_tickets()
    assert after.pop("t0002")["body"] == "Another text"
    del before["t0002"]
    assert after == before


def test_run_with_another_scrubber_scrubs_every_ticket_again(run, add, clean_tickets):
    add(*(make_ticket(number, "Parcel X17 is lost") for number in range(3)))
    run()
    other = Scrubber(PrivacySettings(order_patterns=(r"X\d+",)), JOHN)

    assert run(scrubber=other).scrubbed == 3

    assert {row["body"] for row in clean_tickets().values()} == {"Parcel <ORDER_ID_1> is lost"}


def test_row_committed_late_with_an_earlier_time_is_read_by_the_next_run(run, add, clean_tickets):
    add(make_ticket(1), make_ticket(50))
    run()

    add(make_ticket(49, updated_at=START + timedelta(hours=49, minutes=30)))
    run()

    assert set(clean_tickets()) == {"t0001", "t0049", "t0050"}


@pytest.mark.parametrize("zone", [UTC, None])
def test_run_reads_only_rows_that_changed_before_the_end_of_its_window(run, add, clean_tickets, zone):
    add(make_ticket(1), make_ticket(2), make_ticket(3))

    assert run(until=(START + timedelta(hours=3)).replace(tzinfo=zone)).read == 2

    assert set(clean_tickets()) == {"t0001", "t0002"}


@pytest.mark.parametrize(
    ("source_language", "body", "language"),
    [
        ("zh-CN", "hello", "zh"),
        (None, "我的订单还没有收到", "zh"),
        (None, "Where is it?", "en"),
        ("xx", "Where?", "xx"),
    ],
)
def test_language_is_taken_from_the_source_or_detected(run, add, clean_tickets, source_language, body, language):
    add(make_ticket(1, body, language=source_language))

    run()

    assert clean_tickets()["t0001"]["language"] == language


def test_unusable_tickets_are_marked_and_their_text_is_not_stored(settings, run, add, clean_tickets):
    short_texts_only = settings.model_copy(update={"corpus": CorpusSettings(max_body_chars=1000)})
    secret = "jane@example.com "
    tickets = [
        make_ticket(1, " \n\u200b", subject=secret),
        make_ticket(2, secret * 100),
        make_ticket(3, "fine", reply=secret * 100),
        make_ticket(4, "Write to jane@example.com"),
    ]

    add(*tickets)
    counts = run(settings=short_texts_only)

    assert counts == ChunkCounts(4, 4, {"empty body": 1, "body too long": 1, "reply too long": 1})
    rows = clean_tickets()
    assert [rows[f"t000{number}"]["unfit"] for number in range(1, 5)] == [
        "empty body", "body too long", "reply too long", None,
    ]  # fmt: skip
    assert not any("jane" in str(value) for row in rows.values() for value in row.values())


class _ScrubberFailingOnOneText(Scrubber):
    """A real scrubber that raises an error, as a library might, on texts with the word 'choke'."""

    def scrub(self, groups, known=None, names=True):
        if any("choke" in text for group in groups for text in group):
            raise ValueError("could not process 'choke, jane@example.com'")
        return super().scrub(groups, known, names)


def test_ticket_that_cannot_be_scrubbed_does_not_stop_the_others(settings, run, add, clean_tickets, caplog):
    failing_scrubber = _ScrubberFailingOnOneText(settings.privacy, JOHN)

    add(make_ticket(1), make_ticket(2, "choke, jane@example.com"), make_ticket(3))
    counts = run(limit=5, scrubber=failing_scrubber)

    assert counts.unfit == {"can't be scrubbed": 1}
    rows = clean_tickets()
    assert rows["t0001"]["body"] == rows["t0003"]["body"] == "Where is my order <ORDER_ID_1>?"
    assert rows["t0002"]["body"] == ""
    assert "jane" not in caplog.text


def test_newer_revision_is_not_overwritten_by_an_older_revision(database, vault, run, add, clean_tickets):
    add(make_ticket(1, "new #222222", revision=2))
    run()
    add(make_ticket(1, "old #111111", revision=1, updated_at=START + timedelta(days=2)))
    run()

    row = clean_tickets()["t0001"]
    assert row["body"] == "new <ORDER_ID_1>"
    with database.begin(Role.WRITEBACK) as conn:
        assert vault.read(conn, [text_key(row)])[text_key(row)] == {"<ORDER_ID_1>": "#222222"}


def test_two_concurrent_runs_prepare_each_ticket_exactly_once(database, scrubber, vault, settings, add, clean_tickets):
    add(*(make_ticket(number, f"order #{100000 + number}") for number in range(40)))
    start_reading(database, scrubber)
    both_have_read, scrubbed, errors = threading.Barrier(2, timeout=60), [], []

    class WaitingScrubber(Scrubber):
        """Waits before it scrubs the first chunk until both runs have read theirs. So neither has written yet."""

        waited = False

        def scrub(self, groups, known=None, names=True):
            if not self.waited:
                self.waited = True
                both_have_read.wait()
            return super().scrub(groups, known, names)

    def prepare_all(own_scrubber: Scrubber) -> None:
        try:
            while (chunk := prepare_next_chunk(database, own_scrubber, vault, settings, 3)) is not None:
                scrubbed.append(chunk.scrubbed)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=prepare_all, args=(WaitingScrubber(settings.privacy, JOHN),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (errors, both_have_read.broken) == ([], False)
    assert sum(scrubbed) == 40
    written = clean_tickets()
    assert {row["body"] for row in written.values()} == {"order <ORDER_ID_1>"}
    with database.begin(Role.WRITEBACK) as conn:
        values = vault.read(conn, [text_key(row) for row in written.values()])
    assert {key.ticket_id: own_values for key, own_values in values.items()} == {
        f"t{n:04d}": {"<ORDER_ID_1>": f"#{100000 + n}"} for n in range(40)
    }


def test_chunk_that_could_not_be_written_is_read_again(
    database, scrubber, vault, settings, add, clean_tickets, monkeypatch
):
    add(make_ticket(1), make_ticket(2))
    start_reading(database, scrubber)

    def fail(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(vault, "store", fail)
        with pytest.raises(OSError, match="no space"):
            prepare_next_chunk(database, scrubber, vault, settings, 5)
    assert clean_tickets() == {}
    assert prepare_next_chunk(database, scrubber, vault, settings, 5).scrubbed == 2


def test_run_killed_in_the_middle_of_a_chunk_loses_no_ticket(database, scrubber, vault, settings, add, clean_tickets):
    add(*(make_ticket(number, f"order #{100000 + number}") for number in range(6)))
    code = f"""
        import os, signal
        from tests.finders import JOHN
        from ticketing.corpus import preparing
        from ticketing.database import Database
        from ticketing.privacy.scrubber import Scrubber
        from ticketing.privacy.vault import Vault
        from ticketing.settings import Settings

        settings = Settings(home={str(settings.home)!r}, database_url={settings.database_url.get_secret_value()!r})
        database, scrubber, vault = Database.open(settings), Scrubber(settings.privacy, JOHN), Vault([bytes(32)])
        preparing.LEASE_SECONDS = 1.0
        preparing.start_reading(database, scrubber)
        preparing.prepare_next_chunk(database, scrubber, vault, settings, 2)
        store, stored = vault.store, []
        def store_and_die(*arguments):
            if stored:
                os.kill(os.getpid(), signal.SIGKILL)
            stored.append(store(*arguments))
        vault.store = store_and_die
        preparing.prepare_next_chunk(database, scrubber, vault, settings, 2)
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TICKETING_")}
    process = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False)
    assert process.returncode == -signal.SIGKILL
    assert len(clean_tickets()) == 2

    while prepare_next_chunk(database, scrubber, vault, settings, 2) is not None:
        pass

    assert len(clean_tickets()) == 6


@pytest.fixture
def texts(database):
    """Reads the raw texts in the vault, by ticket id."""

    def texts() -> dict[str, list[str]]:
        kept: dict[str, list[str]] = {}
        for row in rows(database, "SELECT ticket_id, body FROM vault.ticket_text ORDER BY stored_at"):
            kept.setdefault(row["ticket_id"], []).append(row["body"])
        return kept

    return texts


def change(database, ticket_id, **columns):
    """Changes an imported ticket, as the help desk does. `updated_at` becomes the present time unless it is given."""
    columns = {"updated_at": datetime.now(UTC)} | columns
    with database.begin() as conn:
        for name, value in columns.items():
            conn.execute(f"UPDATE ticketing.imported_ticket SET {name} = %s WHERE ticket_id = %s", (value, ticket_id))


def test_raw_text_is_kept_for_open_tickets_only(run, add, texts):
    add(
        make_ticket(1, "Where is it? I am Jane"),
        make_ticket(2, "Where is it?", category="logistics"),
        make_ticket(3, "Where is it?", reply="On its way."),
        make_ticket(4, " "),
    )
    run()

    assert texts() == {"t0001": ["Where is it? I am Jane"], "t0004": [" "]}


def test_raw_text_is_deleted_when_the_ticket_is_answered_or_its_text_changes(database, run, add, texts):
    add(make_ticket(1, "First"), make_ticket(2, "First"))
    run()
    change(database, "t0001", body="Second")
    change(database, "t0002", reply="On its way.")
    run()

    assert texts() == {"t0001": ["Second"]}


@pytest.mark.parametrize("reply", [" ", "\u200b"])
def test_reply_that_is_empty_after_cleaning_counts_as_an_answer(run, add, texts, clean_tickets, reply):
    add(make_ticket(1, reply=reply))
    run()

    assert clean_tickets()["t0001"]["reply"] == ""
    assert texts() == {}


def test_text_that_changed_within_a_revision_is_scrubbed_again_and_its_draft_is_superseded(
    database, vault, run, add, clean_tickets, texts
):
    add(make_ticket(1, "It is #111111"))
    run()
    old = text_key(clean_tickets()["t0001"])
    with database.begin() as conn:
        add_models(conn)
        add_draft(conn, "t0001", content_id=old.content_id)
    change(database, "t0001", body="It is #222222")
    run()

    new = text_key(clean_tickets()["t0001"])
    assert (old.revision, old.content_id == new.content_id) == (new.revision, False)
    assert rows(database, "SELECT state FROM ticketing.draft") == [{"state": "superseded"}]
    with database.begin(Role.WRITEBACK) as conn:
        assert vault.read(conn, [old, new]) == {old: {}, new: {"<ORDER_ID_1>": "#222222"}}
    assert texts() == {"t0001": ["It is #222222"]}


def test_old_raw_text_is_kept_until_its_claimed_draft_is_decided(database, run, add, clean_tickets, texts):
    add(make_ticket(1, "First"))
    run()
    with database.begin() as conn:
        add_models(conn)
        draft = add_draft(conn, "t0001", content_id=clean_tickets()["t0001"]["content_id"])
        reviewing.claim(conn, draft)
    change(database, "t0001", body="Second")
    run()

    assert texts() == {"t0001": ["First", "Second"]}
    with database.begin() as conn:
        reviewing.reject(conn, draft, "the text has changed")
    assert texts() == {"t0001": ["Second"]}


def test_new_scrubber_does_not_store_the_raw_text_of_a_ticket_with_a_decided_draft_again(
    database, run, add, clean_tickets, texts
):
    add(make_ticket(1, "Parcel X17 is lost"))
    run()
    with database.begin() as conn:
        add_models(conn)
        draft = add_draft(conn, "t0001", content_id=clean_tickets()["t0001"]["content_id"])
        reviewing.approve(conn, draft)

    assert run(scrubber=Scrubber(PrivacySettings(order_patterns=(r"X\d+",)), JOHN)).scrubbed == 1
    assert texts() == {}


FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


def test_row_dated_in_the_future_is_read_and_does_not_hide_later_changes(database, scrubber, run, add, clean_tickets):
    add(make_ticket(1, "mistyped", updated_at=FUTURE), make_ticket(2))
    assert run().scrubbed == 2
    beginning = start_reading(database, scrubber)
    assert beginning.invalid_rows.in_future == 1
    assert beginning.position.updated_at < datetime.now(UTC)
    assert clean_tickets()["t0001"]["updated_at"] < datetime.now(UTC)

    add(make_ticket(3, updated_at=datetime.now(UTC)))
    assert run().scrubbed == 1
    change(database, "t0001", body="changed, still mistyped", updated_at=FUTURE + timedelta(days=1))
    assert run().scrubbed == 1
    assert clean_tickets()["t0001"]["body"] == "changed, still mistyped"
    change(database, "t0001", body="corrected")
    assert run().scrubbed == 1
    assert clean_tickets()["t0001"]["body"] == "corrected"
    assert start_reading(database, scrubber).invalid_rows.in_future == 0
    assert run().read == 0


def test_row_dated_in_the_future_is_read_despite_the_window_and_can_be_corrected(database, run, add, clean_tickets):
    add(make_ticket(1, updated_at=FUTURE), make_ticket(500))
    run(until=START + timedelta(hours=3))
    assert set(clean_tickets()) == {"t0001"}
    change(database, "t0001", updated_at=START)
    run()
    assert set(clean_tickets()) == {"t0001", "t0500"}


def test_cursor_in_the_future_is_reset(database, scrubber, run, add, clean_tickets):
    add(make_ticket(1))
    run()
    with database.begin() as conn:
        conn.execute("UPDATE ticketing.extract_cursor SET updated_at = %s WHERE name = 'prepare'", (FUTURE,))
    add(make_ticket(2, updated_at=datetime.now(UTC)))
    run()

    assert set(clean_tickets()) == {"t0001", "t0002"}


def test_rows_dated_in_the_future_are_read_once_and_do_not_move_the_cursor(database, run, add):
    add(*(make_ticket(n, f"#{100000 + n}", updated_at=FUTURE + timedelta(seconds=n // 2)) for n in range(7)))
    assert run(limit=3) == ChunkCounts(7, 7)
    [cursor] = rows(database, "SELECT updated_at FROM ticketing.extract_cursor WHERE name = 'prepare'")
    assert cursor["updated_at"] < datetime.now(UTC)
    assert run(limit=3) == ChunkCounts()


def test_older_revision_dated_in_the_future_is_read_once_and_not_written(run, add, clean_tickets):
    add(make_ticket(1, "new", revision=2))
    run()
    add(make_ticket(1, "old", revision=1, updated_at=FUTURE))

    assert run() == ChunkCounts(1, 0)
    assert clean_tickets()["t0001"]["body"] == "new"


@pytest.mark.parametrize("interval", [timedelta(0), timedelta(milliseconds=1)])
def test_tickets_of_a_bulk_import_are_read_once(run, add, interval):
    import_time = datetime.now(UTC) - timedelta(minutes=1)
    add(*(make_ticket(n, f"#{100000 + n}", updated_at=import_time + n * interval) for n in range(25)))
    assert run(limit=10).read == 25
    assert run(limit=10) == ChunkCounts()
    add(make_ticket(30, updated_at=datetime.now(UTC)))
    assert run(limit=10) == ChunkCounts(1, 1)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_no_ticket_is_lost_when_a_chunk_ends_between_equal_times(run, add, clean_tickets, limit):
    add(*(make_ticket(n, updated_at=START + timedelta(hours=n // 4)) for n in range(12)))
    assert run(limit=limit) == ChunkCounts(12, 12)
    assert len(clean_tickets()) == 12


ACTIONS = st.one_of(
    st.tuples(st.just("add a ticket"), st.integers(-59, 120)),  # minutes from now to the ticket's updated_at
    st.tuples(st.just("change the text"), st.integers(0, 9)),  # which ticket
    st.tuples(st.just("change the time"), st.integers(0, 9)),  # which ticket
    st.tuples(st.just("run"), st.integers(1, 4)),  # tickets per chunk
)


@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, max_size=14))
def test_clean_tickets_equal_the_source_after_any_changes_and_runs(database, run, add, clean_tickets, actions):
    with database.begin(role=None) as conn:
        conn.execute("TRUNCATE ticketing.imported_ticket, ticketing.clean_ticket, ticketing.extract_cursor CASCADE")
    count = 0
    for number, (action, value) in enumerate(actions):
        if action == "add a ticket":
            add(make_ticket(count, f"text {number}", updated_at=datetime.now(UTC) + timedelta(minutes=value)))
            count += 1
        elif action == "run":
            run(limit=value)
        elif count and action == "change the text":
            change(database, f"t{value % count:04d}", body=f"text {number}")
        elif count:
            change(database, f"t{value % count:04d}")
    run(limit=3)

    source = rows(database, "SELECT ticket_id, body FROM ticketing.source_ticket ORDER BY 1")
    assert [{"ticket_id": name, "body": row["body"]} for name, row in clean_tickets().items()] == source
    assert run() == ChunkCounts()


def test_runs_claim_different_ranges_and_wait_for_one_another(database, scrubber, add, monkeypatch):
    monkeypatch.setattr(preparing, "WAIT_SECONDS", 0.05)
    add(*(make_ticket(number, f"order #{100000 + number}") for number in range(5)))
    start_reading(database, scrubber)
    first = preparing._claim(database, scrubber, 3, None)
    assert start_reading(database, scrubber).rows == 2  # the second run joins the first, and reads what is left
    second = preparing._claim(database, scrubber, 3, None)
    assert [[ticket.ticket_id for ticket in chunk.tickets] for chunk in (first, second)] == [
        ["t0000", "t0001", "t0002"], ["t0003", "t0004"],
    ]  # fmt: skip
    results = []
    third = threading.Thread(target=lambda: results.append(prepare_next_chunk(database, scrubber, None, None, 3)))
    third.start()
    third.join(0.3)
    assert results == [], "the third run did not wait for the claimed ranges"
    with database.begin() as conn:
        for chunk in (first, second):
            assert queries.finish_range(conn, claim=chunk.claim)
    third.join(10)
    assert results == [None]


def test_range_with_an_expired_lease_is_taken_over_and_the_late_run_writes_nothing(
    database, scrubber, vault, settings, add, clean_tickets, monkeypatch
):
    add(make_ticket(1, "first"), make_ticket(2, "second"))
    start_reading(database, scrubber)
    scrub = scrubber.scrub

    def scrub_after_another_run_took_over(*arguments):
        with database.begin() as conn:
            conn.execute("UPDATE ticketing.extract_range SET lease_until = '-infinity'")
        monkeypatch.setattr(scrubber, "scrub", scrub)
        other_run.append(prepare_next_chunk(database, scrubber, vault, settings, 5))
        return scrub(*arguments)

    other_run: list[ChunkCounts | None] = []
    monkeypatch.setattr(scrubber, "scrub", scrub_after_another_run_took_over)
    assert prepare_next_chunk(database, scrubber, vault, settings, 5) == ChunkCounts()
    assert other_run == [ChunkCounts(2, 2)]
    assert prepare_next_chunk(database, scrubber, vault, settings, 5) is None
    assert len(clean_tickets()) == 2


def test_text_that_was_read_earlier_does_not_overwrite_a_text_that_was_read_later(database, run, add, clean_tickets):
    add(make_ticket(1, "later"))
    run()
    with database.begin() as conn:
        row = clean_tickets()["t0001"]
        earlier = {name: row[name] for name in row if name != "scrubbed_at"} | {
            "content_id": "other", "body": "earlier", "read_at": row["read_at"] - timedelta(seconds=1)
        }  # fmt: skip
        assert queries.write_clean_ticket(conn, **earlier) is None

    assert clean_tickets()["t0001"]["body"] == "later"


def test_run_with_another_scrubber_stops_the_current_run(database, scrubber, vault, settings, add):
    add(make_ticket(1))
    start_reading(database, scrubber)
    start_reading(database, Scrubber(PrivacySettings(order_patterns=(r"X\d+",)), JOHN))

    with pytest.raises(CorpusError, match="another scrubber"):
        prepare_next_chunk(database, scrubber, vault, settings, 5)


def test_first_run_reads_everything_and_a_later_run_reads_the_last_hour_again(database, scrubber, run, add):
    assert start_reading(database, scrubber).position == BEGINNING
    add(make_ticket(100))
    run()

    later = start_reading(database, scrubber)

    assert later.position.updated_at == START + timedelta(hours=100) - preparing.OVERLAP
