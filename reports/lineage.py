"""The origin of a model version, as a section of the report. The caller reads the version from the registry."""

from collections.abc import Mapping

from models.registry.versions import ModelVersion
from reports.page import Section

PARAMETER_GROUPS = ("settings", "gate", "engine", "instructions", "libraries")


def lineage_section(model: ModelVersion, numbers: Mapping[str, object]) -> Section:
    """All that is needed to train a version again, and the time and memory that training and evaluation took.

    Args:
        model: the version.
        numbers: the measurements that are stored with its verdict.
    """
    return Section(
        heading=f"Lineage of {model.version}",
        note="process_peak_memory_gb is the peak memory of the process; earlier steps in that process count too.",
        header=("item", "value"),
        rows=[
            ("snapshot", model.snapshot_id),
            ("base model", model.base_model),
            ("artefact's SHA-256", model.artefact_hash),
            ("code version", model.code_version),
            *((group, _joined(model.parameters.get(group, {}))) for group in PARAMETER_GROUPS),
            ("training", _joined({name: value for name, value in model.metrics.items() if _is_short(value)})),
            ("evaluation", _joined({name: value for name, value in numbers.items() if _is_short(value)})),
        ],
    )


def _joined(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_rounded(value)}" for name, value in values.items())


def _rounded(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _is_short(value: object) -> bool:
    return isinstance(value, int | float | str)
