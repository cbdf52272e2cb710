"""The gate rejects really trained and served models that must not become champions."""

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
# One of this many words identifies the department: a model must have seen the word in training.
WORDS = 60


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """An untrained BERT with two small layers and a vocabulary of the words."""
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "of", "my", "order"]
    words += [f"{category}{i}" for category in CATEGORIES for i in range(WORDS)]
    BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def small(base, tmp_path_factory):
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        classifier=ClassifierSettings(base_model=str(base), learning_rate=5e-3, min_steps=150, epochs=3, max_tokens=16),
        gate=GateSettings(accuracy=0.98),
    )


def records(count, first=0):
    found = []
    for number in range(first, first + count):
        category = CATEGORIES[number % 2]
        text = f"the {category}{number // 2 % WORDS} of my order"
        found.append(Record(f"t{number}", "en", category, text, "", text, None, number))
    return found


def with_shuffled_labels(found):
    labels = [one.category for one in found]
    random.Random(0).shuffle(labels)
    return [replace(one, category=label) for one, label in zip(found, labels, strict=True)]


def trained(settings, folder, train, validation=None):
    """A classifier trained on these tickets."""
    snapshot = make_snapshot(folder / "snapshot", train, validation or records(200, 5_000))
    train_classifier(snapshot, settings, folder / "artefact")
    return TrainedClassifier.load("classifier-1", folder / "artefact", settings)


def judged(settings, folder, classifier, test, rival=None):
    """The gate's verdict on a classifier for these test tickets."""
    scored = evaluate_classifier(classifier, make_snapshot(folder / "judged", (), test=test), rival)
    return judge(rules_of(settings.gate, "classifier"), scored.measured)


@pytest.fixture(scope="module")
def good(small, tmp_path_factory):
    """A classifier trained on enough tickets with true labels."""
    return trained(small, tmp_path_factory.mktemp("good"), records(400))


def failed(verdict):
    return {rule.name for rule in verdict.rules if not rule.passed}


def test_a_model_trained_well_enough_passes(small, good, tmp_path):
    verdict = judged(small, tmp_path, good, records(120, 1_000))
    assert verdict.passed, verdict.sentence


def test_a_model_trained_on_shuffled_labels_is_refused(small, tmp_path):
    shuffled = trained(small, tmp_path, with_shuffled_labels(records(400)))
    verdict = judged(small, tmp_path, shuffled, records(120, 1_000))
    assert not verdict.passed
    assert failed(verdict) & {"selective_accuracy", "coverage"}


def test_a_model_trained_on_a_twentieth_of_the_data_is_refused(small, good, tmp_path):
    candidate = trained(small, tmp_path, records(20))
    verdict = judged(small, tmp_path, candidate, records(120, 1_000), Rival(good, ()))
    assert not verdict.passed
    assert "accuracy minus that of the champion" in failed(verdict)


def test_ten_test_tickets_are_refused_even_if_all_are_right(small, good, tmp_path):
    verdict = judged(small, tmp_path, good, records(10, 1_000))
    assert not verdict.passed
    assert failed(verdict) == {"tickets", "coverage", "selective_accuracy"}, "not one is judged on ten"


def with_a_word_mistaken(found):
    """The same tickets, but the tickets with one of the 120 words have the other department as their category."""
    return [replace(one, category=CATEGORIES[1]) if f"the {CATEGORIES[0]}7 of" in one.text else one for one in found]


def test_candidate_with_one_wrong_word_in_120_is_refused_against_the_champion(small, good, tmp_path):
    """The candidate passes every rule but the comparison with the champion."""
    test = records(480, 1_000)
    candidate = trained(small, tmp_path, with_a_word_mistaken(records(400)), with_a_word_mistaken(records(200, 5_000)))

    alone = judged(small, tmp_path, candidate, test)
    beside = judged(small, tmp_path, candidate, test, Rival(good, ()))

    predicted = candidate.predict([as_ticket(one) for one in test])
    mistaken = {one.text for one, said in zip(test, predicted, strict=True) if said.category != one.category}
    assert mistaken == {f"the {CATEGORIES[0]}7 of my order"}
    assert alone.passed, alone.sentence
    assert failed(beside) == {"accuracy minus that of the champion"}
    assert "champion -0.0083 (95 % interval" in beside.sentence


class Letters:
    """A fake encoder: texts with the same letters are similar."""

    name = "letters"

    def similarity(self, texts, others):
        return [float(set(a) == set(b)) for a, b in zip(texts, others, strict=True)]


def test_an_adapter_that_is_empty_is_refused(tmp_path):
    """LoRA's second matrix is zero in an untrained adapter, so vLLM serves the base model twice."""
    base = save_tiny_model(tmp_path / "tiny")
    settings = Settings(
        home=tmp_path,
        generator=GeneratorSettings(base_model=str(base)),
        engine=EngineSettings(kv_cache_gib=1, max_model_len=1000, max_reply_tokens=32),
    )
    empty = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    save_adapter(empty, settings.generator, weights_hash(str(base)), None, tmp_path / "adapter")
    model = ModelVersion(
        "generator-1", "generator", "candidate", "5afe", str(base), tmp_path / "adapter", "hash", {}, {}
    )
    answered = [answered_ticket(i) for i in range(100)]
    snapshot = make_snapshot(tmp_path / "snapshot", answered[60:], test=answered[:60])
    tickets = scored_records(snapshot, None, GateSettings(max_test_replies=60, min_replies=1))
    with serve_generator(model, settings) as served:
        replies = {"tuned": write_replies(served, tickets), "base": write_base_replies(served, tickets)}
    replies["nearest"] = look_up_replies(snapshot, tickets)

    assert [one.text for one in replies["tuned"]] == [one.text for one in replies["base"]]
    scored = evaluate_generator("generator-1", snapshot, tickets, replies, Letters())
    verdict = judge(rules_of(settings.gate, "generator"), scored.measured)
    assert not verdict.passed
    assert {f"bleu (language=en) minus that of the {other}" for other in ("base", "nearest")} <= failed(verdict)
