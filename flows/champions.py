"""The champions of a drafting run, loaded, and changed between two chunks when others have become champions.

Which versions these are the registry says; drafting with them is `ticketing.drafting`.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from prefect import get_run_logger

from flows import resources
from models.classifier.model import TrainedClassifier
from models.engine.serving import ServedGenerator, serve_generator
from models.registry import versions as registry
from ticketing.drafting.chunk import Drafters
from ticketing.settings import get_settings


class Champions:
    """The models that draft; the engine stops when the block ends."""

    def __init__(self) -> None:
        self._classifier: TrainedClassifier | None = None
        self._generator: ServedGenerator | None = None
        self._engine = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._engine.__exit__(kind, error, traceback)

    def drafters(self) -> Drafters:
        """The champions of this moment. What is loaded already stays: an engine takes its time to start.

        Raises:
            NoChampion: no classifier has been promoted.
            ModelError: a champion's artefact is gone or damaged; the one before does not go on in its place.
        """
        # Both from one look, since both may be promoted together.
        versions = registry.champion_versions(resources.database())
        if "classifier" not in versions:
            raise registry.no_champion("classifier")
        if self._classifier is None or self._classifier.version != versions["classifier"]:
            self._classifier = self._load_classifier(versions["classifier"])
        if (self._generator and self._generator.version) != versions.get("generator"):
            self._change_generator(versions.get("generator"))
        return Drafters(self._classifier, self._generator, resources.scrubber())

    def _load_classifier(self, version: str) -> TrainedClassifier:
        get_run_logger().info("draft: the classifier is %s", version)
        model = registry.find(resources.database(), version, get_settings())
        return TrainedClassifier.load(version, model.path, get_settings())

    def _change_generator(self, version: str | None) -> None:
        # Stopped before the next one starts: there may not be memory for two.
        self._generator = None
        self._engine.close()
        if version is None:
            return
        get_run_logger().info("draft: the generator is %s", version)
        model = registry.find(resources.database(), version, get_settings())
        self._generator = self._engine.enter_context(serve_generator(model, get_settings()))
