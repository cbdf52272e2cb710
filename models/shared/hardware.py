"""The fastest floating-point format of this machine, and the time and memory that a step took."""

import resource
import sys
import time

import torch


def compute_dtype() -> torch.dtype:
    """bfloat16 on processors that multiply it natively; otherwise float32, which is faster than emulated bfloat16."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def cost_since(started: float) -> dict[str, float]:
    """Seconds since `started` (a `time.monotonic()`), and the peak memory of the process in GB.

    The peak covers the whole life of this process and of its ended children, so it includes earlier steps.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) returns kilobytes, on macOS bytes
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": time.monotonic() - started, "process_peak_memory_gb": peak * unit / 1e9}


def device_name() -> str:
    """The accelerator's name, or 'the CPU'."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU"
