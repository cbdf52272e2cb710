"""Speeds up vLLM's LoRA on a CPU for a single adapter, the only case that this project needs.

It patches vLLM within the engine's process, which `models.engine.worker` runs.
"""

import torch
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU


def use_dense_products() -> None:
    """Replaces vLLM 0.32's LoRA products with plain matrix products.

    vLLM copies the adapter's weights for every token, so that the tokens of a batch can use different adapters. Here
    all tokens use adapter 0, because `max_loras` is 1 and no call mixes requests with and without an adapter. In a call
    without an adapter the products are skipped, as in vLLM.
    """
    PunicaWrapperCPU._shrink_prefill = _shrink
    PunicaWrapperCPU._expand_slice_prefill = _expand_slice


def _shrink(self: PunicaWrapperCPU, y: torch.Tensor, x: torch.Tensor, w_t_all: torch.Tensor, scale: float) -> None:
    """y (tokens × rank, float32) = scale · x (tokens × in) · Aᵀ, with A in w_t_all (adapters × 1 × rank × in)."""
    if not self.no_lora:
        weight = w_t_all[0, 0]
        y[:, : weight.shape[0]] = scale * (x @ weight.T)


def _expand_slice(
    self: PunicaWrapperCPU,
    y: torch.Tensor,
    x: torch.Tensor,
    w_t_all: torch.Tensor,
    y_offset: int,
    y_slice_size: int,
    add_inputs: bool,
) -> None:
    """A slice of y (tokens × out) += x (tokens × rank) · Bᵀ, with B in w_t_all (adapters × 1 × out × rank)."""
    if not self.no_lora:
        product = x.to(y.dtype) @ w_t_all[0, 0].T
        target = y[:, y_offset : y_offset + y_slice_size]
        target.copy_(target + product if add_inputs else product)
