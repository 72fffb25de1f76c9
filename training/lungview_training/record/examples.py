"""Pictures of a few validation slices: readers' boxes, the model's, and where the network looked."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from lungview.domain.arrays import FloatArray, HuArray
from lungview.domain.window import LUNG, to_display
from lungview.files import write_atomically
from lungview_training.evaluate import SliceResult
from lungview_training.samples import Sample

FOLDER = "examples"
MOST = 4
SHOWN_FROM = 0.3
"""Boxes below this score are not drawn, but for the best one of a slice with a reader's box."""

_SIDE = 256
_READER, _MODEL, _GLOW, _DASH = (86, 180, 233), (230, 159, 0), (255, 40, 40), 4


def choose(samples: Sequence[Sample]) -> list[Sample]:
    """The same few slices each time: boxed ones of different patients, and a lesion-free one where there is any."""
    boxed: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.has_lesion:
            boxed.setdefault(sample.patient, []).append(sample)
    middles = [of_patient[len(of_patient) // 2] for _, of_patient in sorted(boxed.items())]
    free = next((sample for sample in samples if not sample.has_lesion), None)
    room = MOST - (free is not None)
    spread = middles[:: max(1, len(middles) // room)][:room]
    return [*spread, free] if free is not None else spread


def save_examples(
    folder: Path,
    step: int,
    samples: Sequence[Sample],
    predict: Callable[[Sample], SliceResult],
    attend: Callable[[Sample], FloatArray] | None,
) -> tuple[str, ...]:
    """Write a PNG for each sample; returns their paths. attend: the attention map (h, w) in [0, 1] over the slice."""
    paths = []
    for number, sample in enumerate(samples, start=1):
        path = folder / FOLDER / f"step-{step:06d}-{number}.png"
        attention = None if attend is None else attend(sample)
        write_atomically(path, draw(sample.hu, predict(sample), attention))
        paths.append(str(path))
    return tuple(paths)


def draw(hu: HuArray, result: SliceResult, attention: FloatArray | None) -> bytes:
    """A slice as PNG: readers' boxes solid, the model's dashed, attention as a glow; hu: (rows, columns)."""
    scale = _SIDE / max(hu.shape)
    size = (max(1, round(hu.shape[1] * scale)), max(1, round(hu.shape[0] * scale)))
    grey = np.asarray(Image.fromarray(to_display(np.asarray(hu), LUNG)).resize(size), dtype=np.float32)
    colours: FloatArray = np.repeat(grey[:, :, None], 3, axis=2)
    if attention is not None:
        looked = Image.fromarray((np.clip(attention, 0, 1) * 255).astype(np.uint8)).resize(size)
        glow = np.asarray(looked, dtype=np.float32)[:, :, None] / 255 * 0.55
        colours = colours * (1 - glow) + np.array(_GLOW, dtype=np.float32) * glow
    picture = Image.fromarray(colours.astype(np.uint8))
    brush = ImageDraw.Draw(picture)
    for box in (result.truth * scale).tolist():
        brush.rectangle(tuple(box), outline=_READER)
    shown = result.scores >= SHOWN_FROM
    if len(result.truth) and len(shown):
        shown[0] = True
    for box in (result.boxes[shown] * scale).tolist():
        _dashed(brush, box)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


def _dashed(brush: ImageDraw.ImageDraw, box: Sequence[float]) -> None:
    xmin, ymin, xmax, ymax = box
    for start in np.arange(xmin, xmax, 2 * _DASH).tolist():
        for y in (ymin, ymax):
            brush.line((start, y, min(start + _DASH, xmax), y), fill=_MODEL)
    for start in np.arange(ymin, ymax, 2 * _DASH).tolist():
        for x in (xmin, xmax):
            brush.line((x, start, x, min(start + _DASH, ymax)), fill=_MODEL)
