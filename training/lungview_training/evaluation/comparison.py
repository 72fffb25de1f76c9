"""Two models on the same slices: what changed, by how much, and which lesions were gained and lost."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box, to_array
from lungview.domain.detection import Detector, ModelInfo
from lungview.task import Task
from lungview_training.evaluation.document import Plain, figure_table, model_table
from lungview_training.evaluation.figures import drawn_figures
from lungview_training.evaluation.intervals import DRAWS, Drawn, Figure
from lungview_training.evaluation.marks import JudgedSlice, gather
from lungview_training.evaluation.measure import Measured, ScanOutcome, measure_each, threshold_of
from lungview_training.evaluation.pictures import FORMER, MODEL, READER, Picture, draw, title_of
from lungview_training.evaluation.sources import LabelledScan, labelled_scans

ENTIRE = "entire set"


@dataclass(frozen=True, slots=True)
class Change:
    """A lesion that one model found and the other did not; in pictures outside of a series, a reader's box.

    slice_index: in the scan, where its largest box is. box: that one. size_mm: its longer side. stack: key of the
    scan's. file: of its first slice.
    """

    patient: str
    scan: str
    slice_name: str
    slice_index: int
    box: Box
    size_mm: float
    picture: Picture
    stack: str
    file: Path


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure with both models, and after less before, draw by draw on the same patients."""

    before: Figure
    after: Figure
    difference: Figure


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Both models on the same slices. parts: figures by name, of the entire set and of each part asked for.

    gained, lost: lesions found after but not before, and the other way round, each at its model's own threshold.
    """

    models: tuple[ModelInfo, ModelInfo]
    before: Measured
    after: Measured
    parts: Mapping[str, Mapping[str, Compared]]
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]


def compare_models(
    path: Path,
    before: Detector,
    after: Detector,
    task: Task,
    *,
    annotations: Path | None = None,
    parts: Mapping[str, Container[str]] | None = None,
    draws: int = DRAWS,
    on_counting: Callable[[], None] = lambda: None,
) -> Comparison:
    """Ask both models about every labelled scan of a path; see compare_on."""
    scans = labelled_scans(path, annotations, task)
    return compare_on(scans, before, after, task, parts=parts, draws=draws, on_counting=on_counting)


def compare_on(
    scans: Iterable[LabelledScan],
    before: Detector,
    after: Detector,
    task: Task,
    *,
    parts: Mapping[str, Container[str]] | None = None,
    draws: int = DRAWS,
    on_counting: Callable[[], None] = lambda: None,
) -> Comparison:
    """Ask both models about scans, each of which is let go before the next is asked for.

    parts: patients by the name of a part that figures are wanted of beside the entire set, such as the test part.
    on_counting: called once all is looked at.
    """
    models = before.info, after.info
    changes = _Changes(threshold_of(before.info), threshold_of(after.info))
    one, other = measure_each(scans, (before, after), task, changes.look_at)
    on_counting()
    groups = {ENTIRE: frozenset(each.patient for each in one.slices), **(parts or {})}
    return Comparison(
        models=models,
        before=one,
        after=other,
        parts={
            name: found for name, patients in groups.items() if (found := _part(models, one, other, patients, draws))
        },
        gained=tuple(changes.gained),
        lost=tuple(changes.lost),
    )


def comparison_document(comparison: Comparison, *, draws: int = DRAWS) -> Plain:
    """The comparison as plain values for JSON, but its pictures."""
    before, after = comparison.models
    return {
        "before": model_table(before, comparison.before.threshold),
        "after": model_table(after, comparison.after.threshold),
        "intervals": f"95 %, {draws} draws of as many patients with replacement, the same for both models; null under "
        "two patients",
        "patients": len({each.patient for each in comparison.before.slices}),
        "parts": {
            part: {
                name: {
                    "before": figure_table(found.before),
                    "after": figure_table(found.after),
                    "difference": figure_table(found.difference),
                }
                for name, found in figures.items()
            }
            for part, figures in comparison.parts.items()
        },
        "gained": [_change(each) for each in comparison.gained],
        "lost": [_change(each) for each in comparison.lost],
        "slices": [
            {
                "patient": old.patient,
                "scan": old.scan,
                "slice": old.name,
                "best_box_iou": [_rounded(old.best_iou), _rounded(new.best_iou)],
                "found": [old.found(comparison.before.threshold), new.found(comparison.after.threshold)],
                "false_marks": [
                    old.false_marks(comparison.before.threshold),
                    new.false_marks(comparison.after.threshold),
                ],
            }
            for old, new in zip(comparison.before.slices, comparison.after.slices, strict=True)
        ],
    }


def _part(
    models: tuple[ModelInfo, ModelInfo], before: Measured, after: Measured, patients: Container[str], draws: int
) -> Mapping[str, Compared]:
    """Figures that both models have; none where no slice is of these patients."""
    drawn: list[Drawn] = []
    for info, measured in zip(models, (before, after), strict=True):
        slices = [each for each in measured.slices if each.patient in patients]
        if not slices:
            return {}
        marks = gather(slices, measured.threshold)
        drawn.append(drawn_figures(marks, has_score=info.has_score, draws=draws))
    common = [name for name in drawn[0].names if name in drawn[1].names]
    one, other = (_only(each, common) for each in drawn)
    found = one.figures(), other.figures(), other.minus(one).figures()
    return {name: Compared(*(figures[name] for figures in found)) for name in common}


def _only(drawn: Drawn, names: Sequence[str]) -> Drawn:
    columns = [drawn.names.index(name) for name in names]
    return Drawn(tuple(names), drawn.values[columns], drawn.draws[:, columns])


@dataclass(slots=True)
class _Changes:
    """Gathers lesions gained and lost while both models are measured; old, new: the models' thresholds."""

    old: float
    new: float
    gained: list[Change] = field(default_factory=list)
    lost: list[Change] = field(default_factory=list)

    def look_at(self, scan: LabelledScan, outcomes: Sequence[ScanOutcome]) -> None:
        """Compare what both models found on a scan."""
        before, after = outcomes
        if before.lesions is None or after.lesions is None:
            for index in scan.judged:
                self._of_boxes(scan, index, before.slices[index], after.slices[index])
            return
        for old, new in zip(before.lesions.lesions, after.lesions.lesions, strict=True):
            if (old.iou is None) != (new.iou is None):
                at = old.key_slice
                box = to_array([old.box])[0]
                change = self._as_change(scan, before.slices[at], after.slices[at], at, box, old.size_mm)
                (self.lost if new.iou is None else self.gained).append(change)

    def _of_boxes(self, scan: LabelledScan, index: int, old: JudgedSlice, new: JudgedSlice) -> None:
        was_found, is_found = old.boxes_hit(self.old), new.boxes_hit(self.new)
        for place in np.flatnonzero(was_found != is_found).tolist():
            change = self._as_change(scan, old, new, index, old.truth[place], float(old.sizes_mm[place]))
            (self.lost if was_found[place] else self.gained).append(change)

    def _as_change(
        self, scan: LabelledScan, old: JudgedSlice, new: JudgedSlice, index: int, box: FloatArray, size_mm: float
    ) -> Change:
        hu = scan.volume.voxels[index].astype(np.int16)
        former, model = old.boxes[old.scores >= self.old], new.boxes[new.scores >= self.new]
        png = draw(hu, [(old.truth, READER), (former, FORMER), (model, MODEL)], box.astype(np.float64))
        picture = Picture(png, f"{title_of(old)}: {size_mm:.0f} mm")
        stack = scan.volume.stack
        file = stack.instances[0].source.path
        return Change(old.patient, old.scan, old.name, index, Box(*box.tolist()), size_mm, picture, stack.key, file)


def _change(change: Change) -> Plain:
    return {
        "patient": change.patient,
        "scan": change.scan,
        "slice": change.slice_name,
        "size_mm": round(change.size_mm, 1),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
