"""The engine serves an adapter that was trained for a few steps, with vLLM and the embedded base model."""

import pytest

from models.engine.process import Adapter, Engine, last_error, lora_rank
from models.generator.qlora import IGNORED
from models.generator.training import as_row, load_tokenizer, train_generator
from models.shared.base import resolve
from tests.models.small_corpus import answered_ticket, make_snapshot
from ticketing.errors import EngineError
from ticketing.settings import EMBEDDED_GENERATOR, Settings
from ticketing.stages.prompts import messages

MARKER = "zyzzyva-4711"  # only the tests write this word


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def settings(home):
    # A few steps with a high learning rate: the adapter's replies only have to differ from the base model's.
    return Settings(
        home=home,
        generator={"train_tokens": 1_200, "batch_size": 2, "learning_rate": 5e-3},
        engine={"kv_cache_gib": 1, "max_reply_tokens": 24, "max_model_len": 512},
    )


@pytest.fixture(scope="module")
def adapter(home, settings):
    snapshot = make_snapshot(home / "snapshot", [answered_ticket(number) for number in range(24)])
    train_generator(snapshot, settings, home / "adapter")
    return Adapter("generator-test", home / "adapter")


@pytest.fixture(scope="module")
def engine(settings, adapter):
    with Engine(EMBEDDED_GENERATOR, settings, adapter) as engine:
        yield engine


@pytest.fixture(scope="module")
def conversations():
    records = [answered_ticket(number) for number in range(40, 46)]
    return [messages(record.instruction, record.input) for record in records]


def test_served_adapter_changes_the_replies(engine, conversations):
    tuned = engine.chat(conversations)
    base = engine.chat(conversations, use_adapter=False)

    assert [completion.text for completion in tuned] != [completion.text for completion in base]
    assert all(completion.text and completion.completion_tokens > 0 for completion in tuned + base)
    assert {completion.finish_reason for completion in tuned + base} <= {"stop", "length"}


def test_progress_is_logged_while_replies_are_written(engine, conversations, monkeypatch, caplog):
    monkeypatch.setattr("models.engine.process.PROGRESS_SECONDS", 0.01)
    with caplog.at_level("INFO", logger="ticketing"):
        engine.chat(conversations)

    lines = [record.getMessage() for record in caplog.records if "replies finished" in record.getMessage()]
    assert lines[0].startswith(f"engine: 0 of {len(conversations)} replies finished")
    finished = [int(line.split()[1]) for line in lines]
    assert finished == sorted(finished) and finished[-1] <= len(conversations)


def test_served_prompts_have_as_many_tokens_as_training_prompts(engine, settings):
    tokenizer = load_tokenizer(str(resolve(EMBEDDED_GENERATOR, settings)), EMBEDDED_GENERATOR)
    records = [answered_ticket(number) for number in range(50, 54)]

    completions = engine.chat([messages(record.instruction, record.input) for record in records])

    training_prompt_tokens = [as_row(record, tokenizer).labels.count(IGNORED) for record in records]
    assert [completion.prompt_tokens for completion in completions] == training_prompt_tokens


def test_completions_have_the_order_of_the_conversations(engine, conversations):
    prompt_tokens = [engine.chat([conversation], max_tokens=1)[0].prompt_tokens for conversation in conversations]

    completions = engine.chat(conversations[::-1], max_tokens=1)

    assert [completion.prompt_tokens for completion in completions] == prompt_tokens[::-1]


def test_reply_that_reaches_the_token_limit_has_the_finish_reason_length(engine, conversations):
    (completion,) = engine.chat(conversations[:1], max_tokens=3)

    assert completion.finish_reason == "length"
    assert completion.completion_tokens == 3


def test_too_long_ticket_gets_an_error_and_the_others_get_replies(engine, conversations):
    long = messages("Answer.", "too long " * 2_000)

    first, second, third = engine.chat([conversations[0], long, conversations[1]])

    assert (second.text, second.completion_tokens, second.finish_reason) == ("", 0, "error")
    assert second.prompt_tokens > 512
    assert first.text and third.text


def test_batch_of_only_too_long_tickets_raises_no_exception(engine):
    (completion,) = engine.chat([messages("Answer.", "too long " * 2_000)])

    assert completion.finish_reason == "error"


def test_empty_batch_gives_no_completions(engine):
    assert engine.chat([]) == []


def test_error_of_a_failed_generation_contains_no_ticket_text_and_the_engine_keeps_running(
    engine, conversations, settings
):
    with pytest.raises(EngineError) as raised:
        engine.chat([[{"role": "user", "content": {"not": f"text {MARKER}"}}]])

    assert MARKER not in str(raised.value)
    assert engine.chat(conversations[:1])[0].text


def test_engine_log_contains_no_ticket_text(engine, settings):
    engine.chat([messages("Answer.", f"My code is {MARKER}, please repeat it.")])

    logs = list((settings.home / "logs").glob("engine-*.log"))

    assert logs
    assert not [path for path in logs if MARKER in path.read_text()]


def test_vllm_runs_in_one_process_that_ends_with_the_context_manager(settings, tmp_path):
    import psutil

    with Engine(EMBEDDED_GENERATOR, settings) as engine:
        process = psutil.Process(engine.pid)
        assert process.children() == []
        # Without an adapter the engine can only serve the base model.
        assert engine.chat([messages("Answer.", "Where is my parcel?")], max_tokens=2)[0].completion_tokens > 0

    assert not process.is_running()
    with pytest.raises(EngineError, match="not running"):
        engine.chat([messages("Answer.", "Anybody there?")])


def test_lora_rank_is_the_next_rank_that_vllm_supports(tmp_path):
    (tmp_path / "adapter_config.json").write_text('{"r": 12}')

    assert lora_rank(Adapter("a", tmp_path)) == 16


def test_error_for_a_missing_adapter_contains_the_version(tmp_path, settings):
    with pytest.raises(EngineError, match="generator-gone"):
        Engine(EMBEDDED_GENERATOR, settings, Adapter("generator-gone", tmp_path / "gone")).__enter__()


def test_last_error_ignores_log_lines_from_before_the_start(tmp_path):
    log = tmp_path / "engine.log"
    log.write_bytes(b"OldError: yesterday\n")
    start = log.stat().st_size
    log.write_bytes(log.read_bytes() + b"loading\nValueError: no room\nbye\n")

    assert last_error(log, start) == "ValueError: no room"
    assert last_error(log, log.stat().st_size) == ""
