"""`ticketing review` makes the same decisions as the SQL functions, under the reviewer's name."""

import pytest

from tests.seed import add_clean, pending_draft, rows


@pytest.fixture
def review(command):
    def call(*arguments, reviewer="ann", columns=200):
        return command("review", *arguments, columns=columns, TICKETING_REVIEWER=reviewer)

    return call


@pytest.fixture
def draft(database):
    return str(pending_draft(database))


def test_list_shows_pending_drafts_and_their_holders(review, draft):
    assert "it is on its way" in review("list").stdout
    output = review("next").stdout
    assert "Where is my parcel?" in output and "Dear Ann, it is on its way." in output
    assert "ann" in review("list").stdout
    assert review("next", reviewer="bob").stdout.strip() == "No draft is waiting."


def test_warning_is_shown_with_a_draft_for_an_older_text(review, database, draft):
    with database.begin() as conn:
        add_clean(conn, "T1", content_id="text-2")
        conn.execute("DELETE FROM vault.ticket_text")
    output = review("show", draft).stdout
    assert "The ticket's text has changed since" in output
    assert "the text is no longer stored" in output
    assert "older text of ticket T1" in " ".join(review("approve", draft).stderr.split())


def test_released_draft_can_be_claimed_by_others(review, draft):
    review("next")
    assert review("release", draft).stdout.strip() == f"draft {draft} is free: others can claim it"
    assert "Dear Ann" in review("next", reviewer="bob").stdout


@pytest.mark.parametrize(
    ("decision", "state", "sent"),
    [
        (("approve",), "approved", ["Dear Ann, it is on its way."]),
        (("edit", "--body", "Dear Ann, tomorrow."), "edited", ["Dear Ann, tomorrow."]),
        (("reject", "--reason", "wrong product"), "rejected", []),
    ],
)
def test_decision_is_final_and_accepted_replies_go_into_the_outbox(review, database, draft, decision, state, sent):
    command, *options = decision
    assert review(command, draft, *options).returncode == 0

    assert [row["state"] for row in rows(database, "SELECT state FROM ticketing.draft")] == [state]
    assert [row["body"] for row in rows(database, "SELECT body FROM ticketing.outbox")] == sent
    assert rows(database, "SELECT actor FROM ticketing.draft_event ORDER BY event_id DESC LIMIT 1")[0]["actor"] == "ann"
    second_decision = review("approve", draft)
    assert second_decision.returncode == 1
    assert "nothing changed" in " ".join(second_decision.stderr.split())


def test_approving_a_held_or_missing_draft_raises_an_error(review, draft):
    review("next")
    for refused in (review("approve", draft, reviewer="bob"), review("approve", "999")):
        assert refused.returncode == 1
        assert "nothing changed" in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr
