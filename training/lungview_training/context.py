"""Slices with those beside them, as a network of so many channels asks for them."""

import numpy as np

from lungview.detection.context import places_among_four
from lungview.domain.arrays import HuArray
from lungview_training.samples import Sample


def with_neighbours(sample: Sample, context: int) -> HuArray:
    """(1 + context, H, W) HU: the slice, then 0, 2 or 4 neighbours in ascending order; itself where one is missing."""
    planes = [sample.hu]
    for place in places_among_four(context):
        found = sample.neighbours[place] if sample.neighbours else None
        planes.append(sample.hu if found is None else found)
    return np.stack(planes)
