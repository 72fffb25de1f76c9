"""Which grey window a stack starts in."""

import re

from lungview.domain.study import Stack
from lungview.domain.window import LUNG, Window

_LUNG_BELOW_HU = -250
"""A file's own window with its centre under this was made for lung."""

_LUNG_KERNELS = ("LUNG", "BONE", "EDGE", "SHARP", "DETAIL", "YB", "YC", "YD", "FC5", "FC8", "BL5", "BR5", "BV5")
_NUMBERED = re.compile(r"[BIH][A-Z]?(\d\d)")
_SHARP_FROM = 50
"""Siemens kernels B50 and up (Bl57, Br59, I70f …) are sharp ones, used for lung."""


def file_windows(stack: Stack) -> tuple[Window, ...]:
    """The windows that the stack's middle file names, each once."""
    windows = stack.instances[len(stack.instances) // 2].windows if stack.instances else ()
    return tuple(dict.fromkeys(windows))


def starting_window(stack: Stack) -> Window | None:
    """Lung for a lung kernel or a lung window in the file, else the file's first, None where it names none.

    CT without a window starts in lung: this program is for chests.
    """
    own = file_windows(stack)
    if stack.modality == "CT" and stack.unit == "HU":
        if not own or own[0].centre < _LUNG_BELOW_HU or is_lung_kernel(stack.kernel):
            return LUNG
        return own[0]
    return own[0] if own else None


def is_lung_kernel(kernel: str) -> bool:
    """Whether a convolution kernel (DICOM PS3.3 C.8.2.1, 0018,1210) is one of the sharp ones made for lung."""
    name = kernel.strip().upper()
    if name in {"L", "D", "E", "F"} or name.startswith(_LUNG_KERNELS):
        return True
    numbered = _NUMBERED.match(name)
    return numbered is not None and int(numbered[1]) >= _SHARP_FROM
