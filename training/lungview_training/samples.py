"""What the networks learn from."""

import re
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from scipy.ndimage import find_objects

from lungview.domain.arrays import BoolArray, FloatArray, HuArray, UInt8Array
from lungview.domain.study import PixelFormat

SAMPLE_MM = 1.5
"""Pixel size of samples: that of 256 x 256 slices of whole chests, whose spacing is not recorded."""

_ID = re.compile(r"(?:Lung_Dx-)?([ABEG])\d{4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One slice of pixels of about SAMPLE_MM.

    hu: (H, W) int16. labels: (H, W) uint8, 0 where there is no lesion, else the number of the lesion; where only boxes
        were drawn, the ellipse in each box, and has_mask is False. boxes: (N, 4) float32 as the readers drew them.
    is_negative_known: False where no box is no proof that there is no lesion.
    neighbours: slices (H, W) at -10, -5, 5 and 10 mm, None where there is none; empty where nothing is known of them.
    series: the one a slice belongs to, where that is known. label, series_label: whether the slice, or anything in its
    series, holds a lesion, where a table says so without boxes.
    pixels: how its file stores the slice, None where that is not known.
    subtype: a letter of SUBTYPES, "" where unknown. study: its Study Instance UID. digest: of its pixels, "" where they
    are all alike; with study and name they tell one person under two names. is_labelled: whether any label is set,
    found out where None. Arrays may be read-only views of files.
    """

    patient: str
    name: str
    hu: HuArray
    labels: UInt8Array
    boxes: FloatArray
    has_mask: bool
    is_negative_known: bool = True
    neighbours: tuple[HuArray | None, ...] = ()
    series: str = ""
    label: bool | None = None
    series_label: bool | None = None
    pixels: PixelFormat | None = None
    subtype: str = ""
    study: str = ""
    digest: str = ""
    is_labelled: bool | None = None

    def __post_init__(self) -> None:
        """Look at the labels once, where nobody has."""
        if self.is_labelled is None:
            object.__setattr__(self, "is_labelled", bool(self.labels.any()))

    @property
    def has_lesion(self) -> bool:
        """Whether any box has been drawn."""
        return len(self.boxes) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Nodule:
    """A lesion cut out of a slice: hu (h, w) int16 and its mask, to be pasted elsewhere."""

    patient: str
    hu: HuArray
    mask: BoolArray


def no_labels(shape: tuple[int, ...]) -> UInt8Array:
    """Labels of a slice without lesions: (H, W) zeros, read-only, that take no memory."""
    return np.broadcast_to(np.uint8(0), shape)


def digest_of(hu: HuArray) -> str:
    """What tells a picture from all others; "" where its pixels are all alike, as many pictures' may be."""
    if hu.size == 0 or (hu == hu.flat[0]).all():
        return ""
    return blake2b(np.ascontiguousarray(hu).tobytes(), digest_size=12).hexdigest()


def subtype_of(patient: str, told: str = "") -> str:
    """The subtype a source tells of, else the letter in an ID such as Lung_Dx-A0001, else ""."""
    match = _ID.fullmatch(patient)
    return told or (match.group(1).upper() if match else "")


def boxes_of(labels: UInt8Array, smallest_area: int = 4) -> FloatArray:
    """Bounds (N, 4) float32, half-open, of each numbered lesion of at least smallest_area pixels."""
    areas = np.bincount(labels.ravel())
    found = []
    for number, place in enumerate(find_objects(labels), start=1):
        if place is not None and areas[number] >= smallest_area:
            found.append((place[1].start, place[0].start, place[1].stop, place[0].stop))
    return np.array(found, dtype=np.float32).reshape(-1, 4)


def ellipses(boxes: FloatArray, shape: tuple[int, int]) -> UInt8Array:
    """Number the ellipse inside each box (N, 4); its bounds are the box's."""
    labels = np.zeros(shape, dtype=np.uint8)
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    for number, (xmin, ymin, xmax, ymax) in enumerate(boxes, start=1):
        across, down = max((xmax - xmin) / 2, 0.5), max((ymax - ymin) / 2, 0.5)
        inside = ((columns - (xmin + xmax) / 2) / across) ** 2 + ((rows - (ymin + ymax) / 2) / down) ** 2 <= 1.0
        labels[inside] = number
    return labels


def nodules_of(sample: Sample, margin: int = 4) -> list[Nodule]:
    """Cut out each masked lesion with a margin, for pasting."""
    if not sample.has_mask:
        return []
    cut = []
    for xmin, ymin, xmax, ymax in boxes_of(sample.labels, smallest_area=9).astype(int):
        rows = slice(max(0, ymin - margin), ymax + margin)
        columns = slice(max(0, xmin - margin), xmax + margin)
        mask = sample.labels[rows, columns] > 0
        cut.append(Nodule(sample.patient, sample.hu[rows, columns].copy(), mask))
    return cut
