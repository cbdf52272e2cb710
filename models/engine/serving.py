"""Serves a registered generator: runs vLLM with its base model and its adapter.

`models.engine.process` starts vLLM.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from models.engine.process import Adapter, Engine
from models.generator.manifest import read_manifest
from models.generator.served_base import served_base
from models.registry.versions import ModelVersion
from ticketing.settings import Settings
from ticketing.stages.prompts import Message
from ticketing.stages.protocols import Completion

SECOND_TEMPERATURE = 0.7  # for a second attempt at a reply


class ServedGenerator:
    """A generator whose engine is running."""

    def __init__(self, model: ModelVersion, engine: Engine, languages: frozenset[str] | None) -> None:
        self.version = model.version
        self.snapshot_id = model.snapshot_id
        self.engine = engine
        self.languages = languages

    def complete(self, conversations: Sequence[list[Message]], again: bool = False) -> list[Completion]:
        """One reply for each conversation, in order.

        Args:
            conversations: as in `Engine.chat`.
            again: for a second attempt, whether to sample at `SECOND_TEMPERATURE` instead of taking the most likely
                tokens.

        Raises:
            EngineError: the engine failed.
        """
        return self.engine.chat(conversations, temperature=SECOND_TEMPERATURE if again else 0.0)


@contextmanager
def serve_generator(model: ModelVersion, settings: Settings) -> Iterator[ServedGenerator]:
    """Runs the engine with a registered generator until the block ends.

    Raises:
        ModelError: the artefact is no generator, or the base model or the prompts have changed since its training.
        EngineError: the engine does not start.
    """
    manifest = read_manifest(model.version, model.path)
    base = served_base(model.base_model, settings, manifest.base_weights)
    with Engine(base, settings, Adapter(model.version, model.path)) as engine:
        yield ServedGenerator(model, engine, manifest.languages)
