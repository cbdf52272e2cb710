"""What the machine computes fast with, and what a step took.

Measuring memory and disk for `ticketing doctor` is not here.
"""

import resource
import sys
import time

import torch


def compute_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32: emulated bfloat16 is slower than float32."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def cost_since(started: float) -> dict[str, float]:
    """What was spent since `time.monotonic()` was `started`: seconds, and the peak of memory of the process in GB.

    The peak is that of this process, or of one that it started and that has ended, over its whole life: what ran before
    in the same process counts as well.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): kilobytes, and bytes on macOS
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": time.monotonic() - started, "process_peak_memory_gb": peak * unit / 1e9}


def device_name() -> str:
    """The accelerator's name, or 'the CPU'."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU"
