"""Registers models for the tests of several packages. The files of these models contain only a line of text."""

from models.evaluation.gate import judge
from models.evaluation.measurements import Measurements, share
from models.evaluation.verdicts import record_verdict
from models.generator.manifest import write_manifest
from models.registry.registering import register, workspace
from models.registry.versions import Promotion, promote
from models.shared.base import weights_hash
from ticketing.gate_settings import GateRule

RULES = [GateRule(kind="classifier", metric="accuracy", value=0.98)]
PASSED = judge(RULES, Measurements({("accuracy", "all"): share(990, 1000)}))
FAILED = judge(RULES, Measurements({("accuracy", "all"): share(900, 1000)}))


def add_snapshot(database):
    """Records a snapshot without files. Returns its id."""
    with database.begin() as conn:
        conn.execute("INSERT INTO ticketing.snapshot (snapshot_id, path, manifest) VALUES ('0123456789', 'p', '{}')")
    return "0123456789"


def with_base_model(settings):
    """Settings with a base model for the generator. The files of the base model, too, contain only text."""
    base = settings.home / "base-model"
    base.mkdir(parents=True, exist_ok=True)
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_text("weights of the base model")
    return settings.model_copy(update={"generator": settings.generator.model_copy(update={"base_model": str(base)})})


def candidate(database, settings, snapshot_id, kind="classifier", content="weights"):
    """Registers a version that has no verdict yet."""
    settings = with_base_model(settings) if kind == "generator" else settings
    with workspace(settings) as artefact:
        artefact.mkdir()
        (artefact / "model.safetensors").write_text(content)
        if kind == "generator":
            write_manifest(artefact, "base", weights_hash(settings.generator.base_model), None)
        return register(database, kind, snapshot_id, artefact, {"validation_accuracy": 0.9}, settings)


def judged(database, model, verdict):
    """Records a verdict on a version, and returns the promotion that relies on this verdict."""
    return Promotion(model.version, record_verdict(database, model, verdict, {"accuracy": 0.99}, {}))


def promoted(database, settings, snapshot_id, kind="classifier", content="weights"):
    """Registers a version that has passed the gate, and makes it the champion."""
    model = candidate(database, settings, snapshot_id, kind, content)
    promote(database, [judged(database, model, PASSED)], "the gate", overrule=False)
    return model
