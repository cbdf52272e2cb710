"""Fine-tunes the BERT classifier on a snapshot, and chooses from what confidence on it may route by itself.

How sure is sure enough is `models.classifier.thresholds`; predicting is `models.classifier.model`.
"""

import json
import logging
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
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
from models.classifier.model import ALONE, MANIFEST, SCOPE, TrainedClassifier, encode
from models.classifier.scope import OUT_OF_SCOPE_UNTOLD, Scope
from models.classifier.thresholds import Thresholds, Validated, choose_thresholds, least_to_prove, threshold_for
from models.classifier.trainer import (
    TEACHER,
    ProgressLog,
    RegularisedTrainer,
    choose_recipe,
    optimizer,
    training_arguments,
    validation_metrics,
)
from models.classifier.vocabulary import extend_vocabulary
from models.evaluation.metrics import expected_calibration_error
from models.shared.base import LOAD_ERRORS, resolve, writing
from models.shared.hardware import cost_since
from models.shared.pooled_bert import load_classifier
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import ModelError
from ticketing.settings import ClassifierSettings, Settings

logger = logging.getLogger("ticketing")

# So many new words are another language, which has to be learnt; a few placeholders are not.
NEW_LANGUAGE = 100


class Corpus(NamedTuple):
    """What a classifier learns from, what it is chosen by, and the categories."""

    train: list[Record]
    validation: list[Record]
    labels: list[str]


def train_classifier(snapshot: Snapshot, settings: Settings, output: Path) -> dict[str, Any]:
    """Fine-tunes the base model on the snapshot's training part and writes it, with its thresholds, to `output`.

    The epoch with the best macro-F1 on the validation part is kept. A killed training begins anew.

    Returns:
        Validation accuracy and macro_f1, epochs, cost, calibration, calibration error before and after it, and the
        thresholds and coverage of each language.

    Raises:
        ModelError: the base model can't be loaded.
        OutputError: the disk is full, or the folder can't be written.
    """
    chosen = settings.classifier
    started = time.monotonic()
    train, validation = snapshot.records("train"), snapshot.records("validation")
    corpus = Corpus(train, validation, sorted({record.category for record in train}))
    told = _teacher_logits(corpus, settings, output) if chosen.teacher else None
    members = [f"seed-{chosen.seed + i}" for i in range(chosen.seeds)] if chosen.seeds > 1 else [ALONE]
    trained = [
        _fine_tune(corpus, chosen.model_copy(update={"seed": chosen.seed + i}), settings, output / member, told)
        for i, member in enumerate(members)
    ]
    calibrated = _calibrate(corpus, members, settings, output)
    return {
        "train_rows": len(train),
        "validation_rows": len(validation),
        **calibrated,
        **trained[0],
        "best_validation_macro_f1_by_seed": [max(point[1] for point in one["learning_curve"]) for one in trained],
        **cost_since(started),
    }


def _fine_tune(
    corpus: Corpus, chosen: ClassifierSettings, settings: Settings, output: Path, told: np.ndarray | None
) -> dict[str, Any]:
    tokenizer, base = _load_base(chosen, settings, corpus.labels)
    parameters = sum(parameter.numel() for parameter in base.parameters())
    method = tuning.choose_method(chosen.method, parameters, tuning.memory_available())
    # What is only put before the text can't give new words a meaning, and merged LoRA leaves the words as they were.
    texts = [record.text for record in corpus.train]
    added = extend_vocabulary(tokenizer, base, texts) if method == "full" else []
    model = tuning.adapted(base, method, chosen.lora_rank)
    recipe = choose_recipe(chosen, len(corpus.train), len(corpus.labels))
    if method != "full":
        recipe = recipe._replace(adversarial=0.0)  # the words, which it would move, are not learnt
    work = output.parent / f"{output.name}.work"
    progress = ProgressLog()
    trainer = RegularisedTrainer(
        weights=class_weights([record.category for record in corpus.train], corpus.labels, chosen.class_weights),
        chosen=chosen,
        recipe=recipe,
        model=model,
        args=training_arguments(chosen, recipe, work),
        train_dataset=_dataset(corpus.train, corpus.labels, tokenizer, chosen.max_tokens, told),
        eval_dataset=_dataset(corpus.validation, corpus.labels, tokenizer, chosen.max_tokens),
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=validation_metrics,
        callbacks=[EarlyStoppingCallback(chosen.patience), progress],
        optimizers=(optimizer(model, chosen, recipe, method, len(added) >= NEW_LANGUAGE), None),
    )
    trainer.remove_callback(PrinterCallback)  # it prints what ProgressLog logs
    with writing(output):
        trained = trainer.train()
        tuning.save(model, output)
        tokenizer.save_pretrained(output)
    shutil.rmtree(work, ignore_errors=True)
    return {
        "method": method,
        "recipe": recipe._asdict(),
        "parameters": parameters,
        "added_tokens": len(added),
        "epochs": trained.metrics["epoch"],
        "train_loss": trained.training_loss,
        "learning_curve": progress.curve,
    }


def _teacher_logits(corpus: Corpus, settings: Settings, output: Path) -> np.ndarray:
    """What a larger model says of the training tickets, once it has learnt them: tickets × categories."""
    chosen = settings.classifier
    larger = chosen.model_copy(update={"base_model": chosen.teacher, "teacher": None})
    folder = output.with_name(output.name + ".teacher")
    logger.info("classifier: its teacher first, %s", chosen.teacher)
    _fine_tune(corpus, larger, settings, folder, None)
    teacher = TrainedClassifier("", folder, {"labels": corpus.labels, "max_tokens": chosen.max_tokens})
    logits = teacher.read([record.text for record in corpus.train]).logits
    shutil.rmtree(folder)
    return logits


def _calibrate(corpus: Corpus, members: list[str], settings: Settings, output: Path) -> dict[str, Any]:
    """Fits scope, calibration and thresholds on the validation part, and writes them beside the model."""
    train, validation, labels = corpus
    basis: dict[str, Any] = {"labels": labels, "max_tokens": settings.classifier.max_tokens, "members": members}
    classifier = TrainedClassifier("", output, basis)
    read = classifier.read([record.text for record in validation])
    places = {label: i for i, label in enumerate(labels)}
    scope = Scope.fit(
        classifier.read([record.text for record in train]).vectors,
        [places[record.category] for record in train],
        read.vectors,
    )
    true = [places[record.category] for record in validation]
    votes = scope.near(read.vectors, len(labels)).votes
    calibration = fit_calibration(read.logits, votes, true)
    rows = calibration.probabilities(read.logits, votes)
    correct = [int(row.argmax()) == i for row, i in zip(rows, true, strict=True)]
    confidences = rows.max(axis=1).tolist()
    validated = [
        Validated(record.language, labels[int(row.argmax())], float(row.max()), right)
        for record, row, right in zip(validation, rows, correct, strict=True)
    ]
    thresholds = choose_thresholds(validated, settings.gate.accuracy, settings.gate.confidence, labels)
    manifest = {
        **basis,
        "calibration": calibration._asdict(),
        "thresholds": thresholds,
        "target": settings.gate.accuracy,
        "least_to_prove": least_to_prove(settings.gate.accuracy, settings.gate.confidence),
        "validation_tickets": Counter(record.language for record in validation),
        "out_of_scope_share": settings.gate.out_of_scope_share,
    }
    with writing(output):
        scope.save(output / SCOPE)
        (output / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not scope.can_tell(settings.gate.out_of_scope_share):
        logger.warning("classifier: %s", OUT_OF_SCOPE_UNTOLD)
    predicted = [labels[int(row.argmax())] for row in rows]
    return {
        "validation_accuracy": float(np.mean(correct)),
        "validation_macro_f1": float(
            f1_score([r.category for r in validation], predicted, average="macro", zero_division=0.0)
        ),
        "calibration": calibration._asdict(),
        "validation_calibration_error": expected_calibration_error(confidences, correct),
        "validation_uncalibrated_error": uncalibrated_error(read.logits, true),
        "thresholds": thresholds,
        "validation_coverage": _coverage(validated, thresholds),
    }


def _load_base(
    chosen: ClassifierSettings, settings: Settings, labels: Sequence[str]
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    base = resolve(chosen.base_model, settings)
    torch.manual_seed(chosen.seed)  # the new head starts at random
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = load_classifier(
            base,
            dtype=torch.float32,
            # On a CPU torch's fused attention is slower on texts of a hundred tokens than plain matrix products are.
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )
    except LOAD_ERRORS as error:
        raise ModelError(
            f"The base model {chosen.base_model!r} can't be loaded ({type(error).__name__}): check "
            "TICKETING_CLASSIFIER__BASE_MODEL; offline it must be a path, a cached id or the embedded model."
        ) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # transformers makes an empty one where there is none, and every word would be unknown to it.
        raise ModelError(
            f"The base model {chosen.base_model!r} has no tokenizer: put its tokenizer.json or vocab.txt beside it."
        )
    return tokenizer, model


def _dataset(
    records: Sequence[Record], labels: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
    told: np.ndarray | None = None,
) -> Dataset:  # fmt: skip
    places = {label: i for i, label in enumerate(labels)}
    encoded: dict[str, Any] = dict(encode(tokenizer, [record.text for record in records], max_tokens))
    lengths = [len(ids) for ids in encoded["input_ids"]]
    if told is not None:
        encoded[TEACHER] = told.tolist()
    return Dataset.from_dict({**encoded, "labels": [places[record.category] for record in records], "length": lengths})


def _coverage(validated: Sequence[Validated], thresholds: Thresholds) -> dict[str, float]:
    counts: dict[str, list[bool]] = {}
    for one in validated:
        threshold = threshold_for(thresholds, one.language, one.predicted)
        counts.setdefault(one.language, []).append(threshold is not None and one.confidence >= threshold)
    return {language: float(np.mean(routed)) for language, routed in counts.items()}
