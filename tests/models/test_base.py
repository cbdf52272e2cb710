import pytest

from models.base import languages_of, resolve
from ticketing.errors import ModelError
from ticketing.settings import EMBEDDED_CLASSIFIER, EMBEDDED_GENERATOR


def test_the_embedded_encoder_is_unpacked_once(settings, tmp_path):
    settings = settings.model_copy(update={"cache": tmp_path / "cache"})
    first = resolve(EMBEDDED_CLASSIFIER, settings)
    assert resolve(EMBEDDED_CLASSIFIER, settings) == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["all-MiniLM-L6-v2"]


def test_a_path_without_a_model_is_told(settings, tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        resolve(str(tmp_path), settings)


def test_a_path_that_is_not_there_is_told(settings):
    with pytest.raises(ModelError, match="holds no model"):
        resolve("/nowhere/model", settings)


def test_an_unknown_embedded_model_is_told(settings):
    with pytest.raises(ModelError, match="There is no embedded model"):
        resolve("embedded:other", settings)


def test_a_hub_id_is_left_as_it_is(settings):
    assert resolve("bert-base-chinese", settings) == "bert-base-chinese"


def test_the_embedded_generator_writes_english_only():
    assert languages_of(EMBEDDED_GENERATOR) == frozenset({"en"})
    assert languages_of("Qwen/Qwen3-8B") is None
