import pytest

from models.names import training as name_finder_training
from models.names.finder import LABELS, NameFinder, spans_of_labels, whole_words
from models.names.training import name_finder_for
from ticketing.errors import ModelError
from ticketing.privacy.placeholders import Span
from ticketing.settings import NameFinderSettings, Settings


def labels(*names):
    return [LABELS.index(name) for name in names]


def test_tokens_become_stretches_and_words_stay_whole():
    text = "Ask Zbyhněv Nováková at 12 Mill Lane."
    offsets = [(0, 0), (0, 3), (4, 7), (7, 11), (12, 20), (21, 23), (24, 26), (27, 31), (32, 36), (36, 37), (0, 0)]
    said = labels("O", "O", "B-PERSON", "O", "I-PERSON", "O", "B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "O", "O")

    assert spans_of_labels(text, offsets, said) == [Span(4, 20, "PERSON"), Span(24, 36, "ADDRESS")]
    assert whole_words(text, Span(6, 9, "PERSON")) == Span(4, 11, "PERSON")
    assert whole_words(text, Span(0, len(text), "PERSON")) == Span(0, len(text), "PERSON")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finder")
    return Settings(
        home=folder,
        cache=folder / "cache",
        name_finder=NameFinderSettings(layers=1, examples=1200, batch_size=16, learning_rate=1e-3),
    )


@pytest.fixture(scope="module")
def finder(settings):
    return name_finder_for(settings)


def test_a_finder_learns_from_made_up_texts(finder):
    texts = ["", "My name is Helen Costa.", "x" * 5000, "My name is Helen Costa. " * 150]

    found = finder.find(texts)

    assert finder.find([]) == []
    assert [len(found[0]), len(found[2])] == [0, 0] or all(span.end <= 5000 for span in found[2])
    assert any("Helen" in texts[1][span.start : span.end] for span in found[1])
    last = texts[3].rindex("Helen")
    assert any(span.start <= last < span.end for span in found[3]), "the end of a long text is read, too"


def test_it_is_trained_once(settings, finder):
    written = {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")}

    assert name_finder_for(settings).version == finder.version
    assert written == {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")} != {}


def test_other_settings_make_another_finder(settings, finder):
    other = settings.name_finder.model_copy(update={"seed": 1})

    assert name_finder_training.version(other) != finder.version


def test_a_wrong_base_model_and_damaged_files_are_told(settings, tmp_path):
    wrong = settings.name_finder.model_copy(update={"base_model": str(tmp_path)})
    with pytest.raises(ModelError, match="no model"):
        name_finder_for(settings.model_copy(update={"name_finder": wrong}))
    with pytest.raises(ModelError, match="can't be loaded"):
        NameFinder.load(tmp_path)
