import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import timedelta

import pytest

from tests.finders import JOHN
from tests.ticketing.corpus.conftest import START, make_ticket
from ticketing.corpus import preparing
from ticketing.corpus.preparing import ChunkCounts, prepare_next_chunk, start_reading
from ticketing.database import Role
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import CorpusSettings, PrivacySettings
from ticketing.source import START as BEGINNING


def test_tickets_are_scrubbed_cleaned_and_their_values_kept(database, vault, run, add, clean_tickets):
    add(
        make_ticket(
            1,
            "Where is SH20240501123?\nMail jane@example.com\n\nBest regards\nACME Ltd.",
            subject="Order SH20240501123",
            category="logistics",
            reply="SH20240501123 is on its way.\n\nKind regards,\nThe Shop",
        )
    )

    assert run() == ChunkCounts(read=1, unchanged=0, scrubbed=1)

    row = clean_tickets()["t0001"]
    assert row["subject"] == "Order <ORDER_ID_1>"
    assert row["body"] == "Where is <ORDER_ID_1>?\nMail <EMAIL_ADDRESS_1>"
    assert row["reply"] == "<ORDER_ID_1> is on its way."
    assert (row["category"], row["language"], row["unfit"]) == ("logistics", "en", None)
    assert row["created_at"] == START + timedelta(hours=1)
    with database.begin(Role.WRITEBACK) as conn:
        assert vault.read(conn, [("t0001", 1)]) == {
            ("t0001", 1): {"<ORDER_ID_1>": "SH20240501123", "<EMAIL_ADDRESS_1>": "jane@example.com"}
        }


def test_a_reply_that_greets_by_first_name_uses_the_placeholder_of_the_ticket(run, add, clean_tickets):
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


def test_what_has_not_changed_is_not_scrubbed_again(run, add, clean_tickets):
    add(*(make_ticket(number) for number in range(5)))
    run()
    before = clean_tickets()

    add(make_ticket(2, "Another text", updated_at=START + timedelta(hours=4, minutes=30), revision=2))
    again = run()

    # The overlap re-reads the last hour: tickets 3 and 4 and the changed one.
    assert again == ChunkCounts(read=3, unchanged=2, scrubbed=1)
    after = clean_tickets()
    assert after.pop("t0002")["body"] == "Another text"
    del before["t0002"]
    assert after == before


def test_another_scrubber_starts_from_the_beginning(run, add, clean_tickets):
    add(*(make_ticket(number, "Parcel X17 is lost") for number in range(3)))
    run()
    other = Scrubber(PrivacySettings(order_patterns=(r"X\d+",)), JOHN)

    assert run(scrubber=other).scrubbed == 3

    assert {row["body"] for row in clean_tickets().values()} == {"Parcel <ORDER_ID_1> is lost"}


def test_a_row_committed_late_with_an_older_time_is_read_by_the_next_run(run, add, clean_tickets):
    add(make_ticket(1), make_ticket(50))
    run()

    add(make_ticket(49, updated_at=START + timedelta(hours=49, minutes=30)))
    run()

    assert set(clean_tickets()) == {"t0001", "t0049", "t0050"}


def test_a_run_reads_up_to_the_end_of_its_window(run, add, clean_tickets):
    add(make_ticket(1), make_ticket(2), make_ticket(3))

    assert run(until=START + timedelta(hours=3)).read == 2

    assert set(clean_tickets()) == {"t0001", "t0002"}


@pytest.mark.parametrize(
    ("given", "body", "language"),
    [
        ("zh-CN", "hello", "zh"),
        (None, "我的订单还没有收到", "zh"),
        (None, "Where is it?", "en"),
        ("xx", "Where?", "xx"),
    ],
)
def test_the_language_is_the_given_one_or_detected(run, add, clean_tickets, given, body, language):
    add(make_ticket(1, body, language=given))

    run()

    assert clean_tickets()["t0001"]["language"] == language


def test_tickets_that_cannot_be_used_are_marked_and_their_text_is_not_kept(settings, run, add, clean_tickets):
    small = settings.model_copy(update={"corpus": CorpusSettings(max_body_chars=1000)})
    secret = "jane@example.com "
    tickets = [
        make_ticket(1, " \n\u200b", subject=secret),
        make_ticket(2, secret * 100),
        make_ticket(3, "fine", reply=secret * 100),
        make_ticket(4, "Write to jane@example.com"),
    ]

    add(*tickets)
    counts = run(settings=small)

    assert counts == ChunkCounts(4, 0, 4, {"empty body": 1, "body too long": 1, "reply too long": 1})
    rows = clean_tickets()
    assert [rows[f"t000{number}"]["unfit"] for number in range(1, 5)] == [
        "empty body", "body too long", "reply too long", None,
    ]  # fmt: skip
    assert not any("jane" in str(value) for row in rows.values() for value in row.values())


class _Choking(Scrubber):
    """A real scrubber in which a library fails on one text."""

    def scrub(self, groups, known=None, names=True):
        if any("choke" in text for group in groups for text in group):
            raise ValueError("could not process 'choke, jane@example.com'")
        return super().scrub(groups, known, names)


def test_a_ticket_that_cannot_be_scrubbed_does_not_stop_the_others(settings, run, add, clean_tickets, caplog):
    choking = _Choking(settings.privacy, JOHN)

    add(make_ticket(1), make_ticket(2, "choke, jane@example.com"), make_ticket(3))
    counts = run(limit=5, scrubber=choking)

    assert counts.unfit == {"can't be scrubbed": 1}
    rows = clean_tickets()
    assert rows["t0001"]["body"] == rows["t0003"]["body"] == "Where is my order <ORDER_ID_1>?"
    assert rows["t0002"]["body"] == ""
    assert "jane" not in caplog.text


def test_a_newer_revision_is_not_overwritten_by_an_older_one(database, vault, run, add, clean_tickets):
    add(make_ticket(1, "new #222222", revision=2))
    run()
    add(make_ticket(1, "old #111111", revision=1, updated_at=START + timedelta(days=2)))
    run()

    assert clean_tickets()["t0001"]["body"] == "new <ORDER_ID_1>"
    with database.begin(Role.WRITEBACK) as conn:
        assert vault.read(conn, [("t0001", 2)])["t0001", 2] == {"<ORDER_ID_1>": "#222222"}


def test_two_runs_at_the_same_time_lose_and_double_nothing(database, scrubber, vault, settings, add, clean_tickets):
    add(*(make_ticket(number, f"order #{100000 + number}") for number in range(40)))
    start_reading(database, scrubber)
    both, scrubbed, errors = threading.Barrier(2, timeout=60), [], []

    class Together(Scrubber):
        """Waits, the first time, until the other run has read its first chunk too, and before either writes."""

        waited = False

        def scrub(self, groups, known=None, names=True):
            if not self.waited:
                self.waited = True
                both.wait()
            return super().scrub(groups, known, names)

    def work(own: Scrubber) -> None:
        try:
            while (chunk := prepare_next_chunk(database, own, vault, settings, 3)) is not None:
                scrubbed.append(chunk.scrubbed)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(Together(settings.privacy, JOHN),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (errors, both.broken) == ([], False)
    assert sum(scrubbed) == 40
    written = clean_tickets()
    assert {row["body"] for row in written.values()} == {"order <ORDER_ID_1>"}
    with database.begin(Role.WRITEBACK) as conn:
        values = vault.read(conn, [(ticket_id, 1) for ticket_id in written])
    assert values == {(f"t{n:04d}", 1): {"<ORDER_ID_1>": f"#{100000 + n}"} for n in range(40)}


def test_the_cursor_stays_where_it_was_when_a_chunk_cannot_be_written(
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


def test_killed_in_the_middle_of_a_chunk_loses_nothing(database, scrubber, vault, settings, add, clean_tickets):
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
        preparing.start_reading(database, scrubber)
        preparing.prepare_next_chunk(database, scrubber, vault, settings, 2)
        store, stored = vault.store, []
        def store_and_die(*of):
            if stored:
                os.kill(os.getpid(), signal.SIGKILL)
            stored.append(store(*of))
        vault.store = store_and_die
        preparing.prepare_next_chunk(database, scrubber, vault, settings, 2)
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TICKETING_")}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(clean_tickets()) == 2

    while prepare_next_chunk(database, scrubber, vault, settings, 2) is not None:
        pass

    assert len(clean_tickets()) == 6


def test_the_first_run_begins_at_the_beginning_and_a_later_one_a_little_before_the_last(database, scrubber, run, add):
    assert start_reading(database, scrubber) == BEGINNING
    add(make_ticket(100))
    run()

    again = start_reading(database, scrubber)

    assert again.updated_at == START + timedelta(hours=100) - preparing.OVERLAP
