"""Makes studies for the tests of several packages. Each made-up reply begins with the name of its system."""

from tests.seed import GENERATOR, SNAPSHOT, add_models
from ticketing.corpus.snapshot import Record
from ticketing.database import Role
from ticketing.study import studies as study
from ticketing.study.sampling import Sample
from ticketing.study.studies import NewStudy, Reply

CANDIDATE = "generator-2"
SYSTEMS = ("human", "nearest", "champion", "candidate")


def record(number, *, category="payment", language="en", text=None, output=""):
    """A ticket of a snapshot, with a human reply unless `output` gives another reply, or None for no reply."""
    reply = f"human wrote {number}" if output == "" else output
    text = text or f"Ticket {number}\nWhere is <ORDER_ID_1>?"
    return Record(f"t{number:04d}", language, category, text, "Answer.", text, reply, number)


def make_study(database, *, size=10, shared=2, raters=2, candidate=CANDIDATE, seed=7, name="first", records=None):
    """Makes an open study in which every system has replied to every ticket. Returns the study's id."""
    records = tuple(record(number) for number in range(size)) if records is None else tuple(records)
    with database.begin(None) as conn:
        add_models(conn)
    new = NewStudy(name, SNAPSHOT, GENERATOR, candidate, seed, len(records), shared / len(records), raters, "ann")
    study_id = study.create(database, new, Sample(records, frozenset(ticket.ticket_id for ticket in records[:shared])))
    for system in [name for name in new.systems if name != "human"]:
        sources = (("train-1",), ("train-2", "train-3"))
        replies = [
            Reply(ticket.ticket_id, f"{system} wrote {i}", sources[i % 2] if system == "nearest" else ())
            for i, ticket in enumerate(records)
        ]
        study.write_replies(database, study_id, system, replies)
    study.open_study(database, study_id)
    return study_id


def act(database, name, do, *args, role=Role.PIPELINE):
    """Calls `do` as the person `name`, in a transaction of its own. Returns what `do` returns."""
    with database.begin(role) as conn:
        study.set_actor(conn, name)
        return do(conn, *args)


def rate_all(database, study_id, rater, score, preferred=None):
    """A rater joins a study and rates every item.

    `score` is a function from a system's name to its score, and `preferred` is the name of the preferred system.
    """
    study.assign(database, study_id, rater)
    while item := act(database, rater, study.next_item, study_id):
        labels = {text.split()[0]: label for label, text in item.replies.items()}  # system → label
        scores = {label: score(system) for system, label in labels.items()}
        act(database, rater, study.rate, study_id, item.item_id, scores, labels.get(preferred))
