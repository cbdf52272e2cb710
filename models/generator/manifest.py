"""What a generator's artefact says of itself: base model, languages, prompts. With others it is not what was judged."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from models.shared.base import check_weights
from ticketing.errors import ModelError
from ticketing.settings import Settings
from ticketing.stages.prompts import PROMPT_VERSION

MANIFEST = "ticketing.json"


class GeneratorManifest(NamedTuple):
    """What an adapter needs to be served as it was judged.

    `languages`: the languages it writes, None for any. `base_weights`: see `models.shared.base.weights_hash`.
    """

    languages: frozenset[str] | None
    base_weights: str | None


def write_manifest(folder: Path, base_model: str, base_weights: str | None, languages: Collection[str] | None) -> None:
    """Says it in the artefact's folder."""
    manifest = {
        "base_model": base_model,
        "base_weights": base_weights,
        "languages": None if languages is None else sorted(languages),
        "prompt_version": PROMPT_VERSION,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def read_manifest(version: str, path: Path) -> GeneratorManifest:
    """What a registered generator's artefact says.

    Raises:
        ModelError: the artefact is not that of a generator, or was trained with other prompts than are written now.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        languages, prompts = manifest["languages"], manifest["prompt_version"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The generator {version} can't be read from {path} ({type(error).__name__}).") from error
    if prompts != PROMPT_VERSION:
        raise ModelError(
            f"{version} was trained and judged with prompts of version {prompts}, and this code writes version "
            f"{PROMPT_VERSION}: prepare, train and evaluate anew."
        )
    return GeneratorManifest(None if languages is None else frozenset(languages), manifest.get("base_weights"))


def check_servable(version: str, path: Path, base_model: str, settings: Settings) -> None:
    """Raises ModelError where a registered generator would not be served as it was judged."""
    manifest = read_manifest(version, path)
    if manifest.base_weights is not None:
        check_weights(base_model, settings, manifest.base_weights)
