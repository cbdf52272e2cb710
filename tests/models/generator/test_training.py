"""Training the generator: loss, token budget, artefact, and resuming a killed training."""

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from safetensors import safe_open

from models.generator.manifest import read_manifest
from models.generator.qlora import IGNORED, load_quantized
from models.generator.training import (
    as_row,
    fitting_rows,
    generator_languages,
    in_random_order,
    last_checkpoint,
    load_tokenizer,
    train_generator,
    training_steps,
    why_no_generator,
    written_languages,
)
from models.shared.base import weights_hash
from tests.models.small_corpus import answered_ticket, make_snapshot
from tests.models.tiny_model import save_tiny_model
from ticketing.errors import ModelError
from ticketing.settings import GateSettings, GeneratorSettings, Settings
from ticketing.stages.prompts import PROMPT_VERSION, messages


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tokenizer(tiny):
    return load_tokenizer(str(tiny), "tiny")


@pytest.fixture
def make_settings(tmp_path, tiny):
    def make(**fields) -> Settings:
        generator = {"base_model": str(tiny), "batch_size": 4, "lora_rank": 8, "max_tokens": 700, **fields}
        return Settings(home=tmp_path / "home", generator=generator)

    return make


def weights(adapter: Path) -> dict:
    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary


def test_loss_covers_only_the_reply_and_the_end_of_turn(tokenizer):
    record = answered_ticket(1)

    row = as_row(record, tokenizer)

    tokens_in_loss = [token for token, label in zip(row.input_ids, row.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(tokens_in_loss) == f"{record.output}<|im_end|>"
    assert all(label in (IGNORED, token) for token, label in zip(row.input_ids, row.labels, strict=True))


def test_row_equals_the_rendered_chat_template(tokenizer):
    record = answered_ticket(2)
    conversation = [*messages(record.instruction, record.input), {"role": "assistant", "content": record.output}]

    row = as_row(record, tokenizer)

    rendered = tokenizer.apply_chat_template(conversation, tokenize=False)
    assert tokenizer.decode(row.input_ids) == rendered.rstrip("\n")


def test_too_long_row_is_left_out_and_not_truncated(tokenizer):
    short, long = answered_ticket(3), answered_ticket(4, reply="So it goes. " * 60)

    rows, too_long = fitting_rows([short, long, short], tokenizer, max_tokens=600)

    assert too_long == 1
    assert [row.input_ids for row in rows] == [as_row(short, tokenizer).input_ids] * 2
    assert all(row.input_ids[-1] == tokenizer.eos_token_id for row in rows)


def test_rows_end_with_the_first_row_that_reaches_the_token_budget(tokenizer):
    records = [answered_ticket(number) for number in range(30)]

    rows, _ = fitting_rows(records, tokenizer, max_tokens=700, budget=2_000)

    row_tokens = [len(row.input_ids) for row in rows]
    assert sum(row_tokens[:-1]) < 2_000 <= sum(row_tokens)


@given(
    st.lists(st.integers(1, 512), min_size=1, max_size=200),
    st.integers(1, 100_000),
    st.integers(1, 5),
    st.integers(1, 16),
)
def test_number_of_steps_stays_within_token_budget_and_epochs(lengths, budget, epochs, batch):
    settings = GeneratorSettings(train_tokens=budget, epochs=epochs, batch_size=batch)

    steps = training_steps(lengths, settings)

    tokens_per_step = sum(lengths) / len(lengths) * min(batch, len(lengths))
    assert 1 <= steps <= epochs * math.ceil(len(lengths) / batch)
    # The number of steps is rounded, so the last step may exceed the budget by half of its tokens.
    assert steps == 1 or (steps - 0.5) * tokens_per_step <= budget


def test_order_of_training_tickets_depends_only_on_the_seed_and_the_ids(tmp_path, monkeypatch):
    records = [answered_ticket(number, reply=None if number > 40 else "") for number in range(50)]
    snapshot = make_snapshot(tmp_path / "a", records)
    order = list(in_random_order(snapshot, "train", None, 1))

    monkeypatch.setattr("models.generator.training.READ_BATCH", 7)
    reversed_order = make_snapshot(tmp_path / "b", records[::-1])

    assert sorted(record.ticket_id for record in order) == [record.ticket_id for record in records[:41]]
    assert order == list(in_random_order(reversed_order, "train", None, 1))
    assert order != list(in_random_order(snapshot, "train", None, 2))
    assert order != records[:41]


def test_too_few_replies_are_a_reason_to_skip_the_generator(tmp_path):
    records = [answered_ticket(n) for n in range(19)]
    records += [answered_ticket(n, reply=None) for n in range(50, 80)] + [
        answered_ticket(n, "zh") for n in range(80, 130)
    ]
    snapshot = make_snapshot(tmp_path / "snapshot", records)
    settings = Settings(home=tmp_path)

    reason = why_no_generator(snapshot, settings)

    assert reason == "19 training tickets in en have a reply, but at least 20 are needed"
    with pytest.raises(ModelError, match="19 training tickets in en"):
        train_generator(snapshot, settings, tmp_path / "adapter")


def test_settings_can_add_a_language_to_those_of_the_embedded_generator(tmp_path):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(n, "zh") for n in range(25)])

    english_and_chinese = Settings(home=tmp_path, generator={"languages": ("en", "zh")})

    assert why_no_generator(snapshot, english_and_chinese) is None
    assert why_no_generator(snapshot, Settings(home=tmp_path)) is not None


def test_generator_writes_only_languages_with_enough_test_replies(tmp_path):
    train = [answered_ticket(n, language) for n, language in enumerate(("en", "zh", "de") * 25)]
    test = [answered_ticket(n + 100, "zh" if n < 60 else "en") for n in range(90)]
    snapshot = make_snapshot(tmp_path / "snapshot", train, test=test)
    any_language = Settings(home=tmp_path, generator={"base_model": "somebody/large"})
    assert generator_languages(any_language) is None
    assert written_languages(snapshot, any_language) == {"zh"}
    low_minimum = any_language.model_copy(update={"gate": GateSettings(min_replies=30)})
    assert written_languages(snapshot, low_minimum) == {"zh", "en"}
    high_minimum = any_language.model_copy(update={"gate": GateSettings(min_replies=61)})
    assert written_languages(snapshot, high_minimum) is None, (
        "without a language with enough test replies it must write any language"
    )


def test_generator_with_another_prompt_version_is_not_served(tmp_path):
    path = tmp_path / "ticketing.json"
    manifest = {"languages": ["en"], "base_weights": "1a2b", "prompt_version": PROMPT_VERSION}
    path.write_text(json.dumps(manifest))
    assert read_manifest("generator-1", tmp_path) == ({"en"}, "1a2b")
    path.write_text(json.dumps({**manifest, "prompt_version": "0"}))
    with pytest.raises(
        ModelError, match="prompts of version 0, and this code writes version.*train and evaluate again"
    ):
        read_manifest("generator-1", tmp_path)


def test_generator_manifest_without_the_hash_of_the_base_model_is_refused(tmp_path):
    (tmp_path / "ticketing.json").write_text(json.dumps({"languages": ["en"], "prompt_version": PROMPT_VERSION}))
    with pytest.raises(ModelError, match="can't be loaded"):
        read_manifest("generator-1", tmp_path)


def test_training_writes_a_trained_adapter_and_a_manifest_and_measures_the_validation_loss(tmp_path, make_settings):
    train = [answered_ticket(number) for number in range(24)]
    snapshot = make_snapshot(tmp_path / "snapshot", train, validation=[answered_ticket(n) for n in range(30, 36)])
    settings = make_settings(train_tokens=5_000)
    output = tmp_path / "adapter"

    metrics = train_generator(snapshot, settings, output)

    assert sorted(path.name for path in output.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "ticketing.json",
    ]
    config = json.loads((output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == settings.generator.base_model
    assert config["r"] == 8
    assert {name.rpartition(".")[2] for name in config["target_modules"]} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"
    }  # fmt: skip
    assert json.loads((output / "ticketing.json").read_text()) == {
        "base_model": settings.generator.base_model,
        "base_weights": weights_hash(settings.generator.base_model),
        "languages": None,
        "prompt_version": PROMPT_VERSION,
    }
    # LoRA's B matrices start at zero, so any other value comes from training.
    assert all(value.abs().sum() > 0 for name, value in weights(output).items() if "lora_B" in name)
    assert metrics["steps"] >= 2
    assert metrics["validation_rows"] == 6
    assert metrics["validation_perplexity"] == pytest.approx(math.exp(metrics["validation_loss"]))
    assert list((settings.home / "work").iterdir()) == []


def test_training_twice_gives_the_same_adapter(tmp_path, make_settings):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(24)])
    settings = make_settings(train_tokens=4_000)

    train_generator(snapshot, settings, tmp_path / "first")
    train_generator(snapshot, settings, tmp_path / "second")

    first, second = weights(tmp_path / "first"), weights(tmp_path / "second")
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)


def test_validation_loss_covers_only_the_reply(tmp_path, make_settings):
    validation = [answered_ticket(number) for number in range(30, 34)]
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(n) for n in range(24)], validation)
    settings = make_settings(train_tokens=4_000)
    base = settings.generator.base_model

    metrics = train_generator(snapshot, settings, tmp_path / "adapter")

    served = PeftModel.from_pretrained(load_quantized(base, base), tmp_path / "adapter").eval()
    rows = [as_row(record, load_tokenizer(base, base)) for record in validation]
    loss_sum, token_count = 0.0, 0
    for row in rows:
        labels = torch.tensor([row.labels])
        with torch.no_grad():
            loss = served(input_ids=torch.tensor([row.input_ids]), labels=labels).loss
        reply_tokens = sum(label != IGNORED for label in row.labels)
        loss_sum, token_count = loss_sum + loss.item() * reply_tokens, token_count + reply_tokens
    assert metrics["validation_loss"] == pytest.approx(loss_sum / token_count, rel=0.01)


TRAINING = """
import sys
from pathlib import Path
from models.generator.training import train_generator
from ticketing.corpus.snapshot import Snapshot
from ticketing.settings import Settings
from ticketing.stages.prompts import PROMPT_VERSION
home, snapshot, output = map(Path, sys.argv[1:4])
settings = Settings(home=home, generator=eval(sys.argv[4]))
manifest = {"snapshot_id": "5afe", "prompt_version": PROMPT_VERSION}
train_generator(Snapshot(snapshot, manifest), settings, output)
"""


def test_killed_training_resumes_from_the_last_checkpoint(tmp_path, make_settings, caplog):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(60)])
    settings = make_settings(train_tokens=25_000, batch_size=1)
    output = tmp_path / "adapter"
    arguments = [settings.home, snapshot.path, output, repr(settings.generator.model_dump())]
    process = subprocess.Popen([sys.executable, "-c", TRAINING, *map(str, arguments)])
    deadline = time.monotonic() + 120
    while not list(settings.home.glob("work/*/checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not output.exists()

    with caplog.at_level("INFO", logger="ticketing"):
        metrics = train_generator(snapshot, settings, output)

    assert any("continuing from step" in message for message in caplog.messages)
    assert metrics["steps"] > 20
    assert (output / "adapter_model.safetensors").is_file()
    assert list((settings.home / "work").iterdir()) == []


def test_incomplete_checkpoints_are_deleted(tmp_path):
    for step, state in ((20, '{"global_step": 20}'), (40, '{"global_st'), (60, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)

    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-20")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-20"]


def test_error_for_a_missing_base_model_contains_the_path(tmp_path, make_settings):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(24)])
    nowhere = tmp_path / "nowhere"

    with pytest.raises(ModelError, match="nowhere"):
        train_generator(snapshot, make_settings(base_model=str(nowhere)), tmp_path / "adapter")


def test_base_model_without_a_chat_template_is_refused(tmp_path, make_settings):
    base = save_tiny_model(tmp_path / "base")
    (base / "chat_template.jinja").unlink()
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(24)])

    with pytest.raises(ModelError, match="chat template"):
        train_generator(snapshot, make_settings(base_model=str(base)), tmp_path / "adapter")


def test_training_without_a_row_within_the_token_limit_raises_an_error(tmp_path, make_settings):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(24)])

    with pytest.raises(ModelError, match=r"generator\.max_tokens = 50"):
        train_generator(snapshot, make_settings(max_tokens=50), tmp_path / "adapter")


def test_progress_log_contains_no_ticket_text(tmp_path, make_settings, caplog, capfd):
    snapshot = make_snapshot(tmp_path / "snapshot", [answered_ticket(number) for number in range(24)])

    with caplog.at_level("INFO", logger="ticketing"):
        train_generator(snapshot, make_settings(train_tokens=5_000), tmp_path / "adapter")

    assert any("step 1 of" in message and "s left" in message for message in caplog.messages)
    printed = caplog.text + "".join(capfd.readouterr())
    assert not [word for word in ("kettle", "rucksack", "arrived", "Thank you") if word in printed]
