"""Where a model version comes from, as a section of the report."""

from collections.abc import Mapping

from models.registry.versions import ModelVersion
from reports.page import Section

PARTS = ("settings", "gate", "engine", "instructions", "libraries")


def lineage_section(model: ModelVersion, numbers: Mapping[str, object]) -> Section:
    """Where a version comes from: all that is needed to train it again, and what that cost.

    Args:
        model: the version.
        numbers: what its verdict keeps.
    """
    return Section(
        heading=f"Lineage of {model.version}",
        note="process_peak_memory_gb is the peak of the process so far: what it did before counts as well.",
        header=("what", "which"),
        rows=[
            ("snapshot", model.snapshot_id),
            ("base model", model.base_model),
            ("artefact's SHA-256", model.artefact_hash),
            ("code version", model.code_version),
            *((part, _listed(model.parameters.get(part, {}))) for part in PARTS),
            ("training", _listed({name: one for name, one in model.metrics.items() if _is_short(one)})),
            ("evaluation", _listed({name: one for name, one in numbers.items() if _is_short(one)})),
        ],
    )


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items())


def _plain(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _is_short(value: object) -> bool:
    return isinstance(value, int | float | str)
