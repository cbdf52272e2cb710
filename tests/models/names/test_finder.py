import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.names import training as name_finder_training
from models.names.finder import LABELS, NameFinder, spans_of_labels, whole_words
from models.names.training import Recipe, name_finder_for, version
from ticketing.errors import ModelError
from ticketing.privacy.examples import generate, sentences
from ticketing.privacy.placeholders import Span
from ticketing.settings import NameFinderSettings, Settings


def labels(*names):
    return [LABELS.index(name) for name in names]


def test_token_labels_become_spans_of_whole_words():
    text = "Ask Zbyhněv Nováková at 12 Mill Lane."
    offsets = [(0, 0), (0, 3), (4, 7), (7, 11), (12, 20), (21, 23), (24, 26), (27, 31), (32, 36), (36, 37), (0, 0)]
    predicted = labels("O", "O", "B-PERSON", "O", "I-PERSON", "O", "B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "O", "O")

    assert spans_of_labels(text, offsets, predicted) == [Span(4, 20, "PERSON"), Span(24, 36, "ADDRESS")]
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
    # The finder reads the long text in several windows. It reaches the end, and offsets refer to the whole text.
    found = [span for span in long if "Helen" in repeated[span.start : span.end]]
    assert {span.start // len(name + " ") for span in found} == set(range(150))
    assert len(found) >= 0.9 * len(long)


def test_a_word_longer_than_any_window_is_taken_whole_or_not_at_all(finder, monkeypatch):
    """Whatever labels the model predicts for an unknown long word, the span covers all of it or nothing."""
    long = "x" * 5000
    monkeypatch.setattr(finder, "_bias", 1e9)  # every token counts as part of a name or an address

    [found] = finder.find([f"{long} {long}"])

    assert {(span.start, span.end) for span in found} <= {(0, 5000), (5001, 10001), (0, 10001)}
    assert found


def test_finder_is_trained_once_and_then_cached(settings, finder):
    written = {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")}

    assert name_finder_for(settings).version == finder.version
    assert written == {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")} != {}


def change_texts(monkeypatch, base):
    monkeypatch.setattr(sentences, "WITH_ADDRESSES", (*sentences.WITH_ADDRESSES, "Send it to {address}, please"))


def change_a_text_that_is_rarely_drawn(monkeypatch, base):
    monkeypatch.setattr(sentences, "WITH_PEOPLE", (*sentences.WITH_PEOPLE[:-1], "Another sentence by {name}"))


def change_how_texts_are_put_together(monkeypatch, base):
    # A change to the generating code changes the examples, but no constant.
    before = generate._plain
    monkeypatch.setattr(generate, "_plain", lambda rng, people, slot: before(rng, people, slot).upper())


def change_a_label(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "LABELS", (*LABELS[:3], "B-PLACE", "I-PLACE"))


def change_the_recipe(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "RECIPE", Recipe(weight_decay=0.1))


def change_how_the_finder_reads(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "REVISION", 99)


def change_weights(monkeypatch, base):
    (base / "model.safetensors").write_text("other weights")


def change_the_tokenizer(monkeypatch, base):
    (base / "tokenizer.json").write_text("other words")


@pytest.fixture
def own_base(settings, tmp_path):
    """The settings with a base model of this test, and its folder."""
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (base / name).write_text("{}")
    chosen = settings.name_finder.model_copy(update={"base_model": str(base)})
    return settings.model_copy(update={"name_finder": chosen}), base


@pytest.mark.parametrize(
    "change",
    [
        change_texts,
        change_a_text_that_is_rarely_drawn,
        change_how_texts_are_put_together,
        change_a_label,
        change_the_recipe,
        change_how_the_finder_reads,
        change_weights,
        change_the_tokenizer,
    ],
)
def test_changes_that_affect_the_finder_change_the_version(own_base, monkeypatch, change):
    settings, base = own_base
    before = version(settings)
    assert version(settings) == before
    change(monkeypatch, base)
    assert version(settings) != before


@pytest.mark.parametrize("update", [{"seed": 1}, {"layers": 2}, {"examples": 1201}, {"learning_rate": 1e-4}])
def test_other_settings_make_another_finder(own_base, update):
    settings, _ = own_base
    other = settings.model_copy(update={"name_finder": settings.name_finder.model_copy(update=update)})
    assert version(other) != version(settings)


def test_the_source_text_does_not_change_the_version(own_base, tmp_path):
    """In a copy of the code, every module that affects the version gets a comment."""
    settings, _ = own_base
    root = Path(name_finder_training.__file__).parents[2]
    copy = tmp_path / "copy"
    for package in ("models", "ticketing"):
        shutil.copytree(root / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in [*(copy / "models/names").glob("*.py"), *(copy / "ticketing/privacy/examples").glob("*.py")]:
        module.write_text(f"# A comment.\n{module.read_text()}# Another one.\n")
    code = (
        "import sys; from models.names.training import version; from ticketing.settings import Settings\n"
        "print(version(Settings.model_validate_json(sys.stdin.read())))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        input=settings.model_dump_json(),
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == version(settings)


def test_version_is_computed_quickly(settings):
    version(settings)  # loads Faker's locales, once per process
    started = time.monotonic()
    version(settings)
    assert time.monotonic() - started < 2


def test_a_wrong_base_model_and_damaged_files_are_refused(settings, tmp_path):
    wrong = settings.name_finder.model_copy(update={"base_model": str(tmp_path)})
    with pytest.raises(ModelError, match="no model"):
        name_finder_for(settings.model_copy(update={"name_finder": wrong}))
    with pytest.raises(ModelError, match="can't be loaded"):
        NameFinder.load(tmp_path)
