import logging

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from models.shared.progress import ProgressLog


@pytest.fixture
def run(tmp_path):
    """Arguments and state of a training with two epochs and 40 steps, at step 10."""
    return TrainingArguments(str(tmp_path), num_train_epochs=2), TrainerState(epoch=0.5, global_step=10, max_steps=40)


def test_progress_line_contains_step_loss_and_remaining_time_and_the_loss_is_recorded(run, caplog):
    caplog.set_level(logging.INFO, "ticketing")
    log = ProgressLog("generator")
    log.on_train_begin(*run, TrainerControl())

    log.on_log(*run, TrainerControl(), logs={"loss": 1.25})
    log.on_log(*run, TrainerControl(), logs={"train_runtime": 3.0})

    [line] = caplog.messages
    assert line.startswith("generator: step 10 of 40, loss 1.250, about ")
    assert log.losses == [(0.5, 1.25)]


def test_evaluation_line_contains_the_scores_in_order_and_they_are_recorded(run, caplog):
    caplog.set_level(logging.INFO, "ticketing")
    log = ProgressLog("classifier", ("macro_f1", "accuracy"))

    log.on_evaluate(*run, TrainerControl(), metrics={"eval_accuracy": 0.75, "eval_macro_f1": 0.5, "eval_loss": 1.0})

    assert caplog.messages == ["classifier: epoch 0 of at most 2, validation macro_f1 0.5000, accuracy 0.7500"]
    assert log.validation == [(0.5, 0.5, 0.75)]


def test_evaluation_is_not_logged_without_score_names(run, caplog):
    caplog.set_level(logging.INFO, "ticketing")
    log = ProgressLog("generator")
    log.on_evaluate(*run, TrainerControl(), metrics={"eval_loss": 1.0})
    assert (caplog.messages, log.validation) == ([], [])
