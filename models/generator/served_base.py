"""The base model as it is served: with the weights that the adapter was trained beside.

QLoRA trains an adapter on a base whose weights were rounded to four bits, and the adapter learns to make up for that.
Beside weights that were not rounded, what it makes up for is missing: on the sample shop that costs 12 points of BLEU.
"""

import hashlib
from pathlib import Path

import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.generator.qlora import load_quantized
from models.shared.base import LOAD_ERRORS, check_weights, made_once, resolve
from models.shared.hardware import compute_dtype
from ticketing.errors import ModelError
from ticketing.settings import Settings


def served_base(base_model: str, settings: Settings, weights: str | None = None) -> str:
    """A folder with the base model, its weights rounded as in training; made once, in the cache.

    Args:
        base_model: as the settings name it.
        settings: where the cache is.
        weights: the hash of what an adapter was trained and judged beside; None: any.

    Raises:
        ModelError: the base model can't be loaded, or has other weights by now.
        OutputError: the cache can't be written.
    """
    base = resolve(base_model, settings)
    found = check_weights(base_model, settings, weights)
    # With its place: two of the same weights may have other tokenizers.
    key = hashlib.sha256(f"{base} {found} {compute_dtype()}".encode()).hexdigest()[:12]
    target = settings.cache / f"{Path(base).name}-nf4-{key}"
    made_once(target, lambda folder: _write(base, base_model, folder), "config.json")
    return str(target)


def _write(base: str, name: str, folder: Path) -> None:
    quantized = dict(load_quantized(base, name).named_modules())
    try:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=compute_dtype())
        tokenizer = AutoTokenizer.from_pretrained(base)
    except LOAD_ERRORS as error:
        raise ModelError(f"The base model {name!r} can't be loaded ({type(error).__name__}): {error}") from error
    with torch.no_grad():
        for place, module in model.named_modules():
            rounded = quantized.get(place)
            if isinstance(module, torch.nn.Linear) and isinstance(rounded, Linear4bit):
                weight = dequantize_4bit(rounded.weight.data, rounded.weight.quant_state)
                module.weight.copy_(weight.reshape(module.weight.shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
