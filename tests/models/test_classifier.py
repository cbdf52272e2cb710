"""The classifier's training and routing, on a BERT of two small layers that the test makes."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from models.classifier import TrainedClassifier, train_classifier
from tests.models.small_corpus import make_snapshot
from ticketing.corpus.snapshot import Record
from ticketing.errors import ModelError
from ticketing.settings import ClassifierSettings, GateSettings
from ticketing.tickets import CleanTicket

WORDS = {"logistics": ["parcel", "courier", "late"], "payment": ["refund", "invoice", "charged"]}


def record(number, category, language="en"):
    words = WORDS[category]
    text = f"the {words[number % 3]} of my order {words[(number + 1) % 3]}"
    return Record(f"t{number}", language, category, text, "", text, None, number)


def records(count, language="en"):
    return [record(i, ("logistics", "payment")[i % 2], language) for i in range(count)]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "of",
        "my",
        "order",
        *WORDS["logistics"],
        *WORDS["payment"],
    ]
    BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    torch.manual_seed(0)  # a model drawn at random now and then learns nothing
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def small(tiny_bert):
    return {
        "classifier": ClassifierSettings(
            base_model=str(tiny_bert), learning_rate=5e-3, min_steps=120, epochs=3, max_tokens=16
        ),
        "gate": GateSettings(accuracy=0.9, confidence=0.8),
    }


@pytest.fixture
def trained(settings, small, tmp_path):
    settings = settings.model_copy(update=small)
    validation = [*records(60), record(90, "payment", "fr")]
    snapshot = make_snapshot(tmp_path / "snapshot", records(160), validation)
    metrics = train_classifier(snapshot, settings, tmp_path / "artefact")
    return metrics, TrainedClassifier.load("classifier-1", tmp_path / "artefact", settings)


def ticket(body, language="en"):
    return CleanTicket("T1", 1, None, language, "", body, None, None)


def test_what_was_trained_sorts_tickets_and_routes_the_sure_ones_itself(trained):
    metrics, classifier = trained

    late, charged = classifier.predict(
        [ticket("the parcel of my order late"), ticket("the invoice of my order charged")]
    )

    assert metrics["validation_macro_f1"] > 0.95
    assert (late.category, charged.category) == ("logistics", "payment")
    assert late.route == charged.route == "auto"
    assert late.confidence >= late.threshold


def test_a_language_it_can_not_be_sure_in_goes_to_a_human_with_the_reason(trained):
    _, classifier = trained

    seen_once, never_seen = classifier.predict([ticket("the refund", "fr"), ticket("the refund", "de")])

    assert seen_once.route == never_seen.route == "human"
    assert "no threshold reaches accuracy 0.90 in language 'fr'" in seen_once.reason
    assert "'de'" in never_seen.reason


def test_an_unsure_prediction_goes_to_a_human(trained):
    _, classifier = trained
    classifier.thresholds = {"en": 1.0}

    (said,) = classifier.predict([ticket("the the the")])

    assert said.route == "human"
    assert "below 1.000" in said.reason


@pytest.mark.parametrize("body", ["", "\ud800 lone", "\x00", "x" * 1_000_000, "包裹"])
def test_strange_text_is_classified_all_the_same(trained, body):
    _, classifier = trained
    (said,) = classifier.predict([ticket(body)])
    assert said.category in ("logistics", "payment")
    assert 0 <= said.confidence <= 1


def test_a_batch_gives_the_answers_of_single_tickets_in_order(trained):
    _, classifier = trained
    tickets = [ticket(one.text + " my" * (i % 7)) for i, one in enumerate(records(30))]

    together = classifier.predict(tickets)

    assert [one.category for one in together] == [classifier.predict([one])[0].category for one in tickets]


def test_a_folder_without_a_classifier_is_told(settings, tmp_path):
    with pytest.raises(ModelError, match="can't be loaded"):
        TrainedClassifier.load("classifier-1", tmp_path, settings)
