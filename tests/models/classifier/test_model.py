"""The classifier's training and routing, with a tiny BERT that has random weights."""

import shutil

import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertTokenizerFast

from models.classifier import training as classifier_training
from models.classifier.calibration import Calibration
from models.classifier.model import TrainedClassifier
from models.classifier.training import train_classifier
from tests.models.small_corpus import make_snapshot
from ticketing.corpus.snapshot import Record
from ticketing.errors import ModelError
from ticketing.settings import ClassifierSettings, GateSettings, Settings
from ticketing.tickets import CleanTicket

WORDS = {"logistics": ["parcel", "courier", "late"], "payment": ["refund", "invoice", "charged"]}


def record(index, category, language="en"):
    words = WORDS[category]
    text = f"the {words[index % 3]} of my order {words[(index + 1) % 3]}"
    return Record(f"t{index}", language, category, text, "", text, None, index)


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
    torch.manual_seed(0)  # with some seeds the model learns nothing
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def small_settings(tiny_bert, tmp_path_factory):
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        classifier=ClassifierSettings(
            base_model=str(tiny_bert), learning_rate=5e-3, min_steps=120, epochs=3, max_tokens=16
        ),
        gate=GateSettings(accuracy=0.9, confidence=0.8),
    )


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    validation = [*records(60), record(90, "payment", "fr")]
    return make_snapshot(tmp_path_factory.mktemp("corpus") / "snapshot", records(160), validation)


@pytest.fixture(scope="module")
def artefact(small_settings, snapshot, tmp_path_factory):
    """The folder of a trained classifier, and the training metrics. All tests share it: do not change its files."""
    folder = tmp_path_factory.mktemp("trained") / "artefact"
    return folder, train_classifier(snapshot, small_settings, folder)


@pytest.fixture
def trained(artefact, small_settings):
    """The training metrics, and the classifier, loaded again for every test."""
    folder, metrics = artefact
    return metrics, TrainedClassifier.load("classifier-1", folder, small_settings)


def ticket(body, language="en"):
    return CleanTicket("T1", 1, None, language, "", body, None, None)


def test_trained_classifier_predicts_categories_and_routes_confident_tickets(trained):
    metrics, classifier = trained

    late, charged = classifier.predict(
        [ticket("the parcel of my order courier"), ticket("the invoice of my order charged")]
    )

    assert metrics["validation_macro_f1"] > 0.95
    assert (late.category, charged.category) == ("logistics", "payment")
    assert (late.reason, charged.reason) == (None, None)
    assert late.confidence >= late.threshold


def test_tickets_in_a_language_without_enough_validation_tickets_go_to_a_human(trained):
    _, classifier = trained

    french, german = classifier.predict([ticket("the refund", "fr"), ticket("the refund", "de")])

    assert french.route == german.route == "human"
    assert "accuracy 0.90 in language 'fr' (1 validation tickets, but at least 16 are needed)" in french.reason
    assert "'de'" in german.reason


def test_prediction_below_the_threshold_goes_to_a_human(trained):
    _, classifier = trained
    classifier.thresholds = {"en": {"*": 1.0}}

    (prediction,) = classifier.predict([ticket("the the the")])

    assert prediction.route == "human"
    assert "below 1.000" in prediction.reason


def test_out_of_scope_ticket_goes_to_a_human_with_a_reason(trained):
    _, classifier = trained
    classifier.out_of_scope_share = 1.0  # every ticket is out of scope

    (prediction,) = classifier.predict([ticket("the parcel of my order courier")])

    assert prediction.route == "human"
    assert prediction.out_of_scope
    assert "unlike any training ticket" in prediction.reason


def test_prediction_contains_the_second_category_and_its_confidence(trained):
    _, classifier = trained
    (prediction,) = classifier.predict([ticket("the parcel of my order courier")])
    assert (prediction.category, prediction.second_category) == ("logistics", "payment")
    assert prediction.confidence + prediction.second_confidence == pytest.approx(1.0)


def test_training_metrics_include_calibration_error_and_learning_curve(trained):
    metrics, classifier = trained
    assert Calibration(**metrics["calibration"]) == classifier.calibration
    assert classifier.calibration.temperature > 0
    assert metrics["validation_calibration_error"] <= metrics["validation_uncalibrated_error"] + 0.02
    assert [len(point) for point in metrics["learning_curve"]] == [3] * len(metrics["learning_curve"])


@pytest.mark.parametrize("body", ["", "\ud800 lone", "\x00", "x" * 1_000_000, "包裹"])
def test_unusual_text_is_classified(trained, body):
    _, classifier = trained
    (prediction,) = classifier.predict([ticket(body)])
    assert prediction.category in ("logistics", "payment")
    assert 0 <= prediction.confidence <= 1


def test_out_of_scope_detection_needs_enough_validation_tickets_for_the_share(trained):
    _, classifier = trained
    assert not classifier.detects_out_of_scope, "a share of 0.01 needs 99 validation tickets, but there are 61"
    classifier.out_of_scope_share = 0.02
    assert classifier.detects_out_of_scope, "a share of 0.02 needs 49 validation tickets, and there are 61"


def test_batch_predictions_equal_single_predictions_in_order(trained):
    _, classifier = trained
    tickets = [ticket(record.text + " my" * (i % 7)) for i, record in enumerate(records(30))]

    predictions = classifier.predict(tickets)

    assert [prediction.category for prediction in predictions] == [
        classifier.predict([single])[0].category for single in tickets
    ]


def test_same_seed_gives_the_same_weights(artefact, snapshot, small_settings, tmp_path):
    folder, _ = artefact
    train_classifier(snapshot, small_settings, tmp_path / "again")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_training_leaves_only_the_artefact(artefact):
    folder, _ = artefact
    assert list(folder.parent.iterdir()) == [folder]


def delete_tokenizer(folder):
    for path in folder.glob("tok*"):
        path.unlink()


def truncate_weights(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


@pytest.mark.parametrize(
    ("damage", "message"), [(delete_tokenizer, "has no tokenizer"), (truncate_weights, "can't be loaded")]
)
def test_damaged_base_model_raises_an_error_before_training(snapshot, small_settings, tmp_path, damage, message):
    damaged = tmp_path / "damaged"
    shutil.copytree(small_settings.classifier.base_model, damaged)
    damage(damaged)
    options = small_settings.classifier.model_copy(update={"base_model": str(damaged)})

    with pytest.raises(ModelError, match=message):
        train_classifier(snapshot, small_settings.model_copy(update={"classifier": options}), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_damaged_artefact_weights_raise_a_model_error(artefact, small_settings, tmp_path):
    folder, _ = artefact
    shutil.copytree(folder, tmp_path / "copy")
    truncate_weights(tmp_path / "copy")
    with pytest.raises(ModelError, match="can't be loaded"):
        TrainedClassifier.load("classifier-1", tmp_path / "copy", small_settings)


def test_folder_without_a_classifier_raises_a_model_error(small_settings, tmp_path):
    with pytest.raises(ModelError, match="can't be loaded"):
        TrainedClassifier.load("classifier-1", tmp_path, small_settings)


@pytest.mark.parametrize("fields", [{"adversarial": 0.5}, {"method": "lora"}, {"seeds": 2}])
def test_every_training_method_writes_a_self_contained_classifier(small_settings, snapshot, tmp_path, fields):
    settings = small_settings.model_copy(update={"classifier": small_settings.classifier.model_copy(update=fields)})

    metrics = train_classifier(snapshot, settings, tmp_path / "artefact")

    assert metrics["method"] == fields.get("method", "full")
    assert [path.name for path in tmp_path.iterdir()] == ["artefact"]
    (prediction,) = TrainedClassifier.load("classifier-1", tmp_path / "artefact", settings).predict(
        [ticket("the parcel")]
    )
    assert prediction.category in ("logistics", "payment")
    if "method" not in fields:
        assert metrics["validation_macro_f1"] > 0.95


def test_classifier_trained_on_a_sample_still_recognises_rare_categories(small_settings, tmp_path, monkeypatch):
    monkeypatch.setattr("models.classifier.training.ENCODE_BATCH", 7)
    monkeypatch.setattr("models.classifier.training.MAX_VECTORS", 20)
    common = [record(i, "payment") for i in range(150)]
    rare = [record(200 + i, "logistics") for i in range(10)]
    snapshot = make_snapshot(tmp_path / "snapshot", [*common, *rare], records(30))
    options = small_settings.classifier.model_copy(update={"max_train_tickets": 40})
    settings = small_settings.model_copy(update={"classifier": options})

    metrics = train_classifier(snapshot, settings, tmp_path / "artefact")

    classifier = TrainedClassifier.load("classifier-1", tmp_path / "artefact", settings)
    assert metrics["train_rows"] == 40
    assert classifier.labels == ["logistics", "payment"]
    (prediction,) = classifier.predict([ticket("the parcel of my order courier")])
    assert prediction.category == "logistics"


def test_tokenising_in_batches_gives_the_same_dataset_as_all_at_once(small_settings, monkeypatch):
    tokenizer = AutoTokenizer.from_pretrained(small_settings.classifier.base_model)
    tickets = records(25)
    at_once = classifier_training._dataset(tickets, ["logistics", "payment"], tokenizer, 16)
    monkeypatch.setattr(classifier_training, "ENCODE_BATCH", 4)
    batched = classifier_training._dataset(tickets, ["logistics", "payment"], tokenizer, 16)
    assert batched.to_list() == at_once.to_list()
    assert batched.features == at_once.features
