"""Loads the champions, and replaces them between two chunks of tickets when other versions have been promoted.

`models.registry.versions` knows which versions are champions. `ticketing.stages` drafts with them.
"""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from models.classifier.model import TrainedClassifier
from models.engine.serving import ServedGenerator, serve_generator
from models.registry import versions
from models.registry.versions import Kind
from ticketing.database import Database
from ticketing.settings import Settings
from ticketing.stages.drafting import Drafters
from ticketing.stages.guard import ReplyScrubber

logger = logging.getLogger("ticketing")


class Champions:
    """The models that draft, as a context manager. The inference engine stops when the block ends."""

    def __init__(self, database: Database, finder: ReplyScrubber, settings: Settings) -> None:
        self._database, self._finder, self._settings = database, finder, settings
        self._classifier: TrainedClassifier | None = None
        self._generator: ServedGenerator | None = None
        self._engine = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._engine.__exit__(kind, error, traceback)

    def classifier(self) -> TrainedClassifier:
        """The current champion classifier.

        Raises:
            NoChampion: no classifier has been promoted.
            ModelError: the champion's artefact is missing or damaged.
        """
        return self._champion_classifier(versions.champion_versions(self._database))

    def drafters(self) -> Drafters:
        """The current champions. A model stays loaded while it is champion, because an engine starts slowly.

        Raises:
            NoChampion: no classifier has been promoted.
            ModelError: a champion's artefact is missing or damaged. No other version replaces it.
            EngineError: the inference engine does not start.
        """
        # One query reads both versions, because one transaction may promote both.
        champions = versions.champion_versions(self._database)
        classifier = self._champion_classifier(champions)
        if (self._generator and self._generator.version) != champions.get("generator"):
            self._change_generator(champions.get("generator"))
        return Drafters(classifier, self._generator, self._finder)

    def _champion_classifier(self, champions: Mapping[Kind, str]) -> TrainedClassifier:
        if "classifier" not in champions:
            raise versions.no_champion("classifier")
        if self._classifier is None or self._classifier.version != champions["classifier"]:
            self._classifier = self._load_classifier(champions["classifier"])
        return self._classifier

    def _load_classifier(self, version: str) -> TrainedClassifier:
        model = versions.find(self._database, version, self._settings)
        logger.info("draft: the champion is %s", model.short_name)
        return TrainedClassifier.load(version, model.path, self._settings)

    def _change_generator(self, version: str | None) -> None:
        # The old engine stops before the new one starts, because the memory may not suffice for two engines.
        self._generator = None
        self._engine.close()
        if version is None:
            return
        model = versions.find(self._database, version, self._settings)
        logger.info("draft: the champion is %s", model.short_name)
        self._generator = self._engine.enter_context(serve_generator(model, self._settings))
