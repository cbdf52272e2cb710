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
    name, repeated = "My name is Helen Costa.", "My name is Helen Costa. " * 150

    empty, short, long = finder.find(["", name, repeated])

    assert finder.find([]) == empty == []
    assert "Helen" in " ".join(name[span.start : span.end] for span in short)
    # The long text is read in several windows: to its end, and each finding lies where it is in the whole text.
    found = [span for span in long if "Helen" in repeated[span.start : span.end]]
    assert {span.start // len(name + " ") for span in found} == set(range(150))
    assert len(found) >= 0.9 * len(long)


def test_a_word_longer_than_any_window_is_taken_whole_or_not_at_all(finder, monkeypatch):
    """The model knows no such word; whatever it takes it for, no part of it stays behind."""
    long = "x" * 5000
    monkeypatch.setattr(finder, "_bias", 1e9)  # every token is taken for part of a name or an address

    [found] = finder.find([f"{long} {long}"])

    assert {(span.start, span.end) for span in found} <= {(0, 5000), (5001, 10001), (0, 10001)}
    assert found


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
