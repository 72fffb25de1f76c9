"""Slices as small pictures: only their pixels and boxes, nothing of who they show."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from lungview.domain.arrays import FloatArray, HuArray
from lungview.domain.window import LUNG, to_display
from lungview_training.evaluation.marks import JudgedSlice

MOST, MOST_OF_ONE = 6, 2
"""Pictures of a kind, and of a kind and one patient: the worst patient must not hide the others."""

READER, MODEL, FORMER = (86, 180, 233), (230, 159, 0), (204, 121, 167)
"""Colours as the window has them (Okabe and Ito): readers' boxes, the model's, and those of the one before it."""

_SIDE = 256
_SMALLEST_CROP = 24.0
_COLOURS = (READER, MODEL, FORMER)
_GREYS = 61
_PALETTE = [*(level * 255 // (_GREYS - 1) for level in range(_GREYS) for _ in range(3)), *sum(_COLOURS, ())]
"""Few greys keep a picture small; the last colours are those of the boxes."""

Layer = tuple[FloatArray, tuple[int, int, int]]
"""Boxes (N, 4) in the slice's pixels, and their colour."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG of a slice, and beside it of the place in question, with the words below it."""

    png: bytes
    caption: str

    @property
    def uri(self) -> str:
        """The picture as a page holds it."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


_Entry = tuple[float, int, str, Picture]
"""How bad it is, which one it was, counted downwards, whose, and what it looks like."""


@dataclass(slots=True)
class WorstCases:
    """Keeps the worst slices of each kind while a model is measured, so that no others' pixels need memory."""

    threshold: float
    _missed: list[_Entry] = field(default_factory=list)
    _false: list[_Entry] = field(default_factory=list)
    _seen: int = 0

    def look_at(self, judged: JudgedSlice, hu: HuArray) -> None:
        """Keep a slice where it is among the worst; hu: (rows, columns)."""
        self._seen += 1
        is_shown = judged.scores >= self.threshold
        if judged.best_iou is not None:
            keep, badness = self._missed, 1 - judged.best_iou
            words = f"best box IoU {judged.best_iou:.2f}"
        elif is_shown.any():
            keep, badness = self._false, float(judged.scores[is_shown].max())
            count = int(is_shown.sum())
            words = f"{count} false mark{'' if count == 1 else 's'}, best score {badness:.2f}"
        else:
            return
        own = [entry for entry in keep if entry[2] == judged.patient]
        rivals = own if len(own) == MOST_OF_ONE else keep if len(keep) == MOST else []
        if rivals:
            if badness <= min(rivals)[0]:
                return
            keep.remove(min(rivals))
        picture = Picture(_picture_of(judged, hu, self.threshold), f"{title_of(judged)}: {words}")
        keep.append((badness, -self._seen, judged.patient, picture))

    @property
    def missed(self) -> tuple[Picture, ...]:
        """Boxed slices whose best mark fits least."""
        return tuple(picture for *_, picture in sorted(self._missed, reverse=True))

    @property
    def false(self) -> tuple[Picture, ...]:
        """Lesion-free slices with the surest marks."""
        return tuple(picture for *_, picture in sorted(self._false, reverse=True))


def title_of(judged: JudgedSlice) -> str:
    """Which slice it is."""
    return f"{judged.patient}, {judged.scan}, slice {judged.name}"


def _shown_boxes(judged: JudgedSlice, threshold: float) -> FloatArray:
    """(N, 4) marks at the threshold, the best one where none reaches it."""
    is_shown = judged.scores >= threshold
    return judged.boxes[is_shown] if is_shown.any() else judged.boxes[:1]


def draw(hu: HuArray, layers: Sequence[Layer], focus: FloatArray) -> bytes:
    """A slice (rows, columns) with boxes on it, and beside it the place around focus (4,) at a larger scale, as PNG."""
    rows, columns = hu.shape
    side = float(max(rows, columns))
    whole = np.array([(columns - side) / 2, (rows - side) / 2])
    middle = (focus[:2] + focus[2:]) / 2
    near = min(max(2.5 * float((focus[2:] - focus[:2]).max()), _SMALLEST_CROP, side / 8), side)
    picture = Image.new("P", (2 * _SIDE + 4, _SIDE))
    picture.putpalette(_PALETTE)
    grey = Image.fromarray((to_display(hu, LUNG).astype(np.uint16) * (_GREYS - 1) // 255).astype(np.uint8))
    picture.paste(_panel(grey, layers, whole, side), (0, 0))
    picture.paste(_panel(grey, layers, middle - near / 2, near), (_SIDE + 4, 0))
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


def _panel(grey: Image.Image, layers: Sequence[Layer], corner: FloatArray, side: float) -> Image.Image:
    """The square of a slice from corner (x, y) on, in slice pixels, as wide as a picture."""
    x, y = (float(value) for value in corner)
    shown = grey.transform(
        (_SIDE, _SIDE), Image.Transform.EXTENT, (x, y, x + side, y + side), Image.Resampling.BILINEAR
    )
    brush = ImageDraw.Draw(shown)
    scale = _SIDE / side
    for boxes, colour in layers:
        for xmin, ymin, xmax, ymax in ((boxes - np.tile(corner, 2)) * scale).tolist():
            brush.rectangle((xmin, ymin, max(xmin, xmax), max(ymin, ymax)), outline=_GREYS + _COLOURS.index(colour))
    return shown


def _picture_of(judged: JudgedSlice, hu: HuArray, threshold: float) -> bytes:
    shown = _shown_boxes(judged, threshold)
    focus = (judged.truth if len(judged.truth) else shown)[0]
    return draw(hu, [(judged.truth, READER), (shown, MODEL)], focus.astype(np.float64))
