"""A million tickets from the source to an evaluated classifier: seconds, memory, and whether a ticket costs the same.

The finder of names and LAC, which finds Chinese names, are replaced by stubs that find nothing: they take most of the
time of `prepare`, and `test_scrubbing` measures them. Everything else is what a user runs.
"""

import multiprocessing
import os
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psutil
import psycopg
import pytest

from models.classifier.model import TrainedClassifier
from models.classifier.training import train_classifier
from models.evaluation.classifier import evaluate_classifier
from tests.finders import Finder
from ticketing.corpus import preparing
from ticketing.corpus.snapshot import build_snapshot
from ticketing.database import Database
from ticketing.privacy import chinese
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.vault import Vault
from ticketing.sample import generate_tickets
from ticketing.settings import ClassifierSettings, Settings

pytestmark = [pytest.mark.bench, pytest.mark.million, pytest.mark.timeout(3 * 3600)]

SIZES = (10_000, 100_000, 1_000_000)
TRAINED_ON = 5_000  # the cap on training tickets, so that training fits into the hour on two cores
CHUNK_TICKETS = 500
PROCESSES = 2
MAX_GIGABYTES, MAX_MINUTES = 4.0, 60.0
FLAT = 1.5  # a ticket of the largest corpus may take this many times as long as one of the smallest

SOURCE = """
CREATE TABLE public.helpdesk (
    id text PRIMARY KEY, created timestamptz, changed timestamptz, language text, subject text, message text,
    department text, answer text, answered timestamptz
);
CREATE INDEX ON public.helpdesk (changed, id);
DROP VIEW ticketing.source_ticket;
CREATE VIEW ticketing.source_ticket AS
SELECT id AS ticket_id, 1 AS revision, created AS created_at, changed AS updated_at, language, subject,
       message AS body, department AS category, answer AS reply, answered AS replied_at
FROM public.helpdesk;
GRANT SELECT ON ticketing.source_ticket TO ticketing_pipeline, ticketing_reviewer;
"""


@dataclass
class Run:
    """What a corpus of one size took: seconds by step, and the peak memory of all its processes together."""

    tickets: int
    seconds: dict[str, float] = field(default_factory=dict)
    gigabytes: float = 0.0

    @contextmanager
    def step(self, name):
        started = time.monotonic()
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,))
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self.seconds[name] = time.monotonic() - started
            print(f"{self.tickets:,} tickets, {name}: {self.seconds[name]:.0f} s, peak so far {self.gigabytes:.2f} GB")

    def _watch(self, ended):
        while not ended.wait(5.0):
            self.gigabytes = max(self.gigabytes, proportional_memory(psutil.Process()) / 1e9)

    def milliseconds_per_ticket(self, *steps):
        return 1000 * sum(self.seconds[step] for step in steps) / self.tickets


def proportional_memory(process):
    """Bytes of a process and its descendants; memory that several share counts once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


def fill(settings, tickets):
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as conn:
        conn.execute(SOURCE)
        with conn.cursor().copy("COPY public.helpdesk FROM STDIN") as copy:
            for sample in generate_tickets(seed=5, history=tickets, incoming=0):
                one = sample.ticket
                copy.write_row(
                    (one.ticket_id, one.created_at, one.updated_at, one.language, one.subject, one.body, one.category,
                     one.reply, one.replied_at)
                )  # fmt: skip
        conn.execute("VACUUM ANALYZE public.helpdesk")


def prepare(settings):
    """One of the processes that share the source."""
    os.environ["OMP_NUM_THREADS"] = "1"
    chinese._tagged = lambda sentence: []
    with closing(Database.open(settings)) as database:
        scrubber, vault = Scrubber(settings.privacy, Finder()), Vault.open(settings)
        preparing.start_reading(database, scrubber)
        while preparing.prepare_next_chunk(database, scrubber, vault, settings, CHUNK_TICKETS) is not None:
            pass


def prepare_together(settings):
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=prepare, args=(settings,)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES


@pytest.fixture(params=SIZES, ids=str)
def corpus(request, settings):
    run = Run(request.param)
    fill(settings, run.tickets)
    return run, Settings(
        home=settings.home,
        database_url=settings.database_url,
        classifier=ClassifierSettings(max_train_tickets=TRAINED_ON),
    )


RUNS: dict[int, Run] = {}


def test_a_corpus_is_learnt_from_within_the_hour_and_four_gigabytes(corpus, database, tmp_path):
    run, settings = corpus
    RUNS[run.tickets] = run
    with run.step("prepare"):
        prepare_together(settings)
    with run.step("snapshot"):
        snapshot = build_snapshot(database, settings)
    if run.tickets == SIZES[-1]:
        with run.step("train"):
            train_classifier(snapshot, settings, tmp_path / "classifier")
        with run.step("evaluate"):
            classifier = TrainedClassifier.load("classifier", tmp_path / "classifier", settings)
            evaluation = evaluate_classifier(classifier, snapshot)
        print(f"{evaluation.ticket_count('all'):,} test tickets, accuracy {evaluation.metrics.accuracy:.3f}")

    with database.begin() as conn:
        prepared = conn.execute("SELECT count(*) AS n FROM ticketing.clean_ticket WHERE unfit IS NULL").fetchone()
    assert prepared["n"] == run.tickets
    assert run.gigabytes < MAX_GIGABYTES
    assert sum(run.seconds.values()) < 60 * MAX_MINUTES


def test_a_ticket_costs_the_same_in_a_large_corpus():
    smallest, largest = RUNS[SIZES[0]], RUNS[SIZES[-1]]
    for run in RUNS.values():
        steps = {step: run.milliseconds_per_ticket(step) for step in ("prepare", "snapshot")}
        print(f"{run.tickets:,} tickets, milliseconds per ticket: {steps}")

    assert largest.milliseconds_per_ticket("prepare", "snapshot") < FLAT * smallest.milliseconds_per_ticket(
        "prepare", "snapshot"
    )
