"""How the classifier learns: the trainer, the optimizer, and what is said on the way.

What it learns from, and what becomes of it, is `models.classifier.training`.
"""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.metrics import f1_score
from transformers import (
    EvalPrediction,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from models.classifier.loss import disagreement, distilled, weighted_cross_entropy
from models.classifier.model import BATCH
from models.classifier.tuning import Method
from models.shared.hardware import compute_dtype
from ticketing.settings import ClassifierSettings

logger = logging.getLogger("ticketing")

MAX_EPOCHS = 20
FEW_TICKETS = 200  # a category
READINGS, FEWEST_EPOCHS, MOST_EPOCHS = 800, 2, 10
SCHEDULE, WARMUP = "linear", 0.1  # how the learning rate falls, after rising for such a share of the steps
TEACHER = "teacher_logits"
# Where less of the model learns, it learns faster: what was added starts from nothing.
SPEED: dict[Method, float] = {"full": 1.0, "lora": 5.0, "prefix": 50.0, "prompt": 50.0}
# New words start without a meaning. At the learning rate of the layers above, the sample's Chinese tickets were still
# at 0.70 of accuracy when they are at 0.98 with this (one run each, one seed).
NEW_WORDS_SPEED = 5.0


class Recipe(NamedTuple):
    """How often, in what steps and against what resistance a classifier learns."""

    epochs: int
    batch_size: int
    learning_rate: float
    adversarial: float
    head_speed: float  # the head starts without a meaning: how much faster it learns than the rest


class RegularisedTrainer(Trainer):
    """transformers' Trainer with a cross-entropy that weighs rare categories up, and what keeps a model from learning
    its tickets by heart.
    """

    def __init__(
        self,
        weights: torch.Tensor,
        chosen: ClassifierSettings,
        recipe: Recipe,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self._adversarial = recipe.adversarial
        self._weights = weights
        self._chosen = chosen

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401
        """The loss of a batch, in nats: of the labels, of a teacher's word on them, and of not agreeing with itself.

        R-Drop reads each ticket twice, with other units left out, and asks for the same answer (X. Liang et al.,
        R-Drop: regularized dropout for neural networks, NeurIPS 2021). A teacher's answers are learnt at temperature
        2 (G. Hinton et al., Distilling the knowledge in a neural network, 2015).
        """
        labels, teacher = inputs.pop("labels"), inputs.pop(TEACHER, None)
        inputs.pop("length", None)  # it is for the sampler
        twice = model.training and self._chosen.r_drop > 0
        if twice:
            inputs = {name: torch.cat([value, value]) for name, value in inputs.items()}
            labels = torch.cat([labels, labels])
        outputs = model(**inputs)
        logits = outputs.logits.float()
        chosen = self._chosen
        weights = self._weights.to(logits.device)
        loss = weighted_cross_entropy(logits, labels, weights, chosen.label_smoothing, chosen.focal_gamma)
        if teacher is not None and model.training:
            told = torch.cat([teacher, teacher]) if twice else teacher
            share = chosen.teacher_share
            loss = (1 - share) * loss + share * distilled(logits, told.float())
        if twice:
            loss = loss + chosen.r_drop * disagreement(*logits.chunk(2))
        return (loss, outputs) if return_outputs else loss

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Forward and backward; with `adversarial`, once more with each word moved to where the loss grows most.

        Source: T. Miyato, A. Dai and I. Goodfellow, Adversarial training methods for semi-supervised text
        classification, ICLR 2017; here the step is taken in the table of words, not in each text.
        """
        loss: torch.Tensor = super().training_step(model, dict(inputs), num_items_in_batch)
        words = self.accelerator.unwrap_model(model).get_input_embeddings().weight
        if self._adversarial and words.grad is not None:
            length = words.grad.norm()
            if torch.isfinite(length) and length > 0:
                step = words.grad * (self._adversarial / length)
                words.data.add_(step)
                super().training_step(model, dict(inputs), num_items_in_batch)
                words.data.sub_(step)
        return loss


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


def validation_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Accuracy and macro_f1 on the validation part."""
    logits = prediction.predictions[0] if isinstance(prediction.predictions, tuple) else prediction.predictions
    predicted = np.asarray(logits).argmax(axis=-1)
    true = np.asarray(prediction.label_ids)
    return {
        "accuracy": float((predicted == true).mean()),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0.0)),
    }


def choose_recipe(chosen: ClassifierSettings, rows: int, categories: int) -> Recipe:
    """What the settings say, and else what has done well with so many tickets a category.

    With 100 tickets a category (BANKING77) small steps against adversarial words win: test accuracy 0.941 after eight
    passes, 0.927 without the words. With 400 (the sample shop) two quick passes are as good, and take a fifth of the
    time. docs/evaluation.md has the numbers.
    """
    if rows < FEW_TICKETS * categories:
        usual = Recipe(MOST_EPOCHS, 32, 1e-4, 0.5, 20.0)
    else:
        usual = Recipe(max(math.ceil(READINGS * categories / rows), FEWEST_EPOCHS), 16, 2e-4, 0.0, 5.0)
    own = {name: value for name in Recipe._fields if (value := getattr(chosen, name, None)) is not None}
    recipe = usual._replace(**own)
    least = math.ceil(chosen.min_steps / math.ceil(rows / recipe.batch_size))
    return recipe._replace(epochs=min(max(recipe.epochs, least), max(MAX_EPOCHS, recipe.epochs)))


def training_arguments(chosen: ClassifierSettings, recipe: Recipe, work: Path) -> TrainingArguments:
    """The schedule."""
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
        save_only_model=True,  # a killed training begins anew, so the optimizer's state is not needed
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        label_names=["labels"],
        remove_unused_columns=False,  # the teacher's word is no argument of the model
        seed=chosen.seed,
        data_seed=chosen.seed,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def optimizer(
    model: PreTrainedModel, chosen: ClassifierSettings, recipe: Recipe, method: Method, new_words: bool
) -> torch.optim.Optimizer:
    """AdamW in which lower layers learn more slowly, and what has no meaning yet faster.

    Layer-wise decay: C. Sun et al., How to fine-tune BERT for text classification, CCL 2019.
    """
    rate = recipe.learning_rate * SPEED[method]
    layers = int(model.config.num_hidden_layers)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in _learning(model):
        speed = chosen.layer_decay ** (layers - _depth(name, layers))
        if method == "full" and "word_embeddings" in name and new_words:
            speed = NEW_WORDS_SPEED
        if method == "full" and name.startswith(("classifier.", "score.")):
            speed = recipe.head_speed
        # Biases and norms are not pulled towards zero, nor are words, of which most are rarely seen.
        decay = 0.01 if parameter.ndim > 1 and "embeddings" not in name else 0.0
        groups.setdefault((rate * speed, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": found, "lr": lr, "weight_decay": decay} for (lr, decay), found in groups.items()],
        lr=rate,
        fused=True,
    )


def _learning(model: PreTrainedModel) -> Iterator[tuple[str, torch.nn.Parameter]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)


def _depth(name: str, layers: int) -> int:
    """How far up a parameter is: 0 for the words, `layers` for what comes after the last layer."""
    if ".layer." in name:
        return 1 + int(name.split(".layer.")[1].split(".")[0])
    return 0 if "embeddings" in name else layers
