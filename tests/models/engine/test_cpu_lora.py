"""The matrix products that replace vLLM's LoRA kernels on a CPU give the same results."""

from types import SimpleNamespace

import pytest
import torch

from models.engine.cpu_lora import _expand_slice, _shrink

TOKENS, WIDTH, RANK, OUT = 7, 48, 16, 32


@pytest.fixture
def one_adapter():
    from vllm.lora.punica_wrapper.utils import compute_meta

    start, lengths, indices, batches, longest, tokens, no_lora = compute_meta(torch.zeros(TOKENS, dtype=torch.long))
    assert not no_lora
    return start, lengths, indices, batches, longest, tokens


@pytest.fixture
def tensors():
    generator = torch.Generator().manual_seed(0)

    def random(*shape, dtype=torch.bfloat16):
        return torch.randn(*shape, generator=generator).to(dtype)

    return SimpleNamespace(
        x=random(TOKENS, WIDTH),
        a=random(1, 1, RANK, WIDTH),
        b=random(1, 1, OUT, RANK),
        low=random(TOKENS, RANK, dtype=torch.float32),
        y=random(TOKENS, OUT + 8),
    )


def test_shrink_gives_the_same_result_as_vllm(one_adapter, tensors):
    from vllm.lora.ops.torch_ops import sgmv_shrink

    expected, actual = torch.zeros(TOKENS, RANK), torch.zeros(TOKENS, RANK)
    sgmv_shrink(tensors.x, tensors.a, expected, *one_adapter, 0.5)

    _shrink(SimpleNamespace(no_lora=False), actual, tensors.x, tensors.a, 0.5)

    torch.testing.assert_close(actual, expected, rtol=0.02, atol=0.05)
    assert actual.abs().max() > 1


@pytest.mark.parametrize("add_inputs", [True, False])
def test_expand_gives_the_same_result_as_vllm(one_adapter, tensors, add_inputs):
    from vllm.lora.ops.torch_ops import sgmv_expand_slice

    expected, actual = tensors.y.clone(), tensors.y.clone()
    sgmv_expand_slice(tensors.low, tensors.b, expected, *one_adapter, 4, OUT, add_inputs)

    _expand_slice(SimpleNamespace(no_lora=False), actual, tensors.low, tensors.b, 4, OUT, add_inputs)

    torch.testing.assert_close(actual, expected, rtol=0.02, atol=0.1)
    assert not torch.equal(actual, tensors.y)


def test_results_stay_unchanged_without_an_adapter(tensors):
    y, low = tensors.y.clone(), torch.zeros(TOKENS, RANK)

    _shrink(SimpleNamespace(no_lora=True), low, tensors.x, tensors.a, 1.0)
    _expand_slice(SimpleNamespace(no_lora=True), y, tensors.low, tensors.b, 4, OUT, True)

    assert torch.equal(y, tensors.y)
    assert not low.any()


def test_vllm_still_has_the_functions_that_are_replaced():
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    # If a version of vLLM renamed these functions, the replacements would have no effect, and drafting would be slow.
    assert callable(PunicaWrapperCPU._shrink_prefill)
    assert callable(PunicaWrapperCPU._expand_slice_prefill)
