"""Where networks run."""

import os

import torch

from lungview.errors import DetectionError
from lungview.gpu_claim import is_claimed_by_other

_MOST_WORKERS = 4
DEVICES = ("auto", "cuda", "mps", "cpu")


def available_devices() -> tuple[str, ...]:
    """What this machine has, best first."""
    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose_device(wanted: str = "auto") -> torch.device:
    """The device asked for; with "auto" the best there is, the CPU while a training has the GPU.

    One that is not there is refused in a sentence.
    """
    found = available_devices()
    if wanted == "auto":
        return torch.device("cpu" if is_claimed_by_other() else found[0])
    kind = wanted.split(":", 1)[0]
    if kind not in DEVICES:
        raise DetectionError(f"The device {wanted!r} is unknown; choose one of {', '.join(DEVICES)}.")
    if kind not in found:
        raise DetectionError(
            f"This computer offers no {kind} device to torch; choose auto, or one of {', '.join(found)}."
        )
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise DetectionError(f"The device {wanted!r} is unknown; choose one of {', '.join(DEVICES)}.") from error


def share_cores(*, leaves_one: bool = True) -> int:
    """Give each of torch's operations one thread, and return how many slices may be worked on side by side instead.

    Threads that share one operation wait for each other at every layer: measured on two cores of which another program
    took one, a slice then takes 50 times as long as with one thread. leaves_one: for whoever scrolls meanwhile.
    """
    torch.set_num_threads(1)
    return max(1, min(_MOST_WORKERS, (os.cpu_count() or 2) - int(leaves_one)))
