"""What a training survives: a disk that is full when the model is written."""

import json

import pytest

from tests.commands import SMALL_FINDER, environment, ticketing
from tests.faults.disk import small_disk
from tests.seed import rows
from ticketing.database import Database
from ticketing.sample import generate_tickets
from ticketing.settings import Settings

# The classifier alone takes 90 MB.
DISK_MB = 60
SMALL = {**SMALL_FINDER, "TICKETING_CLASSIFIER__EPOCHS": "1", "TICKETING_CLASSIFIER__MIN_STEPS": "2"}

pytestmark = pytest.mark.timeout(900)


def test_disk_that_fills_up_while_training_is_told_and_registers_nothing(server, tmp_path):
    name = server.create(server.template)
    with small_disk(tmp_path / "disk", DISK_MB):
        env = environment(tmp_path / "disk", TICKETING_DATABASE_URL=server.uri(name), **SMALL)
        tickets = tmp_path / "tickets.jsonl"
        with tickets.open("w", encoding="utf-8") as file:
            for one in (t for t in generate_tickets(seed=3, history=80, incoming=1) if t.role == "history"):
                file.write(json.dumps({"body": one.ticket.body, "category": one.ticket.category}) + "\n")
        for command in (["import", str(tickets)], ["prepare"]):
            done = ticketing(env, tmp_path, *command)
            assert done.returncode == 0, done.stderr[-3000:]

        done = ticketing(env, tmp_path, "train")

        assert done.returncode == 1
        assert "Free some space" in " ".join(done.stderr.split())
        assert done.stdout == ""
        database = Database.open(Settings(home=tmp_path / "disk", database_url=server.uri(name)))
        assert rows(database, "SELECT count(*) AS models FROM ticketing.model") == [{"models": 0}]
        assert rows(database, "SELECT count(*) AS snapshots FROM ticketing.snapshot") == [{"snapshots": 1}]
        assert list((tmp_path / "disk" / "models").iterdir()) == []
        database.close()
    server.drop(name)
