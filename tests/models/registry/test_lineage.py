import pytest

from models.evaluation.verdicts import record_verdict
from models.registry.lineage import compare, lineage, versions
from tests.registered import FAILED, PASSED, add_snapshot, candidate
from ticketing.errors import ModelError


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


def test_versions_are_listed_newest_first_each_with_the_last_verdict(database, settings, snapshot_id):
    first, second = (candidate(database, settings, snapshot_id) for _ in range(2))
    for verdict in (FAILED, PASSED):
        record_verdict(database, first, verdict, {}, {})

    assert [(row["version"], row["passed"]) for row in versions(database)] == [
        (second.version, None),
        (first.version, True),
    ]


def test_compare_lists_differing_origins_and_all_metrics(database, settings, snapshot_id):
    a = candidate(database, settings, snapshot_id)
    other = settings.model_copy(update={"classifier": settings.classifier.model_copy(update={"epochs": 7})})
    b = candidate(database, other, snapshot_id)
    scopes = {"all": {"value": 0.99, "low": 0.97}, "language=en": {"value": 0.98, "low": 0.95}}
    record_verdict(database, a, PASSED, {"values": {"accuracy": scopes}}, {})

    compared = compare(database, a.version, b.version)

    assert compared.origins == [("settings.epochs", settings.classifier.epochs, 7)]
    assert compared.metrics == [
        ("evaluation.accuracy (all)", 0.99, None),
        ("evaluation.accuracy (language=en)", 0.98, None),
        ("training.validation_accuracy", 0.9, 0.9),
    ]


def test_versions_of_two_kinds_and_unknown_versions_are_refused(database, settings, snapshot_id):
    classifier = candidate(database, settings, snapshot_id)
    generator = candidate(database, settings, snapshot_id, kind="generator")
    with pytest.raises(ModelError, match="compare two versions of one kind"):
        compare(database, classifier.version, generator.version)
    with pytest.raises(ModelError, match="no model 'x'"):
        lineage(database, "x")
