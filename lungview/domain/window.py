"""Which values are shown as which grey."""

from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import UInt8Array, VoxelArray


@dataclass(frozen=True, slots=True)
class Window:
    """A linear grey window; centre and width in the volume's unit, HU for CT. A width below 1 is taken as 1."""

    centre: float
    width: float

    @property
    def low(self) -> float:
        """The highest value shown black."""
        return self.centre - 0.5 - (max(self.width, 1.0) - 1) / 2

    @property
    def high(self) -> float:
        """The lowest value shown white."""
        return self.centre - 0.5 + (max(self.width, 1.0) - 1) / 2


@dataclass(frozen=True, slots=True)
class WindowPreset:
    """A window that readers know by name."""

    name: str
    window: Window


PRESETS: tuple[WindowPreset, ...] = (
    WindowPreset("Lung", Window(-600, 1500)),
    WindowPreset("Soft tissue", Window(40, 400)),
    WindowPreset("Mediastinum", Window(50, 350)),
    WindowPreset("Bone", Window(400, 1800)),
    WindowPreset("Abdomen", Window(50, 400)),
    WindowPreset("Liver", Window(60, 150)),
    WindowPreset("Brain", Window(40, 80)),
)
"""In the order of the keys 1 to 7."""

LUNG = PRESETS[0].window


def to_display(values: VoxelArray, window: Window) -> UInt8Array:
    """Map values of any shape to 0-255 by the linear window of DICOM PS3.3 C.11.2.1.2.1.

    The standard's window of width w spans w - 1 values around centre - 0.5; rounding is to the nearest grey.
    """
    span = max(window.high - window.low, 1e-6)
    grey = (values.astype(np.float32) - window.low) * (255.0 / span)
    shown: UInt8Array = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return shown


def lookup_table(window: Window) -> UInt8Array:
    """(65536,) grey for every int16 value, indexed by the value's bits read as uint16."""
    values = np.arange(65536, dtype=np.uint16).view(np.int16)
    return to_display(values, window)


def automatic(values: VoxelArray) -> Window:
    """A window spanning the 1st to 99th percentile of the values, for images that name none."""
    sample = np.asarray(values, dtype=np.float64).ravel()
    sample = sample[:: max(1, sample.size // 100_000)]
    low, high = np.percentile(sample, (1, 99)) if sample.size else (0.0, 1.0)
    return Window(centre=(float(low) + float(high)) / 2 + 0.5, width=max(float(high) - float(low), 1.0) + 1)
