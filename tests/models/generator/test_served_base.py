import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.generator import served_base as served_base_module
from models.generator.qlora import load_quantized
from models.generator.served_base import served_base
from models.shared.base import weights_hash
from tests.models.tiny_model import save_tiny_model
from ticketing.errors import ModelError
from ticketing.settings import Settings


def test_served_base_has_the_logits_of_the_training_base(tmp_path, monkeypatch):
    base = save_tiny_model(tmp_path / "base")
    settings = Settings(home=tmp_path, cache=tmp_path / "cache")
    tokens = torch.tensor([[1, 20, 30, 40, 50]])

    folder = served_base(str(base), settings, weights_hash(str(base)))

    served = AutoModelForCausalLM.from_pretrained(folder)(tokens).logits.float()
    trained = load_quantized(str(base), "tiny")(tokens).logits.float()
    unrounded = AutoModelForCausalLM.from_pretrained(base)(tokens).logits.float()
    assert (served - trained).abs().mean() < 0.2 * (unrounded - trained).abs().mean()
    assert AutoTokenizer.from_pretrained(folder).chat_template == AutoTokenizer.from_pretrained(base).chat_template

    monkeypatch.setattr(served_base_module, "_write", None)  # a second call must not write the folder again
    assert served_base(str(base), settings, weights_hash(str(base))) == folder


def test_base_model_with_other_weights_gets_another_folder(tmp_path):
    base = save_tiny_model(tmp_path / "base")
    settings = Settings(home=tmp_path, cache=tmp_path / "cache")
    folder = served_base(str(base), settings, weights_hash(str(base)))

    (base / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes())
    assert served_base(str(base), settings, weights_hash(str(base))) == folder, (
        "rewriting the same content changed the folder"
    )
    weights = load_file(base / "model.safetensors")
    save_file({name: value + 0.01 for name, value in weights.items()}, base / "model.safetensors", {"format": "pt"})
    assert served_base(str(base), settings, weights_hash(str(base))) != folder


def test_adapter_is_not_served_with_other_base_weights(tmp_path):
    base = save_tiny_model(tmp_path / "base")
    settings = Settings(home=tmp_path, cache=tmp_path / "cache")
    trained_with = weights_hash(str(base))
    served_base(str(base), settings, trained_with)
    (base / "model.safetensors").write_bytes(b"others")
    with pytest.raises(ModelError, match="other weights than the generator was trained and judged with"):
        served_base(str(base), settings, trained_with)
