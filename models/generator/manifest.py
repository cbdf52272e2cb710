"""The manifest of a generator's artefact, with the prompt version and the base weights that serving must match."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from models.shared.base import check_weights, loading
from models.shared.manifest import load_manifest, save_manifest
from ticketing.errors import ModelError
from ticketing.settings import Settings
from ticketing.stages.prompts import PROMPT_VERSION


class GeneratorManifest(NamedTuple):
    """What serving must know about an adapter."""

    languages: frozenset[str] | None  # the languages that the generator writes; None means any
    base_weights: str  # the hash of the base model's weights, from `models.shared.base.weights_hash`


def write_manifest(folder: Path, base_model: str, base_weights: str, languages: Collection[str] | None) -> None:
    """Writes the manifest into an artefact's folder."""
    save_manifest(
        folder,
        {
            "base_model": base_model,
            "base_weights": base_weights,
            "languages": None if languages is None else sorted(languages),
            "prompt_version": PROMPT_VERSION,
        },
    )


def read_manifest(version: str, path: Path) -> GeneratorManifest:
    """The manifest of a registered generator.

    Raises:
        ModelError: the artefact is no generator, or it was trained with prompts of another version.
    """
    with loading(f"The generator {version} in {path}"):
        fields = load_manifest(path)
        languages, weights, prompts = fields["languages"], fields["base_weights"], fields["prompt_version"]
    if prompts != PROMPT_VERSION:
        raise ModelError(
            f"{version} was trained and judged with prompts of version {prompts}, and this code writes version "
            f"{PROMPT_VERSION}: prepare, train and evaluate again."
        )
    return GeneratorManifest(None if languages is None else frozenset(languages), weights)


def check_servable(version: str, path: Path, base_model: str, settings: Settings) -> None:
    """Raises ModelError if the prompts or the base weights differ from those that the generator was judged with."""
    check_weights(base_model, settings, read_manifest(version, path).base_weights)
