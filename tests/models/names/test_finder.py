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


def label_ids(*names):
    return [LABELS.index(name) for name in names]


def test_token_labels_become_spans_of_whole_words():
    text = "Ask Zbyhněv Nováková at 12 Mill Lane."
    offsets = [(0, 0), (0, 3), (4, 7), (7, 11), (12, 20), (21, 23), (24, 26), (27, 31), (32, 36), (36, 37), (0, 0)]
    predicted = label_ids("O", "O", "B-PERSON", "O", "I-PERSON", "O", "B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "O", "O")

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


def test_finder_trained_on_generated_texts_finds_names_in_texts_of_any_length(finder):
    name, repeated = "My name is Helen Costa.", "My name is Helen Costa. " * 150

    empty, short, long = finder.find(["", name, repeated])

    assert finder.find([]) == empty == []
    assert "Helen" in " ".join(name[span.start : span.end] for span in short)
    # The finder reads the long text in several windows: it finds the name in each sentence, up to the last.
    helens = [span for span in long if "Helen" in repeated[span.start : span.end]]
    assert {span.start // len(name + " ") for span in helens} == set(range(150))
    assert len(helens) >= 0.9 * len(long)


def test_span_contains_all_of_a_word_that_is_longer_than_a_window(finder, monkeypatch):
    """Whatever labels the model predicts for the parts of a long word, a span never ends within the word."""
    long = "x" * 5000
    monkeypatch.setattr(finder, "_bias", 1e9)  # every token counts as part of a name or an address

    [spans] = finder.find([f"{long} {long}"])

    assert {(span.start, span.end) for span in spans} <= {(0, 5000), (5001, 10001), (0, 10001)}
    assert spans


def test_finder_is_trained_once_and_then_cached(settings, finder):
    modified = {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")}

    assert name_finder_for(settings).version == finder.version
    assert modified == {path: path.stat().st_mtime_ns for path in settings.cache.rglob("name-finder-*/*")} != {}


def add_a_sentence(monkeypatch, base):
    monkeypatch.setattr(sentences, "WITH_ADDRESSES", (*sentences.WITH_ADDRESSES, "Send it to {address}, please"))


def change_a_rarely_used_sentence(monkeypatch, base):
    monkeypatch.setattr(sentences, "WITH_PEOPLE", (*sentences.WITH_PEOPLE[:-1], "Another sentence by {name}"))


def change_the_code_that_generates_texts(monkeypatch, base):
    # Such a change alters the training examples, but no constant.
    original = generate._impersonal_value
    monkeypatch.setattr(generate, "_impersonal_value", lambda rng, people, field: original(rng, people, field).upper())


def change_a_label(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "LABELS", (*LABELS[:3], "B-PLACE", "I-PLACE"))


def change_the_recipe(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "RECIPE", Recipe(weight_decay=0.1))


def change_the_revision_of_the_finder(monkeypatch, base):
    monkeypatch.setattr(name_finder_training, "REVISION", 99)


def change_weights(monkeypatch, base):
    (base / "model.safetensors").write_text("other weights")


def change_the_tokenizer(monkeypatch, base):
    (base / "tokenizer.json").write_text("other words")


@pytest.fixture
def fake_base(settings, tmp_path):
    """Settings with a fake base model, and the base model's folder."""
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (base / name).write_text("{}")
    options = settings.name_finder.model_copy(update={"base_model": str(base)})
    return settings.model_copy(update={"name_finder": options}), base


@pytest.mark.parametrize(
    "change",
    [
        add_a_sentence,
        change_a_rarely_used_sentence,
        change_the_code_that_generates_texts,
        change_a_label,
        change_the_recipe,
        change_the_revision_of_the_finder,
        change_weights,
        change_the_tokenizer,
    ],
)
def test_version_changes_with_everything_that_affects_the_finder(fake_base, monkeypatch, change):
    settings, base = fake_base
    version_before = version(settings)
    assert version(settings) == version_before
    change(monkeypatch, base)
    assert version(settings) != version_before


@pytest.mark.parametrize("update", [{"seed": 1}, {"layers": 2}, {"examples": 1201}, {"learning_rate": 1e-4}])
def test_version_changes_with_the_settings(fake_base, update):
    settings, _ = fake_base
    other = settings.model_copy(update={"name_finder": settings.name_finder.model_copy(update=update)})
    assert version(other) != version(settings)


def test_comments_in_the_code_do_not_change_the_version(fake_base, tmp_path):
    """The test adds comments to a copy of every module that affects the version."""
    settings, _ = fake_base
    root = Path(name_finder_training.__file__).parents[2]
    copy = tmp_path / "copy"
    for package in ("models", "ticketing"):
        shutil.copytree(root / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in [*(copy / "models/names").glob("*.py"), *(copy / "ticketing/privacy/examples").glob("*.py")]:
        module.write_text(f"# A comment.\n{module.read_text()}# Another comment.\n")
    code = (
        "import sys; from models.names.training import version; from ticketing.settings import Settings\n"
        "print(version(Settings.model_validate_json(sys.stdin.read())))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        input=settings.model_dump_json(),
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert finished.stdout.strip() == version(settings)


def test_version_is_computed_within_two_seconds(settings):
    version(settings)  # loads Faker's locales, once per process
    started = time.monotonic()
    version(settings)
    assert time.monotonic() - started < 2


def test_folder_without_a_model_is_refused_as_base_model_and_as_finder(settings, tmp_path):
    without_model = settings.name_finder.model_copy(update={"base_model": str(tmp_path)})
    with pytest.raises(ModelError, match="no model"):
        name_finder_for(settings.model_copy(update={"name_finder": without_model}))
    with pytest.raises(ModelError, match="can't be loaded"):
        NameFinder.load(tmp_path)
