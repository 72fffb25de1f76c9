"""Worst cases as small pictures: only a slice's pixels and boxes, nothing of who it shows."""

import base64
import heapq
import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from lungview.domain.arrays import HuArray
from lungview.domain.window import LUNG, to_display
from lungview_training.evaluation.marks import JudgedSlice

MOST = 6
"""Pictures of a kind."""

_SIDE = 256
_GREYS, _READER, _MODEL = 62, 62, 63
_PALETTE = [*(level * 255 // (_GREYS - 1) for level in range(_GREYS) for _ in range(3)), 255, 190, 60, 90, 200, 255]
"""Few greys keep a picture small; the last two colours are the readers' and the model's."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG as a data URI, with the words below it."""

    uri: str
    caption: str


@dataclass(slots=True)
class WorstCases:
    """Keeps the worst slices of each kind while a model is measured, so that no others' pixels need memory."""

    threshold: float
    _missed: list[tuple[float, int, Picture]] = field(default_factory=list)
    _false: list[tuple[float, int, Picture]] = field(default_factory=list)
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
            words = f"{int(is_shown.sum())} false marks, best score {badness:.2f}"
        else:
            return
        if len(keep) == MOST and badness <= keep[0][0]:
            return
        caption = f"{judged.patient}, {judged.scan}, slice {judged.name}: {words}"
        entry = (badness, -self._seen, Picture(_draw(judged, hu, self.threshold), caption))
        (heapq.heappushpop if len(keep) == MOST else heapq.heappush)(keep, entry)

    @property
    def missed(self) -> tuple[Picture, ...]:
        """Boxed slices whose best mark fits least."""
        return tuple(picture for _, _, picture in sorted(self._missed, reverse=True))

    @property
    def false(self) -> tuple[Picture, ...]:
        """Lesion-free slices with the surest marks."""
        return tuple(picture for _, _, picture in sorted(self._false, reverse=True))


def _draw(judged: JudgedSlice, hu: HuArray, threshold: float) -> str:
    scale = _SIDE / max(hu.shape)
    size = (max(1, round(hu.shape[1] * scale)), max(1, round(hu.shape[0] * scale)))
    grey = np.asarray(Image.fromarray(to_display(hu, LUNG)).resize(size))
    picture = Image.fromarray((grey.astype(np.uint16) * (_GREYS - 1) // 255).astype(np.uint8))
    picture.putpalette(_PALETTE)
    brush = ImageDraw.Draw(picture)
    shown = judged.boxes[judged.scores >= threshold] if (judged.scores >= threshold).any() else judged.boxes[:1]
    for boxes, colour in ((judged.truth, _READER), (shown, _MODEL)):
        for xmin, ymin, xmax, ymax in (boxes * scale).tolist():
            brush.rectangle((xmin, ymin, max(xmin, xmax), max(ymin, ymax)), outline=colour)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")
