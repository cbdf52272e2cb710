"""The classifier's hyperparameters, its optimizer, and a Trainer with class weights and adversarial training.

`models.classifier.training` prepares the data, fits the calibration, and writes the artefact.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.metrics import f1_score
from transformers import EvalPrediction, PreTrainedModel, Trainer, TrainingArguments

from models.classifier.reader import BATCH
from models.classifier.tuning import Method
from models.shared.hardware import compute_dtype
from ticketing.settings import ClassifierSettings

SCORES = ("macro_f1", "accuracy")
MAX_EPOCHS = 20
FEW_TICKETS = 200  # training tickets per category; with fewer, the recipe for small corpora applies
EXAMPLES_PER_CATEGORY = 800  # the target for all epochs together
MIN_EPOCHS, SMALL_CORPUS_EPOCHS = 2, 10
SCHEDULE, WARMUP = "linear", 0.1  # learning rate schedule, and the share of the steps in which the rate rises
# Learning rate relative to full fine-tuning: LoRA matrices, prefixes and prompts start untrained.
RATE_FACTORS: dict[Method, float] = {"full": 1.0, "lora": 5.0, "prefix": 50.0, "prompt": 50.0}
# Learning rate of the vectors of new words, relative to the layers: these vectors start untrained. On the sample's
# Chinese tickets the accuracy was 0.70 without this factor, and 0.98 with it at the same step (one run each).
NEW_WORDS_RATE_FACTOR = 5.0


class Recipe(NamedTuple):
    """The hyperparameters of a classifier's training."""

    epochs: int
    batch_size: int
    learning_rate: float
    adversarial: float  # norm of the adversarial perturbation; 0 means none
    head_speed: float  # learning rate of the classification head relative to the rest: the head starts at random


class WeightedTrainer(Trainer):
    """transformers' Trainer with class weights in the cross-entropy, and adversarial training of the word vectors."""

    def __init__(
        self,
        weights: torch.Tensor,
        label_smoothing: float,
        adversarial: float,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self._weights = weights
        self._label_smoothing = label_smoothing
        self._adversarial = adversarial

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401
        """The weighted cross-entropy of a batch, in nats."""
        labels = inputs.pop("labels")
        inputs.pop("length", None)  # only the sampler reads it
        outputs = model(**inputs)
        logits = outputs.logits.float()
        loss = torch.nn.functional.cross_entropy(
            logits, labels, self._weights.to(logits.device), label_smoothing=self._label_smoothing
        )
        return (loss, outputs) if return_outputs else loss

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """A forward and backward pass. Adversarial training adds a second one, with word vectors that raise the loss.

        Source: T. Miyato, A. Dai and I. Goodfellow, Adversarial training methods for semi-supervised text
        classification, ICLR 2017. The paper perturbs the word vectors of each text; this code perturbs the rows of the
        embedding table.
        """
        loss: torch.Tensor = super().training_step(model, dict(inputs), num_items_in_batch)
        embeddings = self.accelerator.unwrap_model(model).get_input_embeddings().weight
        if self._adversarial and embeddings.grad is not None:
            norm = embeddings.grad.norm()
            if torch.isfinite(norm) and norm > 0:
                perturbation = embeddings.grad * (self._adversarial / norm)
                embeddings.data.add_(perturbation)
                super().training_step(model, dict(inputs), num_items_in_batch)
                embeddings.data.sub_(perturbation)
        return loss


def validation_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """The accuracy and the macro-F1 (`SCORES`) on the validation part."""
    logits = prediction.predictions[0] if isinstance(prediction.predictions, tuple) else prediction.predictions
    predicted = np.asarray(logits).argmax(axis=-1)
    true = np.asarray(prediction.label_ids)
    return {
        "accuracy": float((predicted == true).mean()),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
    }


def choose_recipe(options: ClassifierSettings, ticket_count: int, category_count: int) -> Recipe:
    """The hyperparameters from the settings, completed by defaults for this number of training tickets per category.

    With 100 tickets per category (BANKING77), eight epochs of small steps reach a test accuracy of 0.941 with
    adversarial training and 0.927 without it. With 400 tickets per category (the sample shop), two epochs of larger
    steps reach the same accuracy as eight epochs of small ones, in a fifth of the time. docs/measured.md has the
    measurements.
    """
    if ticket_count < FEW_TICKETS * category_count:
        default = Recipe(SMALL_CORPUS_EPOCHS, 32, 1e-4, 0.5, 20.0)
    else:
        epochs = math.ceil(EXAMPLES_PER_CATEGORY * category_count / ticket_count)
        default = Recipe(max(epochs, MIN_EPOCHS), 16, 2e-4, 0.0, 5.0)
    overrides = {name: value for name in Recipe._fields if (value := getattr(options, name, None)) is not None}
    recipe = default._replace(**overrides)
    min_epochs = math.ceil(options.min_steps / math.ceil(ticket_count / recipe.batch_size))
    return recipe._replace(epochs=min(max(recipe.epochs, min_epochs), max(MAX_EPOCHS, recipe.epochs)))


def training_arguments(options: ClassifierSettings, recipe: Recipe, work: Path) -> TrainingArguments:
    """The Trainer's schedule, evaluation and logging. The Trainer writes checkpoints to the folder `work`."""
    on_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=BATCH,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=SCHEDULE,
        warmup_steps=WARMUP,
        bf16=compute_dtype() == torch.bfloat16,
        fp16=compute_dtype() == torch.float16,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        save_only_model=True,  # a killed training starts over, so the optimizer's state is not needed
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        label_names=["labels"],
        remove_unused_columns=False,  # keeps `length`: the sampler reads it, but the model does not take it
        seed=options.seed,
        data_seed=options.seed,
        logging_steps=0.05,  # a share of all steps: twenty log lines per training
        report_to="none",
        disable_tqdm=True,
    )


def optimizer(model: PreTrainedModel, recipe: Recipe, method: Method, new_words: bool) -> torch.optim.Optimizer:
    """AdamW with a higher learning rate for the head and the vectors of new words, which start untrained."""
    rate = recipe.learning_rate * RATE_FACTORS[method]
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = 1.0
        if method == "full" and "word_embeddings" in name and new_words:
            factor = NEW_WORDS_RATE_FACTOR
        if method == "full" and name.startswith(("classifier.", "score.")):
            factor = recipe.head_speed
        # No weight decay for biases, norms and word vectors: most words are rare, and decay would shrink their vectors.
        decay = 0.01 if parameter.ndim > 1 and "embeddings" not in name else 0.0
        groups.setdefault((rate * factor, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": group, "lr": lr, "weight_decay": decay} for (lr, decay), group in groups.items()],
        lr=rate,
        fused=True,
    )
