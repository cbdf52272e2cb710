"""A registered version for the tests of the report."""

from pathlib import Path

from models.registry.versions import ModelVersion

MODEL = ModelVersion(
    version="generator-1",
    kind="generator",
    state="candidate",
    snapshot_id="5afe",
    base_model="embedded:SmolLM2-135M-Instruct",
    path=Path("unused"),
    artefact_hash="abc123",
    parameters={
        "settings": {"seed": 7},
        "libraries": {"torch": "2.13.0"},
        "instructions": {"payment": {"en": "Be kind."}},
    },
    code_version="v1",
    metrics={"validation_loss": 0.25, "learning_curve": [(1.0, 0.5), (2.0, 0.25)]},
)
