"""What a decoding process is asked, and what it answers: lines of JSON, since its answers are not to be trusted.

Pixels and compressed bytes go through memory that both processes see.
"""

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

from lungview.dicom.syntaxes import Codec

MAX_LINE: Final = 4096
READY: Final = b"ready\n"

Frame = bytes | memoryview
"""A compressed frame."""

TYPES: Final = frozenset({"|u1", "|i1", "<u2", "<i2", "<u4", "<i4"})
"""Types of pixels that decoders hand over."""


@dataclass(frozen=True, slots=True)
class Job:
    """A frame to be decoded.

    itemsize: bytes that a sample may take. is_rgb: whether the file names its colours RGB. length, offset, size: bytes
    of the compressed frame, where decoded pixels go, how large the shared memory is; the frame is at its start.
    """

    codec: Codec
    rows: int
    columns: int
    samples: int = 1
    itemsize: int = 2
    is_rgb: bool = False
    length: int = 0
    offset: int = 0
    size: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """(row, column), with (, sample) for colours."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def room(self) -> int:
        """The most bytes that decoded pixels may take: some decoders hand over 16 bits where 8 are filed."""
        return math.prod(self.shape) * max(self.itemsize, 2)

    def placed(self, length: int, smallest: int) -> Self:
        """The job with a frame of so many bytes laid out in shared memory of at least the smallest size."""
        offset = -(-length // 64) * 64
        return replace(self, length=length, offset=offset, size=max(smallest, offset + self.room))

    def line(self) -> bytes:
        """The job as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """The job that a line tells."""
        values = json.loads(line)
        return cls(**{**values, "codec": Codec(values["codec"])})


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a frame. dtype: of the pixels, "" where there are none; needs_memory: whether for want of it."""

    dtype: str = ""
    needs_memory: bool = False

    def line(self) -> bytes:
        """The answer as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Answer | None":
        """The answer that a line tells, None where it is none."""
        try:
            values = json.loads(line)
            answer = cls(str(values["dtype"]), values["needs_memory"] is True)
        except (ValueError, KeyError, TypeError):
            return None
        return answer if answer.dtype in TYPES or not answer.dtype else None
