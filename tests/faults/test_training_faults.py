"""Training when the disk is too small for the model, and when the database refuses to register the model."""

import json

import pytest

from tests.commands import SMALL_FINDER, environment, ticketing
from tests.faults.disk import small_disk
from tests.seed import rows
from ticketing.database import Database
from ticketing.sample import generate_tickets
from ticketing.settings import Settings

# Too small for the classifier, which takes 90 MB.
DISK_MB = 60
SMALL = {**SMALL_FINDER, "TICKETING_CLASSIFIER__EPOCHS": "1", "TICKETING_CLASSIFIER__MIN_STEPS": "2"}

pytestmark = pytest.mark.timeout(900)


def import_and_prepare(env, folder):
    tickets = folder / "tickets.jsonl"
    with tickets.open("w", encoding="utf-8") as file:
        for sample in generate_tickets(seed=3, history=80, incoming=1):
            if sample.role == "history":
                file.write(json.dumps({"body": sample.ticket.body, "category": sample.ticket.category}) + "\n")
    for command in (["import", str(tickets)], ["prepare"]):
        finished = ticketing(env, folder, *command)
        assert finished.returncode == 0, finished.stderr[-3000:]


def test_model_that_the_database_refuses_is_registered_by_the_next_run_without_training(settings, tmp_path):
    env = environment(settings.home, TICKETING_DATABASE_URL=settings.database_url.get_secret_value(), **SMALL)
    import_and_prepare(env, tmp_path)
    database = Database.open(settings)
    with database.begin(role=None) as conn:
        conn.execute("REVOKE INSERT ON ticketing.model FROM ticketing_pipeline")

    failed = ticketing(env, tmp_path, "train")

    message = " ".join(failed.stderr.split())
    assert failed.returncode == 1 and failed.stdout == ""
    assert "error: DatabaseError" in message and "Traceback" not in message
    assert "is registered without another training" in message
    (kept,) = (settings.home / "models" / "unregistered").iterdir()
    assert f"The trained classifier is kept in {kept}" in message
    assert sorted(path.name for path in (settings.home / "models").iterdir()) == ["unregistered"]
    weights = (kept / "artefact" / "model.safetensors").read_bytes()

    with database.begin(role=None) as conn:
        conn.execute("GRANT INSERT ON ticketing.model TO ticketing_pipeline")
    registered = ticketing(env, tmp_path, "train")

    assert registered.returncode == 0, registered.stderr[-3000:]
    assert "an earlier run has trained this classifier" in registered.stderr
    assert "epoch" not in registered.stderr
    assert registered.stdout.startswith("classifier 1  classifier-")
    (model,) = rows(database, "SELECT path FROM ticketing.model")
    assert (settings.home / model["path"] / "model.safetensors").read_bytes() == weights
    assert not kept.parent.exists()
    database.close()


def test_training_on_a_full_disk_fails_with_advice_and_registers_nothing(server, tmp_path):
    name = server.create(server.template)
    with small_disk(tmp_path / "disk", DISK_MB):
        env = environment(tmp_path / "disk", TICKETING_DATABASE_URL=server.uri(name), **SMALL)
        import_and_prepare(env, tmp_path)

        failed = ticketing(env, tmp_path, "train")

        assert failed.returncode == 1
        assert "Free some disk space" in " ".join(failed.stderr.split())
        assert failed.stdout == ""
        database = Database.open(Settings(home=tmp_path / "disk", database_url=server.uri(name)))
        assert rows(database, "SELECT count(*) AS models FROM ticketing.model") == [{"models": 0}]
        assert rows(database, "SELECT count(*) AS snapshots FROM ticketing.snapshot") == [{"snapshots": 1}]
        assert list((tmp_path / "disk" / "models").iterdir()) == []
        database.close()
    server.drop(name)
