"""Logs the progress of a training that transformers' Trainer runs, and keeps its curve for the report."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

logger = logging.getLogger("ticketing")


class ProgressLog(TrainerCallback):
    """Logs step, loss and the time left, and the validation scores of each epoch. No ticket's text reaches the log.

    `losses` has a tuple (epoch, training loss) for each line; `validation` has (epoch, score, …) for each evaluation,
    with the scores in the order of the argument `scores`.
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
        """Starts the clock. A training that continues from a checkpoint does not begin at step 0."""
        self._started, self._first_step = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """One line every `logging_steps` steps."""
        if not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self.losses.append((float(state.epoch or 0), loss))
        seconds_a_step = (time.monotonic() - self._started) / max(1, state.global_step - self._first_step)
        logger.info(
            "%s: step %d of %d, loss %.3f, about %.0f s left",
            self._model,
            state.global_step,
            state.max_steps,
            loss,
            seconds_a_step * (state.max_steps - state.global_step),
        )

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """One line for each evaluation on validation tickets."""
        if not metrics or not self._scores:
            return
        scores = [metrics[f"eval_{name}"] for name in self._scores]
        self.validation.append((float(state.epoch or 0), *scores))
        named = ", ".join(f"{name} {score:.4f}" for name, score in zip(self._scores, scores, strict=True))
        logger.info(
            "%s: epoch %.0f of at most %.0f, validation %s",
            self._model,
            state.epoch or 0,
            args.num_train_epochs,
            named,
        )
