"""Fine-tunes the BERT classifier on a snapshot, and chooses from what confidence on it may route by itself.

How sure is sure enough is `models.thresholds`; predicting is `models.classifier`.
"""

import json
import logging
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from sklearn.metrics import f1_score
from sklearn.utils.class_weight import compute_class_weight
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_callback import PrinterCallback

from models.base import LOAD_ERRORS, resolve, writing
from models.calibration import fit_temperature, probabilities
from models.classifier import BATCH, MANIFEST, SCOPE, TrainedClassifier, encode
from models.hardware import compute_dtype
from models.metrics import expected_calibration_error
from models.scope import Scope
from models.thresholds import Thresholds, Validated, choose_thresholds, threshold_for
from models.vocabulary import extend_vocabulary
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.errors import ModelError
from ticketing.settings import ClassifierSettings, Settings

logger = logging.getLogger("ticketing")

MAX_EPOCHS = 20
# New words start without a meaning. At the learning rate of the layers above, the sample's Chinese tickets were still
# at 0.70 of accuracy when they are at 0.98 with this (one run each, one seed).
NEW_WORDS_SPEED = 5.0


def train_classifier(snapshot: Snapshot, settings: Settings, output: Path) -> dict[str, Any]:
    """Fine-tunes the base model on the snapshot's training part and writes it, with its thresholds, to `output`.

    The epoch with the best macro-F1 on the validation part is kept. A killed training begins anew.

    Returns:
        Validation accuracy and macro_f1, epochs, seconds, temperature, calibration error before and after it, and the
        thresholds and coverage of each language.

    Raises:
        ModelError: the base model can't be loaded.
        OutputError: the disk is full, or the folder can't be written.
    """
    chosen = settings.classifier
    started = time.monotonic()
    train, validation = snapshot.records("train"), snapshot.records("validation")
    labels = sorted({record.category for record in train})
    tokenizer, model = _load_base(chosen, settings, labels)
    added = extend_vocabulary(tokenizer, model, [record.text for record in train])
    work = output.with_name(output.name + ".work")
    progress = ProgressLog()
    trainer = WeightedTrainer(
        weights=_class_weights([record.category for record in train], labels),
        smoothing=chosen.label_smoothing,
        model=model,
        args=_training_arguments(chosen, len(train), work),
        train_dataset=_dataset(train, labels, tokenizer, chosen.max_tokens),
        eval_dataset=_dataset(validation, labels, tokenizer, chosen.max_tokens),
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=_validation_metrics,
        callbacks=[EarlyStoppingCallback(chosen.patience), progress],
        optimizers=(_optimizer(model, chosen.learning_rate, NEW_WORDS_SPEED if added else 1.0), None),
    )
    trainer.remove_callback(PrinterCallback)  # it prints what ProgressLog logs
    with writing(output):
        trained = trainer.train()
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
    shutil.rmtree(work, ignore_errors=True)

    calibrated = _calibrate(output, labels, chosen.max_tokens, train, validation, settings)
    return {
        "train_rows": len(train),
        "validation_rows": len(validation),
        **calibrated,
        "added_tokens": len(added),
        "epochs": trained.metrics["epoch"],
        "train_loss": trained.training_loss,
        "learning_curve": progress.curve,
        "seconds": time.monotonic() - started,
    }


def _calibrate(
    output: Path, labels: list[str], max_tokens: int, train: Sequence[Record], validation: Sequence[Record],
    settings: Settings,
) -> dict[str, Any]:  # fmt: skip
    """Fits temperature, thresholds and scope on the validation part, and writes them beside the model."""
    classifier = TrainedClassifier("", output, {"labels": labels, "max_tokens": max_tokens})
    read = classifier.read([record.text for record in validation])
    scope = Scope.fit(classifier.read([record.text for record in train]).vectors, read.vectors)
    places = {label: i for i, label in enumerate(labels)}
    true = [places[record.category] for record in validation]
    temperature = fit_temperature(read.logits, true)
    rows = probabilities(read.logits, temperature)
    correct = [int(row.argmax()) == i for row, i in zip(rows, true, strict=True)]
    confidences = rows.max(axis=1).tolist()
    validated = [
        Validated(record.language, labels[int(row.argmax())], float(row.max()), right)
        for record, row, right in zip(validation, rows, correct, strict=True)
    ]
    thresholds = choose_thresholds(validated, settings.gate.accuracy, settings.gate.confidence)
    manifest = {
        "labels": labels,
        "max_tokens": max_tokens,
        "temperature": temperature,
        "thresholds": thresholds,
        "target": settings.gate.accuracy,
        "out_of_scope_share": settings.gate.out_of_scope_share,
    }
    with writing(output):
        scope.save(output / SCOPE)
        (output / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    predicted = [labels[int(row.argmax())] for row in rows]
    raw = probabilities(read.logits, 1.0).max(axis=1).tolist()
    return {
        "validation_accuracy": float(np.mean(correct)),
        "validation_macro_f1": float(
            f1_score([r.category for r in validation], predicted, average="macro", zero_division=0.0)
        ),
        "temperature": temperature,
        "validation_calibration_error": expected_calibration_error(confidences, correct),
        "validation_uncalibrated_error": expected_calibration_error(raw, correct),
        "thresholds": thresholds,
        "validation_coverage": _coverage(validated, thresholds),
    }


class WeightedTrainer(Trainer):
    """transformers' Trainer with a cross-entropy that weighs rare categories up."""

    def __init__(self, weights: torch.Tensor, smoothing: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self._loss = torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=smoothing)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401
        """The weighted loss of a batch, in nats."""
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = self._loss.to(outputs.logits.device)(outputs.logits.float(), labels)
        return (loss, outputs) if return_outputs else loss


class ProgressLog(TrainerCallback):
    """Says after each epoch how far the training is, and keeps it for the report: (epoch, macro-F1, accuracy)."""

    def __init__(self) -> None:
        self.curve: list[tuple[float, float, float]] = []

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """One line an epoch."""
        metrics = kwargs["metrics"]
        self.curve.append((float(state.epoch or 0), metrics["eval_macro_f1"], metrics["eval_accuracy"]))
        logger.info(
            "classifier: epoch %.0f of at most %.0f, validation macro-F1 %.4f, accuracy %.4f",
            state.epoch or 0,
            args.num_train_epochs,
            metrics["eval_macro_f1"],
            metrics["eval_accuracy"],
        )


def _load_base(
    chosen: ClassifierSettings, settings: Settings, labels: Sequence[str]
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    base = resolve(chosen.base_model, settings)
    torch.manual_seed(chosen.seed)  # the new head starts at random
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForSequenceClassification.from_pretrained(
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


def _training_arguments(chosen: ClassifierSettings, rows: int, work: Path) -> TrainingArguments:
    steps_an_epoch = math.ceil(rows / chosen.batch_size)
    epochs = min(max(chosen.epochs, math.ceil(chosen.min_steps / steps_an_epoch)), MAX_EPOCHS)
    on_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=epochs,
        per_device_train_batch_size=chosen.batch_size,
        per_device_eval_batch_size=BATCH,
        learning_rate=chosen.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        bf16=compute_dtype() == torch.bfloat16,
        fp16=compute_dtype() == torch.float16,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        save_only_model=True,  # a killed training begins anew, so the optimizer's state is not needed
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        seed=chosen.seed,
        data_seed=chosen.seed,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _optimizer(model: PreTrainedModel, learning_rate: float, words_speed: float) -> torch.optim.Optimizer:
    words = list(model.get_input_embeddings().parameters())
    kept = {id(parameter) for parameter in words}
    others = [parameter for parameter in model.parameters() if id(parameter) not in kept]
    groups = [{"params": others, "weight_decay": 0.01}, {"params": words, "lr": learning_rate * words_speed}]
    return torch.optim.AdamW(groups, lr=learning_rate, weight_decay=0.0, fused=True)


def _dataset(
    records: Sequence[Record], labels: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> Dataset:
    places = {label: i for i, label in enumerate(labels)}
    encoded = encode(tokenizer, [record.text for record in records], max_tokens)
    lengths = [len(ids) for ids in encoded["input_ids"]]
    return Dataset.from_dict({**encoded, "labels": [places[record.category] for record in records], "length": lengths})


def _class_weights(categories: Sequence[str], labels: Sequence[str]) -> torch.Tensor:
    weights = compute_class_weight("balanced", classes=np.asarray(labels), y=np.asarray(categories))
    # The square root, capped: fully balanced weights let a few mislabelled rare tickets shout everybody down.
    return torch.tensor(np.minimum(np.sqrt(weights), 4.0), dtype=torch.float32)


def _validation_metrics(prediction: EvalPrediction) -> dict[str, float]:
    predicted = np.asarray(prediction.predictions).argmax(axis=-1)
    true = np.asarray(prediction.label_ids)
    return {
        "accuracy": float((predicted == true).mean()),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
    }


def _coverage(validated: Sequence[Validated], thresholds: Thresholds) -> dict[str, float]:
    counts: dict[str, list[bool]] = {}
    for one in validated:
        threshold = threshold_for(thresholds, one.language, one.predicted)
        counts.setdefault(one.language, []).append(threshold is not None and one.confidence >= threshold)
    return {language: float(np.mean(routed)) for language, routed in counts.items()}
