"""The JSON file in every trained artefact's folder that describes it. Its fields belong to the room that writes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "ticketing.json"


def save_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    """Writes the manifest into an artefact's folder. Raises OSError when that is impossible."""
    (folder / MANIFEST).write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artefact. Raises OSError or ValueError when it is missing or damaged."""
    fields: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return fields
