"""Drafting switches to new champions between two chunks. The last test uses real generators, the others use fakes."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from models.engine import champions as champions_module
from models.engine.champions import Champions
from models.generator.training import train_generator
from models.registry.registering import register, workspace
from models.registry.versions import promote, rollback
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.models.tiny_model import save_tiny_model
from tests.registered import PASSED, add_snapshot, candidate, judged, promoted
from ticketing.errors import ModelError, NoChampion
from ticketing.stages.prompts import messages
from ticketing.stages.protocols import Prediction


class FakeClassifier:
    """A fake classifier that calls `on_predict`, then routes every ticket to a human."""

    def __init__(self, version, on_predict):
        self.version, self._on_predict = version, on_predict

    def predict(self, tickets):
        self._on_predict()
        return [Prediction("logistics", 0.5, 0.9, "human", "not sure") for _ in tickets]


class FakeLoaders:
    """Fakes for `TrainedClassifier` and `serve_generator`, which log each model that they load or stop."""

    def __init__(self):
        self.log = []
        self.on_predict = lambda: None

    def load(self, version, path, settings):
        assert path.is_dir()
        self.log.append(version)
        return FakeClassifier(version, lambda: self.on_predict())

    @contextmanager
    def serve(self, model, settings):
        self.log.append(model.version)
        yield SimpleNamespace(version=model.version, snapshot_id=model.snapshot_id, languages=None)
        self.log.append(f"stopped {model.version}")


@pytest.fixture
def loaders(monkeypatch):
    loaders = FakeLoaders()
    monkeypatch.setattr(champions_module, "TrainedClassifier", loaders)
    monkeypatch.setattr(champions_module, "serve_generator", loaders.serve)
    return loaders


@pytest.fixture
def champions(database, settings):
    with Champions(database, None, settings) as champions:
        yield champions


@pytest.fixture
def snapshot_id(database):
    return add_snapshot(database)


def test_unchanged_champions_stay_loaded_and_a_replaced_generator_stops_before_the_next_starts(
    database, settings, snapshot_id, loaders
):
    old_classifier, new_classifier = (promoted(database, settings, snapshot_id, content=str(i)) for i in range(2))
    old_generator, new_generator = (
        promoted(database, settings, snapshot_id, kind="generator", content=str(i)) for i in range(2)
    )
    with Champions(database, None, settings) as champions:
        champions.drafters()
        champions.drafters()
        assert loaders.log == [new_classifier.version, new_generator.version]

        rollback(database, "generator", "ann", settings)
        assert champions.drafters().generator.version == old_generator.version
        assert loaders.log[2:] == [f"stopped {new_generator.version}", old_generator.version]

        rollback(database, "classifier", "ann", settings)
        drafters = champions.drafters()
        assert drafters.classifier.version == old_classifier.version
        assert drafters.generator.version == old_generator.version
        assert loaders.log[4:] == [old_classifier.version]
    assert loaders.log[5:] == [f"stopped {old_generator.version}"]


def test_first_generator_is_loaded_after_its_promotion(database, settings, snapshot_id, loaders, champions):
    promoted(database, settings, snapshot_id)
    assert champions.drafters().generator is None
    generator = promoted(database, settings, snapshot_id, kind="generator")
    assert champions.drafters().generator.version == generator.version


def test_missing_champion_classifier_raises_no_champion(loaders, champions):
    with pytest.raises(NoChampion, match="No classifier has been promoted yet"):
        champions.drafters()


def test_missing_artefact_of_the_champion_raises_an_error_and_the_old_champion_is_not_used(
    database, settings, snapshot_id, loaders, champions
):
    promoted(database, settings, snapshot_id, content="before")
    champions.drafters()
    broken = candidate(database, settings, snapshot_id, content="broken")
    (broken.path / "model.safetensors").unlink()
    promote(database, [judged(database, broken, PASSED)], "the gate", overrule=False)
    with pytest.raises(ModelError, match=f"{broken.version} can't be used"):
        champions.drafters()


def test_vllm_serves_the_earlier_adapter_after_a_rollback(database, snapshot_id, settings, monkeypatch, tmp_path):
    """Trains and serves two adapters of a tiny model, as in production."""
    generator = settings.generator.model_copy(update={"base_model": str(save_tiny_model(tmp_path / "tiny"))})
    engine = settings.engine.model_copy(update={"kv_cache_gib": 1, "max_model_len": 1000, "max_reply_tokens": 16})
    settings = settings.model_copy(update={"generator": generator, "engine": engine})
    promoted(database, settings, snapshot_id)
    monkeypatch.setattr(
        champions_module, "TrainedClassifier", SimpleNamespace(load=lambda version, *_: FakeClassifier(version, None))
    )

    def trained_to_say(letter):
        generator = settings.generator.model_copy(
            update={"learning_rate": 0.01, "batch_size": 2, "train_tokens": 20_000}
        )
        snapshot = make_snapshot(tmp_path / letter, [answered_ticket(n, reply=letter * 40) for n in range(24)])
        with workspace(settings) as artefact:
            train_generator(snapshot, settings.model_copy(update={"generator": generator}), artefact)
            model = register(database, "generator", snapshot_id, artefact, {}, settings)
        promote(database, [judged(database, model, PASSED)], "the gate", overrule=False)
        return model

    before, after = trained_to_say("a"), trained_to_say("b")
    conversations = [messages("Answer.", "Where is my parcel?")]
    with Champions(database, None, settings) as champions:
        generator = champions.drafters().generator
        (new_reply,) = generator.complete(conversations)
        assert generator.version == after.version

        rollback(database, "generator", "ann", settings)
        generator = champions.drafters().generator
        (old_reply,) = generator.complete(conversations)
        assert generator.version == before.version
    assert ("a" in old_reply.text, "b" in old_reply.text) == (True, False), old_reply.text
    assert ("a" in new_reply.text, "b" in new_reply.text) == (False, True), new_reply.text
