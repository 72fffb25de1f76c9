"""The boxes that a reader would draw around a phantom's lesions, in the dataset's own XML."""

from collections.abc import Mapping, Sequence

import numpy as np

from lungview.demo.phantom import Phantom, PhantomLesion
from lungview.domain.box import Box

_SMALLEST_SHARE = 0.3
"""Readers leave out the first and last slices of a lesion, where it is so much smaller than at its largest."""
_LOOSE_PIXELS, _LOOSE_SHARE, _UNSTEADY_PIXELS, _UNSTEADY_SHARE = 0.4, 0.05, 0.25, 0.045
"""How far outside the lesion a side is drawn, and how far it strays, in pixels and in shares of the lesion's side."""

_DOCUMENT = """<annotation verified="no">
  <folder>Unknow</folder>
  <filename>Unknow</filename>
  <path>Unknow</path>
  <source>Unknow<database>Unknown</database>
  </source>
  <size>
    <width>{columns}</width>
    <height>{rows}</height>
    <depth>1</depth>
  </size>
  <segmented>0</segmented>
{objects}</annotation>
"""
_OBJECT = """  <object>
    <name>{letter}</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <Difficult>0</Difficult>
    <bndbox>
      <xmin>{xmin}</xmin>
      <ymin>{ymin}</ymin>
      <xmax>{xmax}</xmax>
      <ymax>{ymax}</ymax>
    </bndbox>
  </object>
"""


def drawn_boxes(phantom: Phantom) -> Mapping[int, Sequence[Box]]:
    """Slice index -> the boxes a reader drew there, in whole pixels; the same for the same phantom."""
    rng = np.random.default_rng((phantom.seed, 1))
    boxes: dict[int, list[Box]] = {}
    for lesion in phantom.lesions:
        for k in sorted(_boxed_slices(lesion)):
            boxes.setdefault(k, []).append(_drawn(lesion.boxes[k], phantom, rng))
    return boxes


def document(boxes: Sequence[Box], letter: str, rows: int, columns: int) -> str:
    """The XML of one slice, down to the dataset's spelling."""
    objects = "".join(
        _OBJECT.format(letter=letter, xmin=int(box.xmin), ymin=int(box.ymin), xmax=int(box.xmax), ymax=int(box.ymax))
        for box in boxes
    )
    return _DOCUMENT.format(rows=rows, columns=columns, objects=objects)


def _boxed_slices(lesion: PhantomLesion) -> list[int]:
    largest = max((box.area for box in lesion.boxes.values()), default=0.0)
    return [k for k, box in lesion.boxes.items() if box.area >= _SMALLEST_SHARE * largest]


def _drawn(box: Box, phantom: Phantom, rng: np.random.Generator) -> Box:
    sides = np.array([box.width, box.height, box.width, box.height])
    outwards = np.array([-1, -1, 1, 1]) * (_LOOSE_PIXELS + _LOOSE_SHARE * sides)
    corners = np.array(box.as_tuple()) + outwards + rng.normal(0, 1, 4) * (_UNSTEADY_PIXELS + _UNSTEADY_SHARE * sides)
    xmin, ymin, xmax, ymax = (float(round(corner)) for corner in corners)
    return Box(xmin, ymin, max(xmax, xmin + 2), max(ymax, ymin + 2)).clipped(
        phantom.geometry.rows, phantom.geometry.columns
    )
