"""Blind studies: what the roles may see, how items are assigned, and which ratings the database accepts."""

import json

import psycopg
import pytest

from tests.seed import SNAPSHOT, add_models, rows
from tests.studies import CANDIDATE, SYSTEMS, act, make_study, rate_all, record
from tests.ticketing.test_roles import REFUSED, attempt
from ticketing.database import Role
from ticketing.errors import StudyError
from ticketing.privacy.forgetting import forget_tickets
from ticketing.study import studies as study
from ticketing.study.sampling import Sample
from ticketing.study.studies import NewStudy, Reply

TABLES = ("study", "study_system", "study_item", "study_reply", "study_assignment", "study_rating")
BEST_SCORES = {"A": 5, "B": 5, "C": 5, "D": 5}


def items_of(database, rater):
    """The items of a rater, in order: the ticket, whether every rater gets it, and the systems behind the labels."""
    assignments = rows(
        database,
        "SELECT i.ticket_id, i.shared, a.place, a.systems FROM ticketing.study_assignment a"
        " JOIN ticketing.study_item i USING (item_id) WHERE a.rater = %s ORDER BY a.place",
        rater,
    )
    return [(row["ticket_id"], row["shared"], tuple(row["systems"])) for row in assignments]


def count(database, table):
    return rows(database, f"SELECT count(*) AS n FROM ticketing.{table}")[0]["n"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", [Role.RATER, Role.REVIEWER])
def test_raters_and_reviewers_may_not_read_the_tables_of_studies(database, role, table):
    assert attempt(database, role, f"SELECT * FROM ticketing.{table}") == REFUSED


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT reply FROM ticketing.clean_ticket",
        "SELECT * FROM ticketing.source_ticket",
        "SELECT * FROM ticketing.draft",
        "SELECT ticketing.study_assign_v1(1, 'me')",
        "SELECT ticketing.study_close_v1(1)",
        "SELECT ticketing.study_draw(1, 'a')",
        "SELECT ticketing.study_locked(1)",
        "INSERT INTO ticketing.study_rating (item_id, rater, scores) VALUES (1, 'me', '{}')",
    ],
)
def test_rater_may_do_nothing_but_rate(database, statement):
    assert attempt(database, Role.RATER, statement) == REFUSED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticketing.study SET state = 'open'",
        "INSERT INTO ticketing.study_rating (item_id, rater, scores) VALUES (1, 'me', '{}')",
        "INSERT INTO ticketing.study_assignment VALUES (1, 'me', 1, '{human}')",
        "DELETE FROM ticketing.study_item",
    ],
)
def test_pipeline_may_change_studies_only_through_the_functions(database, statement):
    assert attempt(database, Role.PIPELINE, statement) == REFUSED


def test_readonly_role_may_not_read_the_seed_of_a_study(database):
    assert attempt(database, Role.READONLY, "SELECT seed FROM ticketing.study") == REFUSED
    assert attempt(database, Role.READONLY, "SELECT name, state FROM ticketing.study") is None


def test_rater_with_an_own_login_rates_under_its_name_and_sees_no_system_and_no_version(
    server, database, database_name
):
    study_id = make_study(database)
    login = server.create_login(Role.RATER)
    study.assign(database, study_id, login)
    with psycopg.connect(server.uri(database_name, login)) as conn:
        # Only the pipeline may act for another person.
        conn.execute("SELECT set_config('ticketing.actor', 'somebody else', false)")
        cursor = conn.execute("SELECT * FROM ticketing.study_next_v1(%s)", (study_id,))
        assert [column.name for column in cursor.description] == [
            "item_id", "place", "rated", "items", "ticket", "replies"
        ]  # fmt: skip
        item = cursor.fetchone()
        assert sorted(item[5]) == ["A", "B", "C", "D"]
        is_new = conn.execute(
            "SELECT ticketing.study_rate_v1(%s, %s, %s, 'B', null)", (study_id, item[0], json.dumps(BEST_SCORES))
        ).fetchone()
        assert is_new == (True,)
    assert [row["rater"] for row in rows(database, "SELECT rater FROM ticketing.study_rating")] == [login]


def test_labels_are_drawn_per_item_and_rater_and_the_order_of_items_per_rater(database):
    study_id = make_study(database, size=40, shared=20)
    for rater in ("ann", "bob"):
        assert study.assign(database, study_id, rater) == 30
    ann, bob = items_of(database, "ann"), items_of(database, "bob")
    systems_labelled_a = {systems[0] for _, _, systems in ann}
    assert systems_labelled_a == set(SYSTEMS)
    shared_by_ann = {ticket: systems for ticket, is_shared, systems in ann if is_shared}
    shared_by_bob = {ticket: systems for ticket, is_shared, systems in bob if is_shared}
    assert shared_by_ann.keys() == shared_by_bob.keys()
    assert any(shared_by_ann[ticket] != shared_by_bob[ticket] for ticket in shared_by_ann)
    assert list(shared_by_ann) != list(shared_by_bob)


def test_every_rater_gets_the_shared_items_and_items_that_no_other_rater_gets(database):
    study_id = make_study(database, size=21, shared=5, raters=2)
    assert [study.assign(database, study_id, rater) for rater in ("ann", "bob")] == [13, 13]
    anns, bobs = items_of(database, "ann"), items_of(database, "bob")
    only_ann, only_bob = ({ticket for ticket, is_shared, _ in items if not is_shared} for items in (anns, bobs))
    assert (len(only_ann), len(only_bob)) == (8, 8)
    assert not only_ann & only_bob
    assert [sum(is_shared for _, is_shared, _ in items) for items in (anns, bobs)] == [5, 5]


def test_rater_can_join_late_and_gets_items_only_once(database):
    study_id = make_study(database, size=10, shared=2, raters=2)
    for rater in ("ann", "bob"):
        study.assign(database, study_id, rater)
    assert study.assign(database, study_id, "late", own=3) == 5
    assert study.assign(database, study_id, "late", own=8) == 5


def test_same_seed_and_rater_names_give_the_same_items_order_and_labels(database, server):
    first, second = (make_study(database, size=12, name=name) for name in ("first", "second"))
    for study_id in (first, second):
        study.assign(database, study_id, "ann")
    assignments = rows(
        database,
        "SELECT i.study_id, i.ticket_id, a.place, a.systems FROM ticketing.study_assignment a"
        " JOIN ticketing.study_item i USING (item_id) ORDER BY 1, 3",
    )
    drawn = {
        study_id: [(row["ticket_id"], row["systems"]) for row in assignments if row["study_id"] == study_id]
        for study_id in (first, second)
    }
    assert drawn[first] == drawn[second] != []


def test_next_item_gives_the_items_in_order_until_all_are_rated(database):
    study_id = make_study(database, size=4, shared=4)
    study.assign(database, study_id, "ann")
    progress = []
    while item := act(database, "ann", study.next_item, study_id):
        progress.append((item.place, item.rated, item.items))
        assert act(database, "ann", study.rate, study_id, item.item_id, BEST_SCORES, None, "fine") is True
    assert progress == [(1, 0, 4), (2, 1, 4), (3, 2, 4), (4, 3, 4)]


def test_only_the_newest_rating_is_used_and_changed_ratings_are_kept_in_the_table(database):
    study_id = make_study(database, size=1, shared=1)
    study.assign(database, study_id, "ann")
    item = act(database, "ann", study.next_item, study_id)
    is_new = [
        act(database, "ann", study.rate, study_id, item.item_id, BEST_SCORES, preferred)
        for preferred in ("A", "A", "B")
    ]
    assert is_new == [True, False, True]
    assert count(database, "study_rating") == 2
    [rating] = study.ratings(database, study_id)
    assert item.replies["B"].startswith(rating.preferred)
    assert rating.scores == dict.fromkeys(SYSTEMS, 5)


@pytest.mark.parametrize(
    ("scores", "preferred", "message"),
    [
        ({"A": 1, "B": 2, "C": 3}, "A", "each of A, B, C, D needs a score"),
        ({**BEST_SCORES, "E": 1}, "A", "each of A, B, C, D needs a score"),
        ({}, None, "each of A, B, C, D needs a score"),
        ({**BEST_SCORES, "A": 0}, "A", "a score is 1, 2, 3, 4 or 5"),
        ({**BEST_SCORES, "A": 6}, "A", "a score is 1, 2, 3, 4 or 5"),
        ({**BEST_SCORES, "A": 2.5}, "A", "a score is 1, 2, 3, 4 or 5"),
        ({**BEST_SCORES, "A": "5"}, "A", "a score is 1, 2, 3, 4 or 5"),
        ({**BEST_SCORES, "A": None}, "A", "a score is 1, 2, 3, 4 or 5"),
        (BEST_SCORES, "E", "the preferred reply is one of A, B, C, D"),
        (BEST_SCORES, "human", "the preferred reply is one of A, B, C, D"),
        (BEST_SCORES, "", "the preferred reply is one of A, B, C, D"),
    ],
)
def test_invalid_rating_is_refused(database, scores, preferred, message):
    study_id = make_study(database, size=1, shared=1)
    study.assign(database, study_id, "ann")
    item = act(database, "ann", study.next_item, study_id)
    with pytest.raises(StudyError, match=message):
        act(database, "ann", study.rate, study_id, item.item_id, scores, preferred)
    assert count(database, "study_rating") == 0


def test_rater_cannot_rate_items_that_were_not_assigned_to_the_rater(database):
    study_id = make_study(database, size=6, shared=2, raters=2)
    for rater in ("ann", "bob"):
        study.assign(database, study_id, rater)
    item = rows(
        database,
        "SELECT a.item_id FROM ticketing.study_assignment a JOIN ticketing.study_item i USING (item_id)"
        " WHERE a.rater = 'bob' AND NOT i.shared LIMIT 1",
    )[0]["item_id"]
    for rater, rated_study, item_id in (("ann", study_id, item), ("bob", study_id + 1, item), ("bob", study_id, 10**9)):
        with pytest.raises(StudyError, match=f"is not one of {rater}'s"):
            act(database, rater, study.rate, rated_study, item_id, BEST_SCORES, None)
    with pytest.raises(StudyError, match=f"Study {study_id} has no items for eve"):
        act(database, "eve", study.next_item, study_id)


def test_closed_study_accepts_no_rating_and_no_rater(database):
    study_id = make_study(database, size=2, shared=2)
    study.assign(database, study_id, "ann")
    item = act(database, "ann", study.next_item, study_id)
    study.close(database, study_id, "boss")
    for action in (
        lambda: act(database, "ann", study.rate, study_id, item.item_id, BEST_SCORES, None),
        lambda: act(database, "ann", study.next_item, study_id),
        lambda: study.assign(database, study_id, "bob"),
        lambda: study.close(database, study_id, "boss"),
    ):
        with pytest.raises(StudyError, match=f"Study {study_id} is closed; nothing changed"):
            action()
    assert study.find(database, study_id).state == "closed"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticketing.study_rating SET preferred = 'A'",
        "DELETE FROM ticketing.study_rating",
        "TRUNCATE ticketing.study_rating",
        "UPDATE ticketing.study_assignment SET systems = '{human,champion,candidate,nearest}'",
        "DELETE FROM ticketing.study_assignment",
        "UPDATE ticketing.study_reply SET body = 'better'",
        "DELETE FROM ticketing.study_reply",
        "UPDATE ticketing.study_item SET ticket = 'other'",
        "INSERT INTO ticketing.study_item (study_id, ticket_id, category, language, ticket, shared)"
        " SELECT study_id, 'x', 'c', 'en', 't', true FROM ticketing.study",
        "UPDATE ticketing.study_system SET version = 'generator-2'",
        "UPDATE ticketing.study SET seed = 1",
        "UPDATE ticketing.study SET state = 'preparing'",
    ],
)
def test_not_even_the_owner_can_change_a_study_and_its_ratings(database, statement):
    study_id = make_study(database, size=2, shared=2)
    rate_all(database, study_id, "ann", lambda system: 3)
    conditions = (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(database.libpq_uri()) as conn, pytest.raises(conditions):
        conn.execute(statement)


def test_opening_a_study_removes_the_tickets_without_a_reply_of_every_system(database):
    with database.begin(None) as conn:
        add_models(conn)
    new = NewStudy("half", SNAPSHOT, "generator-1", None, 1, 3, 0.0, 1, "ann")
    study_id = study.create(database, new, Sample(tuple(record(n) for n in range(3)), frozenset()))
    study.write_replies(database, study_id, "nearest", [Reply(f"t{n:04d}", "said") for n in range(3)])
    with pytest.raises(StudyError, match="is preparing"):
        study.assign(database, study_id, "ann")
    study.write_replies(
        database, study_id, "champion", [Reply("t0000", "said"), Reply("t0001", " \n"), Reply("x", "y")]
    )
    assert study.open_study(database, study_id) == 2
    assert study.tickets(database, study_id) == ["t0000"]
    with pytest.raises(StudyError, match="is open"):
        study.open_study(database, study_id)


def test_replies_of_a_system_are_never_overwritten(database):
    with database.begin(None) as conn:
        add_models(conn)
    new = NewStudy("half", SNAPSHOT, "generator-1", None, 1, 1, 0.0, 1, "ann")
    study_id = study.create(database, new, Sample((record(0),), frozenset()))
    for body in ("first", "second"):
        study.write_replies(database, study_id, "nearest", [Reply("t0000", body)])
    replies = rows(database, "SELECT body FROM ticketing.study_reply WHERE system = 'nearest'")
    assert [row["body"] for row in replies] == ["first"]


def test_study_with_a_used_name_or_the_same_model_twice_is_refused(database):
    make_study(database, name="first")
    with pytest.raises(StudyError, match="There is a study 'first' already"):
        make_study(database, name="first")
    with pytest.raises(StudyError, match="generator-1 is the champion"):
        make_study(database, name="other", candidate="generator-1")
    with pytest.raises(StudyError, match="There is no study 99"):
        study.find(database, 99)


def test_forgetting_a_ticket_removes_the_ticket_with_its_replies_and_ratings_from_studies(database):
    study_id = make_study(database, size=4, shared=4)
    rate_all(database, study_id, "ann", lambda system: 3)
    study.close(database, study_id, "boss")

    forget_tickets(database, ["t0001"])

    assert study.tickets(database, study_id) == ["t0000", "t0002", "t0003"]
    assert [count(database, table) for table in TABLES[2:]] == [3, 12, 3, 3]
    assert {rating.item_id for rating in study.ratings(database, study_id)} == {
        row["item_id"] for row in rows(database, "SELECT item_id FROM ticketing.study_item")
    }


def test_reply_of_a_forgotten_training_ticket_is_removed_unless_another_ticket_has_the_same_reply(database):
    study_id = make_study(database, size=4, shared=4)
    forget_tickets(database, ["train-2"])
    assert len(study.tickets(database, study_id)) == 4
    forget_tickets(database, ["train-1"])
    assert study.tickets(database, study_id) == ["t0001", "t0003"]
    forget_tickets(database, ["train-3"])
    assert study.tickets(database, study_id) == []


def test_forgotten_ticket_is_not_added_to_a_new_study(database):
    forget_tickets(database, ["t0001", "train-1"])
    study_id = make_study(database, size=4, shared=4)
    assert study.tickets(database, study_id) == ["t0003"]


def test_list_of_studies_shows_the_progress_of_each_study(database):
    study_id = make_study(database, size=6, shared=2, raters=2)
    rate_all(database, study_id, "ann", lambda system: 3)
    study.assign(database, study_id, "bob")
    [row] = study.studies(database)
    assert (row.items, row.shared, row.joined, row.ratings, row.state) == (6, 2, 2, 4, "open")
    assert row.systems == {"human": None, "nearest": None, "champion": "generator-1", "candidate": CANDIDATE}
