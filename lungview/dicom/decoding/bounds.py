"""What one frame may take of time and memory."""

import math
from typing import Final

from lungview.dicom.decoding.jobs import Job

MEMORY_BYTES: Final = 2 << 30
"""Beyond what a decoding process takes when idle; JPEG 2000 takes twenty bytes per pixel."""
MAX_SHARED_BYTES: Final = 1 << 30
"""Of a frame, compressed and decoded together."""
_SECONDS: Final = 4.0
_SECONDS_PER_SAMPLE: Final = 3e-6
"""Twenty times what the slowest decoder takes on one slow core."""


def seconds_for(job: Job) -> float:
    """How long a frame may be decoded before its process counts as stalled."""
    return _SECONDS + _SECONDS_PER_SAMPLE * math.prod(job.shape)
