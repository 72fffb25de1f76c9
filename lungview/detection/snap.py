"""Boxes drawn to the edges that a slice shows, since the network sees it at a few millimetres a cell."""

import numpy as np

from lungview.domain.arrays import FloatArray, VoxelArray
from lungview.domain.box import Box
from lungview.imaging.outline import find_outline

SHARE = 0.6
"""How far a side moves from where the network puts it to the bounds of the outline found there. Of 0.3 to 1.0 tried on
twelve validation patients, 0.5 to 0.7 did best: mean IoU went from 0.47 to 0.50, average precision at 0.5 from 0.44 to
0.52."""

_LOWEST_SCORE = 0.1
_MOST = 6
"""Boxes a slice; those after the best few, and those hardly believed in, are not worth the time."""


def snap(boxes: FloatArray, scores: FloatArray, values: VoxelArray) -> FloatArray:
    """Boxes (N, 4) in the pixels of a slice (rows, columns), moved towards the outlines of what they enclose.

    Boxes come best first; one in which no outline is found stays as it is.
    """
    moved = boxes.copy()
    for place in range(min(len(boxes), _MOST)):
        if scores[place] < _LOWEST_SCORE:
            break
        outline = find_outline(values, Box(*boxes[place].tolist()), (1.0, 1.0))
        if outline is not None:
            low, high = outline.points.min(axis=0), outline.points.max(axis=0)
            bounds = np.concatenate([low, high]).astype(np.float32)
            moved[place] += SHARE * (bounds - moved[place])
    return moved
