"""What the first bytes of a safetensors file tell of it, read without torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lungview.detection.context import CHANNEL_COUNTS
from lungview.errors import WeightsError
from lungview.files import parse_json

_LARGEST_HEADER = 100_000_000
"""The format's own limit, in bytes."""


@dataclass(frozen=True, slots=True)
class Header:
    """metadata: what the writer noted; shapes: of every tensor, by name."""

    metadata: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def architecture(self) -> str:
        """The network's name that training wrote, "" where none is written."""
        return self.metadata.get("architecture", "")

    @property
    def parameters(self) -> int:
        """Learned numbers: batch normalisation's running figures are none."""
        counted = (shape for name, shape in self.shapes.items() if not name.endswith(_BUFFERS))
        return sum(math.prod(shape) for shape in counted)

    @property
    def in_channels(self) -> int:
        """How many channels the network sees of a slice and its neighbours; 1 for one that sees the slice alone."""
        seen = [shape[1] for shape in self.shapes.values() if len(shape) == 4]
        return next((count for count in CHANNEL_COUNTS if count in seen), 1)


_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def read_header(path: Path) -> Header:
    """Read a file's directory; refuse what is no safetensors file, or cut short."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, _LARGEST_HEADER):
                raise ValueError("no header")
            table = parse_json(file.read(length))
        return _header(table, size - 8 - length)
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path.name} is damaged or cut short, or no safetensors file: copy it again.") from error


def _header(table: dict[str, dict[str, object]], room: int) -> Header:
    metadata = table.pop("__metadata__", {})
    shapes = {}
    for name, tensor in table.items():
        shape, offsets = tensor["shape"], tensor["data_offsets"]
        if not (isinstance(shape, list) and isinstance(offsets, list) and 0 <= offsets[0] <= offsets[1] <= room):
            raise ValueError("a tensor lies outside the file")
        if not all(isinstance(side, int) and not isinstance(side, bool) and side >= 0 for side in shape):
            raise ValueError("a tensor has sides that are none")
        shapes[name] = tuple(int(side) for side in shape)
    return Header({str(key): str(value) for key, value in metadata.items()}, shapes)
