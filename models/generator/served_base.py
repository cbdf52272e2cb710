"""Makes the base model for serving, with the same rounded weights that the adapter was trained with.

QLoRA trains an adapter on a base model whose weights are rounded to four bits, and the adapter compensates for the
rounding. With unrounded weights, the generator loses 12 points of BLEU on the sample shop.
"""

import hashlib
from pathlib import Path

import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.generator.qlora import load_quantized
from models.shared.base import check_weights, loading, make_once, resolve
from models.shared.hardware import compute_dtype
from ticketing.settings import Settings


def served_base(base_model: str, settings: Settings, weights: str) -> str:
    """A folder in the cache with the base model and its weights rounded as in training; the first call creates it.

    Args:
        base_model: the base model as in the settings: a path or an id.
        settings: they contain the path of the cache.
        weights: the hash of the base weights that the adapter was trained and judged with.

    Raises:
        ModelError: the base model can't be loaded, or its weights have changed.
        OutputError: the cache can't be written.
    """
    base = resolve(base_model, settings)
    check_weights(base_model, settings, weights)
    # The path is part of the key, because two folders with the same weights may have different tokenizers.
    key = hashlib.sha256(f"{base} {weights} {compute_dtype()}".encode()).hexdigest()[:12]
    target = settings.cache / f"{Path(base).name}-nf4-{key}"
    make_once(target, lambda folder: _write(base, base_model, folder), "config.json")
    return str(target)


def _write(base: str, base_model: str, folder: Path) -> None:
    quantized = dict(load_quantized(base, base_model).named_modules())
    with loading(f"The base model {base_model!r}"):
        model = AutoModelForCausalLM.from_pretrained(base, dtype=compute_dtype())
        tokenizer = AutoTokenizer.from_pretrained(base)
    with torch.no_grad():
        for name, module in model.named_modules():
            rounded = quantized.get(name)
            if isinstance(module, torch.nn.Linear) and isinstance(rounded, Linear4bit):
                weight = dequantize_4bit(rounded.weight.data, rounded.weight.quant_state)
                module.weight.copy_(weight.reshape(module.weight.shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
