"""The subcommands of `ticketing models`: list, history, show, compare, rollback, promote and prune."""

import getpass
import re
import shutil

import pytest
from rich.cells import cell_len

from models.evaluation.gate import RuleResult, Verdict
from models.evaluation.verdicts import record_verdict
from models.registry.versions import champion_versions, find, short_names
from tests.registered import FAILED, PASSED, add_snapshot, candidate, promoted


@pytest.fixture
def models(command):
    def call(*arguments, columns=80):
        return command("models", *arguments, columns=columns)

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


def test_list_and_history_show_the_champion_and_its_verdict(models, champions):
    output = models("list").stdout
    assert line_with("classifier 3", output).startswith("classifier 3 champion")
    assert "retired" in line_with("classifier 1", output)
    assert "passed" in line_with("classifier 1", output)
    assert "accuracy 0.99" in line_with("classifier 1", output)
    history = models("history").stdout
    assert history.count("promoted") == 3
    assert "classifier 3 promoted in place of classifier 2 by the gate; verdict passed" in " ".join(history.split())


def test_tables_of_80_columns_break_no_version_and_no_word(models, database, settings, snapshot_id, champions):
    reason = "customers complain about late answers in Chinese " * 3
    model = candidate(database, settings, snapshot_id, kind="generator", content="text")
    names = ("accuracy", "wrong_order_number (language=zh)", "invented_fact against nearest (language=en)")
    rules = [
        RuleResult(name, 0.98765, ">=", 0.98, passed=False, low=0.91234, high=0.99876, judged=0.91234) for name in names
    ]
    record_verdict(database, model, Verdict(tuple(rules)), {}, {})
    assert models("promote", "generator-1", "--overrule", "--reason", reason).returncode == 0

    for arguments, words in (
        (("list",), ["classifier", "generator", "champion", "wrong_order_number", "0.9877,"]),
        (("history",), ["classifier", "generator", "(language=en)),", *reason.split()]),
        (("show", "generator-1"), [model.version, model.artefact_hash, *" ".join(names).split(), "0.9123", "0.9877"]),
        (("compare", "classifier-1", "classifier-2"), ["classifier-1", "training.validation_accuracy", "0.9"]),
    ):
        printed = models(*arguments).stdout
        assert re.search("generator 1|classifier-1", printed)
        assert set(words) <= set(printed.split()), printed
        # A line with only a name and a long value, such as a path, is not wrapped, so that the value can be copied.
        assert all(cell_len(line) <= 80 for line in printed.splitlines() if len(line.split()) > 2), printed
    history = " ".join(models("history").stdout.split())
    assert f"verdict failed ({', '.join(names)}), overruled; reason: {reason.strip()}" in history


def test_short_version_names_stay_the_same_and_are_accepted_instead_of_full_versions(
    models, database, settings, champions
):
    expected = {model.version: f"classifier {number}" for number, model in enumerate(champions, start=1)}
    assert short_names(database) == expected

    assert models("prune", "--keep", "2", "--yes").returncode == 0
    candidate(database, settings, champions[0].snapshot_id)

    assert short_names(database).items() > expected.items()
    for name in ("classifier 2", "classifier-2", "Classifier 2", champions[1].version):
        assert champions[1].version in models("show", name).stdout
        assert find(database, name, settings).version == champions[1].version
    for name in ("classifier 5", "classifier", "2", "generator 1", ""):
        assert models("show", name).returncode == 1


def test_show_prints_origin_verdicts_and_history_of_a_version(models, database, champions):
    record_verdict(database, champions[0], FAILED, {}, {})
    output = models("show", "classifier-1").stdout
    for expected in (
        "0123456789",
        champions[0].version,
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
        assert expected in output, f"the output lacks {expected!r}"


def test_compare_shows_two_versions_side_by_side(models, champions):
    comparison = models("compare", "classifier 1", champions[1].version, columns=160)
    assert comparison.returncode == 0
    assert line_with("training.validation_accuracy", comparison.stdout).endswith(" 0.9 0.9")


def test_rollback_changes_the_champion_and_the_history_records_who_and_why(models, database, champions):
    result = models("rollback", "classifier", "--reason", "complaints")

    assert result.returncode == 0
    assert "classifier 2 is the champion classifier again" in result.stdout
    assert champion_versions(database)["classifier"] == champions[1].version
    history = " ".join(models("history").stdout.split())
    assert (
        f"classifier 2 rolled back in place of classifier 3 by {getpass.getuser()}; verdict passed; reason: complaints"
        in history
    )

    assert models("rollback", "classifier", "--to", "classifier 3").returncode == 0
    assert champion_versions(database)["classifier"] == champions[2].version


def test_impossible_rollback_is_refused_with_a_reason(models, database, champions):
    shutil.rmtree(champions[1].path)

    result = models("rollback", "classifier")

    assert result.returncode == 1
    assert "is gone" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert champion_versions(database)["classifier"] == champions[2].version
    without_champion = models("rollback", "generator")
    assert without_champion.returncode == 1
    assert "No generator has been promoted yet" in " ".join(without_champion.stderr.split())


def test_person_can_promote_passed_versions_and_overrule_failed_verdicts(models, database, settings, snapshot_id):
    model = candidate(database, settings, snapshot_id)
    assert "never evaluated" in " ".join(models("promote", model.version).stderr.split())

    record_verdict(database, model, FAILED, {}, {})
    refused = models("promote", model.version)
    assert refused.returncode == 1
    assert "--overrule" in refused.stderr
    assert champion_versions(database) == {}

    assert models("promote", model.version, "--overrule", "--reason", "we need one").returncode == 0
    history = " ".join(models("history").stdout.split())
    assert "verdict failed (accuracy), overruled; reason: we need one" in history

    better = candidate(database, settings, snapshot_id)
    record_verdict(database, better, PASSED, {}, {})
    assert models("promote", better.version).returncode == 0
    assert champion_versions(database)["classifier"] == better.version


def test_pruning_asks_for_confirmation_and_prints_the_freed_size(models, database, settings, champions):
    unconfirmed = models("prune", "--keep", "2")
    assert unconfirmed.returncode == 1
    assert "MiB" in unconfirmed.stdout + unconfirmed.stderr
    assert find(database, champions[0].version, settings)

    result = models("prune", "--keep", "2", "--yes")
    assert result.returncode == 0
    assert "1 versions pruned, 0.0 MiB freed" in result.stdout
    assert not champions[0].path.exists()
    assert "pruned" in line_with("classifier 1", models("list").stdout)
    assert models("prune", "--keep", "2", "--yes").stdout.strip() == "There is nothing to prune."
