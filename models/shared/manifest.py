"""Reads and writes the JSON manifest in an artefact's folder. The package that writes a manifest defines its fields."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "ticketing.json"


def save_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    """Writes the manifest into an artefact's folder. Raises OSError if the folder can't be written."""
    (folder / MANIFEST).write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artefact. Raises OSError or ValueError if the file is missing or damaged."""
    fields: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return fields
