"""An operator at the terminal: which model drafts and why, and how to take it back."""

import getpass
import shutil

import pytest

from models.evaluation.verdicts import record_verdict
from models.registry.versions import champion_versions, find
from tests.commands import environment, ticketing
from tests.registered import FAILED, PASSED, add_snapshot, candidate, promoted


@pytest.fixture
def models(settings, tmp_path):
    env = environment(settings.home, TICKETING_DATABASE_URL=settings.database_url.get_secret_value(), COLUMNS="300")

    def call(*arguments):
        return ticketing(env, tmp_path, "models", *arguments)

    return call


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


@pytest.fixture
def champions(database, settings, snapshot_id):
    return [promoted(database, settings, snapshot_id, content=f"weights {i}") for i in range(3)]


def line_with(text, output):
    (line,) = [line for line in output.splitlines() if text in line]
    return " ".join(line.split())


def test_the_list_and_the_history_say_which_model_drafts_and_on_which_verdict(models, champions):
    listed = models("list").stdout
    assert "champion" in line_with(champions[2].version, listed)
    assert "retired" in line_with(champions[0].version, listed)
    assert "passed" in line_with(champions[0].version, listed)
    assert "accuracy 0.99" in line_with(champions[0].version, listed)
    assert models("history").stdout.count("promoted") == 3


def test_show_tells_all_that_is_known_of_a_version(models, database, champions):
    record_verdict(database, champions[0], FAILED, {}, {})
    shown = models("show", champions[0].version).stdout
    for known in (
        "0123456789",
        champions[0].base_model,
        champions[0].artefact_hash,
        "settings.seed",
        "libraries.torch",
        "validation_accuracy",
        "passed",
        "failed",
        ">= 0.98",
        "the gate",
    ):
        assert known in shown, known


def test_compare_shows_two_versions_side_by_side(models, champions):
    compared = models("compare", champions[0].version, champions[1].version)
    assert compared.returncode == 0
    assert "0.9 │ 0.9" in line_with("training.validation_accuracy", compared.stdout)


def test_a_rollback_is_one_command_and_remembers_who_and_why(models, database, champions):
    done = models("rollback", "classifier", "--reason", "complaints")

    assert done.returncode == 0
    assert f"{champions[1].version} is the champion classifier again" in done.stdout
    assert champion_versions(database)["classifier"] == champions[1].version
    row = line_with("rolled back", models("history").stdout)
    assert getpass.getuser() in row
    assert "complaints" in row

    assert models("rollback", "classifier", "--to", champions[2].version).returncode == 0
    assert champion_versions(database)["classifier"] == champions[2].version


def test_a_rollback_that_cant_be_is_refused_with_the_reason(models, database, champions):
    shutil.rmtree(champions[1].path)

    done = models("rollback", "classifier")

    assert done.returncode == 1
    assert "is gone" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert champion_versions(database)["classifier"] == champions[2].version
    nothing = models("rollback", "generator")
    assert nothing.returncode == 1
    assert "No generator has been promoted yet" in " ".join(nothing.stderr.split())


def test_a_person_promotes_what_passed_and_overrules_what_did_not(models, database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    assert "never evaluated" in " ".join(models("promote", model.version).stderr.split())

    record_verdict(database, model, FAILED, {}, {})
    refused = models("promote", model.version)
    assert refused.returncode == 1
    assert "--overrule" in refused.stderr
    assert champion_versions(database) == {}

    assert models("promote", model.version, "--overrule", "--reason", "we need one").returncode == 0
    row = line_with("promoted", models("history").stdout)
    assert "failed (accuracy), overruled" in row
    assert "we need one" in row

    better = candidate(database, settings, snapshot_id)
    record_verdict(database, better, PASSED, {}, {})
    assert models("promote", better.version).returncode == 0
    assert champion_versions(database)["classifier"] == better.version


def test_pruning_asks_first_and_says_how_much(models, database, settings, champions):
    asked = models("prune", "--keep", "2")
    assert asked.returncode == 1
    assert "MiB" in asked.stdout + asked.stderr
    assert find(database, champions[0].version, settings)

    done = models("prune", "--keep", "2", "--yes")
    assert done.returncode == 0
    assert "1 versions pruned, 0.0 MiB freed" in done.stdout
    assert not champions[0].path.exists()
    assert "pruned" in line_with(champions[0].version, models("list").stdout)
    assert models("prune", "--keep", "2", "--yes").stdout.strip() == "nothing to prune"
