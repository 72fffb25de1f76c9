"""Telling that memory ran out from other failures, whichever part of torch says so."""

import gc

import torch

_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cublas_status_alloc_failed",
    "cudnn_status_not_supported",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that a smaller batch might do."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def release(device: torch.device) -> None:
    """Give back what the failed attempt still holds."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
