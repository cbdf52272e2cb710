"""The gate refuses bad models. The tests train the classifiers, and serve the generator, as in production."""

import random
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BertConfig, BertForSequenceClassification, BertTokenizerFast

from models.classifier.model import TrainedClassifier
from models.classifier.training import train_classifier
from models.engine.serving import serve_generator
from models.evaluation.classifier import Rival, as_ticket, evaluate_classifier
from models.evaluation.gate import judge, rules_of
from models.evaluation.generator import evaluate_generator
from models.evaluation.scored_replies import look_up_replies, scored_records, write_base_replies, write_replies
from models.generator.training import save_adapter
from models.registry.versions import ModelVersion
from models.shared.base import weights_hash
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.models.tiny_model import save_tiny_model
from ticketing.corpus.snapshot import Record
from ticketing.settings import ClassifierSettings, EngineSettings, GateSettings, GeneratorSettings, Settings

CATEGORIES = ("logistics", "payment")
# Each category has this many words. One such word in a ticket identifies its category, so a model must learn all words.
WORDS_PER_CATEGORY = 60


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """An untrained BERT with two small layers, whose vocabulary contains the words of both categories."""
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "of", "my", "order"]
    words += [f"{category}{i}" for category in CATEGORIES for i in range(WORDS_PER_CATEGORY)]
    BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def small_settings(base, tmp_path_factory):
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        classifier=ClassifierSettings(base_model=str(base), learning_rate=5e-3, min_steps=150, epochs=3, max_tokens=16),
        gate=GateSettings(accuracy=0.98),
    )


def make_records(count, first=0):
    records = []
    for i in range(first, first + count):
        category = CATEGORIES[i % 2]
        text = f"the {category}{i // 2 % WORDS_PER_CATEGORY} of my order"
        records.append(Record(f"t{i}", "en", category, text, "", text, None, i))
    return records


def with_shuffled_labels(records):
    labels = [record.category for record in records]
    random.Random(0).shuffle(labels)
    return [replace(record, category=label) for record, label in zip(records, labels, strict=True)]


def trained(settings, folder, train, validation=None):
    """A classifier trained on these tickets."""
    snapshot = make_snapshot(folder / "snapshot", train, validation or make_records(200, 5_000))
    train_classifier(snapshot, settings, folder / "artefact")
    return TrainedClassifier.load("classifier-1", folder / "artefact", settings)


def judged(settings, folder, classifier, test, rival=None):
    """The gate's verdict on a classifier that is evaluated on these test tickets."""
    scored = evaluate_classifier(classifier, make_snapshot(folder / "judged", (), test=test), rival)
    return judge(rules_of(settings.gate, "classifier"), scored.measured)


@pytest.fixture(scope="module")
def good(small_settings, tmp_path_factory):
    """A classifier trained on enough tickets with true labels."""
    return trained(small_settings, tmp_path_factory.mktemp("good"), make_records(400))


def failed_rules(verdict):
    return {rule.name for rule in verdict.rules if not rule.passed}


def test_well_trained_classifier_passes(small_settings, good, tmp_path):
    verdict = judged(small_settings, tmp_path, good, make_records(120, 1_000))
    assert verdict.passed, verdict.sentence


def test_classifier_trained_on_shuffled_labels_is_refused(small_settings, tmp_path):
    shuffled = trained(small_settings, tmp_path, with_shuffled_labels(make_records(400)))
    verdict = judged(small_settings, tmp_path, shuffled, make_records(120, 1_000))
    assert not verdict.passed
    assert failed_rules(verdict) & {"selective_accuracy", "coverage"}


def test_classifier_trained_on_a_twentieth_of_the_tickets_is_refused(small_settings, good, tmp_path):
    candidate = trained(small_settings, tmp_path, make_records(20))
    verdict = judged(small_settings, tmp_path, candidate, make_records(120, 1_000), Rival(good, ()))
    assert not verdict.passed
    assert "accuracy minus that of the champion" in failed_rules(verdict)


def test_classifier_is_refused_on_ten_test_tickets_even_if_all_are_correct(small_settings, good, tmp_path):
    verdict = judged(small_settings, tmp_path, good, make_records(10, 1_000))
    assert not verdict.passed
    assert failed_rules(verdict) == {"tickets", "coverage", "selective_accuracy"}, "a rule passed on ten tickets"


def with_one_wrong_word(records):
    """The same tickets, but those with one of the 120 words have the wrong category."""
    return [
        replace(record, category=CATEGORIES[1]) if f"the {CATEGORIES[0]}7 of" in record.text else record
        for record in records
    ]


def test_candidate_that_learnt_one_wrong_word_in_120_is_refused_against_the_champion(small_settings, good, tmp_path):
    """The candidate passes all rules except the comparison with the champion."""
    test = make_records(480, 1_000)
    candidate = trained(
        small_settings, tmp_path, with_one_wrong_word(make_records(400)), with_one_wrong_word(make_records(200, 5_000))
    )

    alone = judged(small_settings, tmp_path, candidate, test)
    against_champion = judged(small_settings, tmp_path, candidate, test, Rival(good, ()))

    predictions = candidate.predict([as_ticket(record) for record in test])
    misclassified = {
        record.text
        for record, prediction in zip(test, predictions, strict=True)
        if prediction.category != record.category
    }
    assert misclassified == {f"the {CATEGORIES[0]}7 of my order"}
    assert alone.passed, alone.sentence
    assert failed_rules(against_champion) == {"accuracy minus that of the champion"}
    assert "champion -0.0083 (95 % interval" in against_champion.sentence


class Letters:
    """A fake encoder: the similarity of two texts is 1 if they consist of the same characters, else 0."""

    name = "letters"

    def similarity(self, texts, others):
        return [float(set(a) == set(b)) for a, b in zip(texts, others, strict=True)]


def test_untrained_adapter_is_refused(tmp_path):
    """LoRA's second matrix is zero in an untrained adapter, so its replies equal those of the base model."""
    base = save_tiny_model(tmp_path / "tiny")
    settings = Settings(
        home=tmp_path,
        generator=GeneratorSettings(base_model=str(base)),
        engine=EngineSettings(kv_cache_gib=1, max_model_len=1000, max_reply_tokens=32),
    )
    untrained = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    save_adapter(untrained, settings.generator, weights_hash(str(base)), None, tmp_path / "adapter")
    model = ModelVersion(
        "generator-1", "generator", "candidate", "5afe", str(base), tmp_path / "adapter", "hash", {}, {}
    )
    answered = [answered_ticket(i) for i in range(100)]
    snapshot = make_snapshot(tmp_path / "snapshot", answered[60:], test=answered[:60])
    tickets = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    with serve_generator(model, settings) as served:
        replies = {"tuned": write_replies(served, tickets), "base": write_base_replies(served, tickets)}
    replies["nearest"] = look_up_replies(snapshot, tickets)

    assert [reply.text for reply in replies["tuned"]] == [reply.text for reply in replies["base"]]
    scored = evaluate_generator("generator-1", snapshot, tickets, replies, Letters())
    verdict = judge(rules_of(settings.gate, "generator"), scored.measured)
    assert not verdict.passed
    assert {f"bleu (language=en) minus that of the {other}" for other in ("base", "nearest")} <= failed_rules(verdict)
