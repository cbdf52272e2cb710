"""Logs the progress of a training with transformers' Trainer, and keeps the learning curve for the report."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

logger = logging.getLogger("ticketing")


class ProgressLog(TrainerCallback):
    """Logs the step, the loss and the time left, and the scores of each validation. It logs no text of any ticket.

    `losses` has a tuple (epoch, training loss) for each logged loss. `validation` has a tuple (epoch, score, …) for
    each validation, with the scores in the order of the argument `scores`.
    """

    def __init__(self, model: str, scores: Sequence[str] = ()) -> None:
        self.losses: list[tuple[float, float]] = []
        self.validation: list[tuple[float, ...]] = []
        self._model, self._scores = model, scores
        self._started, self._first_step = time.monotonic(), 0

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Starts the clock. A training that resumes from a checkpoint does not begin at step 0."""
        self._started, self._first_step = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Logs the training loss, every `logging_steps` steps."""
        if not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self.losses.append((float(state.epoch or 0), loss))
        seconds_per_step = (time.monotonic() - self._started) / max(1, state.global_step - self._first_step)
        logger.info(
            "%s: step %d of %d, loss %.3f, about %.0f s left",
            self._model,
            state.global_step,
            state.max_steps,
            loss,
            seconds_per_step * (state.max_steps - state.global_step),
        )

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Logs the scores on the validation tickets."""
        if not metrics or not self._scores:
            return
        scores = [metrics[f"eval_{name}"] for name in self._scores]
        self.validation.append((float(state.epoch or 0), *scores))
        listed_scores = ", ".join(f"{name} {score:.4f}" for name, score in zip(self._scores, scores, strict=True))
        logger.info(
            "%s: epoch %.0f of at most %.0f, validation %s",
            self._model,
            state.epoch or 0,
            args.num_train_epochs,
            listed_scores,
        )
