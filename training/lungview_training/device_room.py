"""Whether the graphics card has room for a training, where the settings leave the choice of the device open."""

import torch

from lungview.detection.device import choose_device
from lungview_training.config import TrainingConfig
from lungview_training.update.memory import is_out_of_memory
from lungview_training.update.stepping import OutOfMemoryError

_LEAST_FREE = 2 << 30
"""Bytes under which not even passes of a few slices fit beside the libraries' own needs."""

_CPU = "the training uses the CPU, which is slower. Close other programs that use the card to have it back"


def is_crowded(config: TrainingConfig) -> str:
    """Why a run that may choose takes the CPU from the start; "" where it need not."""
    if config.device != "auto" or choose_device("auto").type != "cuda":
        return ""
    try:
        free, total = torch.cuda.mem_get_info()
    except RuntimeError:
        return f"The graphics card does not answer: {_CPU}."
    if free >= _LEAST_FREE:
        return ""
    left, there = free / 2**30, total / 2**30
    return f"The memory of the graphics card is taken ({left:.1f} of {there:.0f} GB are free): {_CPU}."


def falls_back(config: TrainingConfig, error: BaseException) -> str:
    """Why a run that may choose goes on on the CPU after an error; "" where it cannot."""
    if config.device != "auto" or choose_device("auto").type == "cpu":
        return ""
    is_no_room = error.micro_batch == 0 if isinstance(error, OutOfMemoryError) else is_out_of_memory(error)
    return f"The graphics card ran out of memory: from the last checkpoint on, {_CPU}." if is_no_room else ""
