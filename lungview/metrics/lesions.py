"""Link boxes of neighbouring slices into lesions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray
from lungview.domain.box import Box, to_array
from lungview.domain.detection import Detection
from lungview.domain.finding import Finding, Source
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.lesion import Lesion
from lungview.metrics.iou import iou
from lungview.metrics.matching import pair_by_gain
from lungview.task import Task

Mark = Detection | Finding
"""Anything with a box on a slice."""


@dataclass(frozen=True, slots=True)
class LinkRule:
    """When boxes on two slices are one lesion, and which lonely detections are left out.

    iou_threshold: overlap that links two boxes; those that hold each other's centre are linked below it too, since a
        lesion shrinks fast towards its ends. max_gap_mm: tissue without a box that a lesion may span; one missing
        slice is always allowed. single_slice_score: what a detection seen on one slice only needs to count as a
        lesion, where slices are known to be thinner than thick_slice_mm and both neighbours were looked at: a lesion
        of some size shows on more than one thin slice, a vessel's cross-section or noise does not.
    """

    iou_threshold: float = 0.3
    max_gap_mm: float = 5.0
    single_slice_score: float = 0.8
    thick_slice_mm: float = 5.0


DEFAULT_RULE = LinkRule()


def link_lesions(
    marks_by_slice: Mapping[int, Sequence[Mark]],
    geometry: VolumeGeometry,
    source: Source,
    *,
    rule: LinkRule = DEFAULT_RULE,
    examined: Collection[int] | None = None,
    task: Task | None = None,
) -> tuple[Lesion, ...]:
    """Link the boxes of one volume into lesions, best score first, then largest.

    marks_by_slice: slice index -> findings or detections; boxes without area are left out. Each reconstruction is a
    volume of its own: marks of two are never linked here. examined: slices the model has answered for, None for all.
    A lesion's score is its best box's, so that it reads on the same scale as the boxes and the score threshold.
    task: is checked once for each slice.
    """
    grid = _Grid(
        geometry.slices, geometry.positions_mm, geometry.slice_spacing_mm, geometry.pixel_spacing_mm, geometry.is_known
    )
    chains = _chains(marks_by_slice, grid, rule, task or Task())
    seen = range(geometry.slices) if examined is None else examined
    kept = [chain for chain in chains if _is_credible(chain, grid, rule, seen)]
    lesions = [_lesion(chain, grid, source) for chain in kept]
    return tuple(sorted(lesions, key=_rank))


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """What linking needs of a geometry, worked out once: positions_mm (slices,), pixel_spacing_mm (row, column)."""

    slices: int
    positions_mm: FloatArray
    spacing_mm: float
    pixel_spacing_mm: tuple[float, float]
    is_known: bool = True


@dataclass(slots=True)
class _Chain:
    """Marks linked so far, by slice; last: the slice reached."""

    last: int
    marks: dict[int, Mark] = field(default_factory=dict)

    def add(self, index: int, mark: Mark) -> None:
        self.last = index
        self.marks[index] = mark


def _chains(marks_by_slice: Mapping[int, Sequence[Mark]], grid: _Grid, rule: LinkRule, task: Task) -> list[_Chain]:
    """Walk along the normal, giving each slice's boxes to the chains that reach it."""
    positions, spacing = grid.positions_mm, grid.spacing_mm
    reach = (spacing + max(rule.max_gap_mm, spacing)) * 1.01  # positions are rounded in the files
    chains: list[_Chain] = []
    within_reach: list[_Chain] = []
    for index in sorted(marks_by_slice, key=lambda each: (positions[each], each)):
        task.check()
        marks = [mark for mark in marks_by_slice[index] if mark.box.area > 0]
        within_reach = [chain for chain in within_reach if positions[index] - positions[chain.last] <= reach]
        distances = np.array([positions[index] - positions[chain.last] for chain in within_reach])
        links = _links(within_reach, marks, distances / spacing, rule.iou_threshold)
        for row, column in links:
            within_reach[row].add(index, marks[column])
        taken = {column for _, column in links}
        new = [_Chain(index, {index: mark}) for column, mark in enumerate(marks) if column not in taken]
        chains += new
        within_reach += new
    return chains


def _links(
    chains: Sequence[_Chain], marks: Sequence[Mark], steps: FloatArray, iou_threshold: float
) -> list[tuple[int, int]]:
    """Pairs (chain, mark) that go on; overlap decides, weighed by how many slices (steps) lie between."""
    if not chains or not marks:
        return []
    last, now = to_array(chain.marks[chain.last].box for chain in chains), to_array(mark.box for mark in marks)
    overlaps = iou(last, now)
    is_linked = (overlaps >= iou_threshold) | (_holds_centre(last, now) & _holds_centre(now, last).T)
    gains = np.where(is_linked, overlaps, 0.0) / (1.0 + steps[:, None])
    return [(pair.detection, pair.finding) for pair in pair_by_gain(gains).pairs]


def _holds_centre(a: FloatArray, b: FloatArray) -> BoolArray:
    """(N, M) whether box n of a holds the centre of box m of b."""
    centres = (b[None, :, :2] + b[None, :, 2:]) / 2
    holds: BoolArray = np.all((a[:, None, :2] <= centres) & (centres < a[:, None, 2:]), axis=2)
    return holds


def _is_credible(chain: _Chain, grid: _Grid, rule: LinkRule, examined: Collection[int]) -> bool:
    score = _score(next(iter(chain.marks.values())))
    if len(chain.marks) > 1 or score is None or score >= rule.single_slice_score:
        return True
    neighbours = [each for each in (chain.last - 1, chain.last + 1) if 0 <= each < grid.slices]
    was_confirmable = bool(neighbours) and all(each in examined for each in neighbours)
    is_thin = grid.is_known and grid.spacing_mm < rule.thick_slice_mm
    return not (is_thin and was_confirmable)


def _lesion(chain: _Chain, grid: _Grid, source: Source) -> Lesion:
    boxes = {index: mark.box for index, mark in sorted(chain.marks.items())}
    scores = {index: score for index, mark in sorted(chain.marks.items()) if (score := _score(mark)) is not None}
    labels = Counter(mark.label for mark in chain.marks.values() if isinstance(mark, Finding) and mark.label)
    return Lesion(
        source=source,
        boxes=boxes,
        size_mm=_size_mm(boxes, grid),
        score=max(scores.values(), default=None),
        scores=scores,
        label=labels.most_common(1)[0][0] if labels else "",
        is_echo=all(isinstance(mark, Finding) and mark.is_echo for mark in chain.marks.values()),
    )


def _size_mm(boxes: Mapping[int, Box], grid: _Grid) -> tuple[float, float, float]:
    """(across, down, through) extent in mm of boxes by slice, the thickness of one slice included."""
    between_rows, between_columns = grid.pixel_spacing_mm
    reached = [float(grid.positions_mm[index]) for index in boxes]
    return (
        max(box.width for box in boxes.values()) * between_columns,
        max(box.height for box in boxes.values()) * between_rows,
        max(reached) - min(reached) + grid.spacing_mm,
    )


def _score(mark: Mark) -> float | None:
    return mark.score if isinstance(mark, Detection) else None


def _rank(lesion: Lesion) -> tuple[float, float, int]:
    across, down, through = lesion.size_mm
    return -(lesion.score if lesion.score is not None else -1.0), -(across * down * through), lesion.first


@dataclass(frozen=True, slots=True)
class LesionPair:
    """A predicted and a reference lesion taken for the same thing; both are indices into what was matched."""

    predicted: int
    reference: int
    iou: float
    is_centre_hit: bool


@dataclass(frozen=True, slots=True)
class LesionMatching:
    """Which lesions belong together, and which stand alone; indices, ascending."""

    pairs: tuple[LesionPair, ...]
    unmatched_predicted: tuple[int, ...]
    unmatched_reference: tuple[int, ...]


def match_lesions(
    predicted: Sequence[Lesion], reference: Sequence[Lesion], *, iou_threshold: float = 0.1
) -> LesionMatching:
    """Pair lesions of one volume one to one so that their IoU sums to the most.

    A pair needs an IoU over its slices of at least iou_threshold, or a centre hit: readers and models disagree far
    more about where a lesion ends along the slices than about where it is.
    """
    overlaps = np.zeros((len(predicted), len(reference)))
    hits = np.zeros(overlaps.shape, dtype=bool)
    for row, lesion in enumerate(predicted):
        middle = _middle(lesion)
        for column, other in enumerate(reference):
            if lesion.first <= other.last and other.first <= lesion.last:
                overlaps[row, column] = lesion_iou(lesion, other)
                hits[row, column] = _holds(other, middle)
    gains = np.where((overlaps >= iou_threshold) | hits, overlaps + 1e-6 * hits, 0.0)
    matching = pair_by_gain(gains)
    return LesionMatching(
        pairs=tuple(
            LesionPair(row, column, float(overlaps[row, column]), bool(hits[row, column]))
            for row, column in ((pair.detection, pair.finding) for pair in matching.pairs)
        ),
        unmatched_predicted=matching.unmatched_detections,
        unmatched_reference=matching.unmatched_findings,
    )


def lesion_iou(a: Lesion, b: Lesion) -> float:
    """IoU of two lesions of one volume in [0, 1]: areas shared on each slice, over areas covered by either."""
    shared = sum(_shared_area(a.boxes[index], b.boxes[index]) for index in a.boxes.keys() & b.boxes.keys())
    total = sum(box.area for lesion in (a, b) for box in lesion.boxes.values()) - shared
    return shared / total if shared > 0 else 0.0


def is_centre_hit(predicted: Lesion, reference: Lesion) -> bool:
    """Whether the predicted lesion's middle lies in the reference: within its slices, and its box nearest there."""
    return _holds(reference, _middle(predicted))


def _middle(lesion: Lesion) -> tuple[float, float, float]:
    """(x, y, k): the mean of the box centres and slices, weighed by box area."""
    placed = [(*box.centre, index, max(box.area, 1e-9)) for index, box in lesion.boxes.items()]
    total = sum(weight for *_, weight in placed)
    x, y, k = (sum(each[axis] * each[3] for each in placed) / total for axis in range(3))
    return x, y, k


def _holds(reference: Lesion, middle: tuple[float, float, float]) -> bool:
    x, y, k = middle
    if not reference.first - 0.5 <= k <= reference.last + 0.5:
        return False
    nearest = min(reference.boxes, key=lambda index: (abs(index - k), index))
    return reference.boxes[nearest].contains(x, y)


def _shared_area(a: Box, b: Box) -> float:
    across = min(a.xmax, b.xmax) - max(a.xmin, b.xmin)
    down = min(a.ymax, b.ymax) - max(a.ymin, b.ymin)
    return across * down if across > 0 and down > 0 else 0.0
