"""Where a model version comes from, as a section of the report."""

from collections.abc import Mapping

from models.registry import ModelVersion
from reports.page import Section


def lineage_section(model: ModelVersion, numbers: Mapping[str, object]) -> Section:
    """Where a version comes from: all that is needed to train it again, and what that cost.

    Args:
        model: the version.
        numbers: what its verdict keeps.
    """
    settings = model.parameters.get("settings", {})
    libraries = model.parameters.get("libraries", {})
    return Section(
        heading=f"Lineage of {model.version}",
        note="process_peak_memory_gb is the peak of the process so far: what it did before counts as well.",
        header=("what", "which"),
        rows=[
            ("snapshot", model.snapshot_id),
            ("base model", model.base_model),
            ("artefact's SHA-256", model.artefact_hash),
            ("settings", ", ".join(f"{name} {value}" for name, value in settings.items())),
            ("engine", ", ".join(f"{name} {value}" for name, value in model.parameters.get("engine", {}).items())),
            ("libraries", ", ".join(f"{name} {version}" for name, version in libraries.items())),
            ("training", ", ".join(f"{k} {_plain(v)}" for k, v in model.metrics.items() if _is_short(v))),
            ("evaluation", ", ".join(f"{k} {_plain(v)}" for k, v in numbers.items() if _is_short(v))),
        ],
    )


def _plain(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _is_short(value: object) -> bool:
    return isinstance(value, int | float | str)
