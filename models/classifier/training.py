"""Fine-tunes the BERT classifier on a snapshot, calibrates it, and chooses its confidence thresholds.

`models.classifier.thresholds` has the rules for the thresholds. `models.classifier.model` predicts with the result.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from sklearn.metrics import f1_score
from transformers import (
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.trainer_callback import PrinterCallback

from models.classifier import tuning
from models.classifier.calibration import fit_calibration, uncalibrated_error
from models.classifier.loss import class_weights
from models.classifier.model import SCOPE_FILE
from models.classifier.reader import TextReader, encode
from models.classifier.scope import MAX_VECTORS, TOO_FEW_FOR_OUT_OF_SCOPE, Scope
from models.classifier.thresholds import (
    Thresholds,
    ValidationTicket,
    choose_thresholds,
    min_tickets_for_target,
    threshold_for,
)
from models.classifier.trainer import (
    SCORES,
    WeightedTrainer,
    choose_recipe,
    optimizer,
    training_arguments,
    validation_metrics,
)
from models.classifier.vocabulary import extend_vocabulary
from models.shared.base import loading, resolve, writing
from models.shared.hardware import cost_since
from models.shared.manifest import save_manifest
from models.shared.pooled_bert import load_classifier
from models.shared.progress import ProgressLog
from models.shared.statistics import expected_calibration_error
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import ModelError
from ticketing.settings import ClassifierSettings, Settings

logger = logging.getLogger("ticketing")

# This many new words mean that the corpus has a language unknown to the base model. Placeholders alone are fewer.
NEW_LANGUAGE_WORDS = 100
ENCODE_BATCH = 1_000  # tickets; the tokenizer holds up to 70 kB per ticket until it returns
ONLY_MEMBER = "."  # a single model lies in the artefact's folder itself


class Corpus(NamedTuple):
    """The training tickets, the validation tickets, and all categories."""

    train: list[Record]
    validation: list[Record]
    labels: list[str]


def train_classifier(snapshot: Snapshot, settings: Settings, output: Path) -> dict[str, Any]:
    """Fine-tunes the base model on the snapshot's training part and writes it, with its thresholds, to `output`.

    It trains on a sample of at most `classifier.max_train_tickets` tickets, stratified by category. It keeps the epoch
    with the best macro-F1 on the validation part. After a kill, the training starts over.

    Returns:
        Validation accuracy and macro-F1, epochs, cost, the calibration, the calibration error with and without it, and
        the thresholds and coverage of each language.

    Raises:
        ModelError: the base model can't be loaded.
        OutputError: the disk is full, or the folder can't be written.
    """
    options = settings.classifier
    started = time.monotonic()
    train = snapshot.sample("train", options.max_train_tickets)
    corpus = Corpus(train, snapshot.records("validation"), sorted({record.category for record in train}))
    members = [f"seed-{options.seed + i}" for i in range(options.seeds)] if options.seeds > 1 else [ONLY_MEMBER]
    runs = [
        _fine_tune(corpus, options.model_copy(update={"seed": options.seed + i}), settings, output / member)
        for i, member in enumerate(members)
    ]
    calibration_metrics = _calibrate(corpus, snapshot.sample("train", MAX_VECTORS), members, settings, output)
    return {
        "train_rows": len(train),
        "validation_rows": len(corpus.validation),
        **calibration_metrics,
        **runs[0],
        "best_validation_macro_f1_by_seed": [max(point[1] for point in run["learning_curve"]) for run in runs],
        **cost_since(started),
    }


def _fine_tune(corpus: Corpus, options: ClassifierSettings, settings: Settings, output: Path) -> dict[str, Any]:
    tokenizer, base = _load_base(options, settings, corpus.labels)
    parameters = sum(parameter.numel() for parameter in base.parameters())
    method = tuning.choose_method(options.method, parameters, tuning.memory_available())
    # Prefix tuning, prompt tuning and LoRA don't train word vectors, so they could not learn new words.
    added_words = (
        extend_vocabulary(tokenizer, base, [record.text for record in corpus.train]) if method == "full" else []
    )
    model = tuning.prepare_model(base, method, options.lora_rank)
    recipe = choose_recipe(options, len(corpus.train), len(corpus.labels))
    if method != "full":
        recipe = recipe._replace(adversarial=0.0)  # adversarial training needs word vectors that are not frozen
    work = output.parent / f"{output.name}.work"
    progress = ProgressLog("classifier", SCORES)
    trainer = WeightedTrainer(
        weights=class_weights([record.category for record in corpus.train], corpus.labels, options.class_weights),
        label_smoothing=options.label_smoothing,
        adversarial=recipe.adversarial,
        model=model,
        args=training_arguments(options, recipe, work),
        train_dataset=_dataset(corpus.train, corpus.labels, tokenizer, options.max_tokens),
        eval_dataset=_dataset(corpus.validation, corpus.labels, tokenizer, options.max_tokens),
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=validation_metrics,
        callbacks=[EarlyStoppingCallback(options.patience), progress],
        optimizers=(optimizer(model, recipe, method, len(added_words) >= NEW_LANGUAGE_WORDS), None),
    )
    trainer.remove_callback(PrinterCallback)  # it would print what ProgressLog logs
    with writing(output):
        result = trainer.train()
        tuning.save(model, output)
        tokenizer.save_pretrained(output)
    shutil.rmtree(work, ignore_errors=True)
    return {
        "method": method,
        "recipe": recipe._asdict(),
        "parameters": parameters,
        "added_tokens": len(added_words),
        "epochs": result.metrics["epoch"],
        "train_loss": result.training_loss,
        "learning_curve": progress.validation,
    }


def _calibrate(
    corpus: Corpus, neighbours: Sequence[Record], members: list[str], settings: Settings, output: Path
) -> dict[str, Any]:
    """Fits scope, calibration and thresholds on the validation part, and writes them into the artefact's folder.

    Args:
        corpus: the validation tickets, and all categories.
        neighbours: the training tickets that new tickets are compared with.
        members: the names of the models' folders in `output`.
        settings: the gate's target accuracy and confidence level, and the classifier's settings.
        output: the artefact's folder.

    Returns:
        The part of the training metrics that describes the calibrated classifier.
    """
    validation, labels = corpus.validation, corpus.labels
    logger.info(
        "classifier: calibrating with %d validation tickets and %d training tickets", len(validation), len(neighbours)
    )
    reader = TextReader([output / name for name in members], len(labels), settings.classifier.max_tokens)
    outputs = reader.read([record.text for record in validation])
    category_ids = {label: i for i, label in enumerate(labels)}
    scope = Scope.fit(
        reader.read([record.text for record in neighbours]).vectors,
        [category_ids[record.category] for record in neighbours],
        outputs.vectors,
    )
    true = [category_ids[record.category] for record in validation]
    votes = scope.neighbourhood(outputs.vectors, len(labels)).votes
    calibration = fit_calibration(outputs.logits, votes, true)
    rows = calibration.probabilities(outputs.logits, votes)
    predicted = [labels[int(row.argmax())] for row in rows]
    correct = [category == record.category for category, record in zip(predicted, validation, strict=True)]
    confidences = rows.max(axis=1).tolist()
    predictions = [
        ValidationTicket(record.language, category, confidence, right)
        for record, category, confidence, right in zip(validation, predicted, confidences, correct, strict=True)
    ]
    thresholds = choose_thresholds(predictions, settings.gate.accuracy, settings.gate.confidence, labels)
    manifest = {
        "labels": labels,
        "max_tokens": settings.classifier.max_tokens,
        "members": members,
        "calibration": calibration._asdict(),
        "thresholds": thresholds,
        "target": settings.gate.accuracy,
        "least_to_prove": min_tickets_for_target(settings.gate.accuracy, settings.gate.confidence),
        "validation_tickets": Counter(record.language for record in validation),
        "out_of_scope_share": settings.gate.out_of_scope_share,
    }
    with writing(output):
        scope.save(output / SCOPE_FILE)
        save_manifest(output, manifest)
    if not scope.can_detect(settings.gate.out_of_scope_share):
        logger.warning("classifier: %s", TOO_FEW_FOR_OUT_OF_SCOPE)
    return {
        "validation_accuracy": float(np.mean(correct)),
        "validation_macro_f1": float(
            f1_score([r.category for r in validation], predicted, average="macro", zero_division=0.0)
        ),
        "calibration": calibration._asdict(),
        "validation_calibration_error": expected_calibration_error(confidences, correct),
        "validation_uncalibrated_error": uncalibrated_error(outputs.logits, true),
        "thresholds": thresholds,
        "validation_coverage": _coverage(predictions, thresholds),
    }


def _load_base(
    options: ClassifierSettings, settings: Settings, labels: Sequence[str]
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    base = resolve(options.base_model, settings)
    torch.manual_seed(options.seed)  # the head's initial weights are random
    with loading(
        f"The base model {options.base_model!r}",
        "check TICKETING_CLASSIFIER__BASE_MODEL; offline it must be a path, a cached id or the embedded model.",
    ):
        tokenizer = AutoTokenizer.from_pretrained(base)
        model: PreTrainedModel = load_classifier(
            base,
            dtype=torch.float32,
            # On a CPU, for texts of a hundred tokens, torch's fused attention is slower than plain matrix products.
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # If the tokenizer's files are missing, transformers makes an empty tokenizer, which knows no word.
        raise ModelError(
            f"The base model {options.base_model!r} has no tokenizer: put its tokenizer.json or vocab.txt beside it."
        )
    return tokenizer, model


def _dataset(
    records: Sequence[Record], labels: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> Dataset:
    """For every ticket its tokens, its category index, and its length for the sampler. Arrow columns save memory."""
    category_ids = {label: i for i, label in enumerate(labels)}
    batches = []
    for start in range(0, len(records), ENCODE_BATCH):
        batch = records[start : start + ENCODE_BATCH]
        encoded = encode(tokenizer, [record.text for record in batch], max_tokens)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        batches.append(
            Dataset.from_dict({**encoded, "labels": [category_ids[r.category] for r in batch], "length": lengths})
        )
    return concatenate_datasets(batches)


def _coverage(tickets: Sequence[ValidationTicket], thresholds: Thresholds) -> dict[str, float]:
    """The share of the validation tickets that would be routed, by language."""
    is_routed: dict[str, list[bool]] = {}
    for ticket in tickets:
        threshold = threshold_for(thresholds, ticket.language, ticket.predicted)
        is_routed.setdefault(ticket.language, []).append(threshold is not None and ticket.confidence >= threshold)
    return {language: float(np.mean(flags)) for language, flags in is_routed.items()}
