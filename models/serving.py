"""A registered generator as the drafting and the evaluation use it: its base model in vLLM, with its adapter."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from models.engine import Adapter, Engine
from models.registry import ModelVersion
from models.served_base import served_base
from ticketing.drafting.drafter import Completion
from ticketing.drafting.prompts import PROMPT_VERSION, Message
from ticketing.errors import ModelError
from ticketing.settings import Settings

MANIFEST = "ticketing.json"
SECOND_TEMPERATURE = 0.7


class ServedGenerator:
    """A generator that is up and answers."""

    def __init__(self, model: ModelVersion, engine: Engine, languages: frozenset[str] | None) -> None:
        self.version = model.version
        self.snapshot_id = model.snapshot_id
        self.engine = engine
        self.languages = languages

    def complete(self, conversations: Sequence[list[Message]], again: bool = False) -> list[Completion]:
        """One reply a conversation, in order; the likeliest, or, when asked again, any that is likely.

        Raises:
            EngineError: the engine failed.
        """
        return self.engine.chat(conversations, temperature=SECOND_TEMPERATURE if again else 0.0)


def languages_of(model: ModelVersion) -> frozenset[str] | None:
    """The languages a registered generator writes; None: any.

    Raises:
        ModelError: the artefact is not that of a generator, or was trained with other prompts than are written now.
    """
    try:
        manifest = json.loads((model.path / MANIFEST).read_text(encoding="utf-8"))
        languages, prompts = manifest["languages"], manifest["prompt_version"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The generator {model.version} can't be read from {model.path} ({type(error).__name__})."
        ) from error
    if prompts != PROMPT_VERSION:
        raise ModelError(
            f"{model.version} was trained and judged with prompts of version {prompts}, and this code writes version "
            f"{PROMPT_VERSION}: prepare, train and evaluate anew."
        )
    return None if languages is None else frozenset(languages)


@contextmanager
def serve_generator(model: ModelVersion, settings: Settings) -> Iterator[ServedGenerator]:
    """Runs the engine with a registered generator for as long as the block lasts.

    Raises:
        ModelError: the artefact is not that of a generator.
        EngineError: the engine does not start.
    """
    languages = languages_of(model)
    with Engine(served_base(model.base_model, settings), settings, Adapter(model.version, model.path)) as engine:
        yield ServedGenerator(model, engine, languages)
