"""Asks base and new model about the same labelled slices and says what changed, as a window can show it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lungview.domain.detection import Detector
from lungview.errors import TrainingError
from lungview.task import Task
from lungview_training.config import SplitKind, TrainingConfig
from lungview_training.evaluation.comparison import ENTIRE, Change, Compared, Comparison, compare_on
from lungview_training.evaluation.document import froc_curve
from lungview_training.evaluation.intervals import Figure
from lungview_training.evaluation.measure import Measured
from lungview_training.evaluation.sources import LabelledScan, labelled_scans
from lungview_training.run_files import SPLIT_FILE
from lungview_training.split import LEAK, Split, read_split
from lungview_training.supervision.proof import MEASURE, Froc, Proof, Row, Thumb, Value

TEST, VALIDATION = "test part", "validation part"
_SHOWN = {
    "best_box_iou": MEASURE,
    "sensitivity": "Boxes found at the threshold",
    "map50": "Average precision at IoU 0.5",
    "negatives_flagged": "Lesion-free slices marked",
}
_MOST_THUMBS = 60


def prove(config: TrainingConfig, before: Detector, after: Detector, task: Task) -> Proof:
    """Compare on all that the run learned from or held out; the parts are those of its split."""
    split = _split(config)
    parts = _parts(split)
    comparison = compare_on(_scans(config, task), before, after, task, parts=parts)
    held_out = next((name for name in (TEST, VALIDATION) if name in comparison.parts), "")
    rows = tuple(_row(part, name, found) for part, table in comparison.parts.items() for name, found in _shown(table))
    members = parts.get(held_out)
    remarks = [LEAK] if split is not None and split.is_leaking else []
    if held_out == VALIDATION:
        remarks.append(
            "No patient was kept for the test: the validation part, by which weights were chosen, stands in."
        )
    return Proof(
        before=before.info.title,
        after=config.name,
        held_out=held_out,
        rows=rows,
        froc=_froc(comparison, members),
        thumbs=_thumbs(comparison, members),
        remarks=tuple(remarks),
        base=before.info.name,
        base_sha256=before.info.weights_sha256,
        patients=len({each.patient for each in comparison.before.slices} & (members or frozenset())),
    )


def _scans(config: TrainingConfig, task: Task) -> Iterator[LabelledScan]:
    """Of one source after another; where there are several, each scan's name tells which it is of."""
    for number, source in enumerate(config.sources, start=1):
        for scan in labelled_scans(source.path, source.annotations, task):
            yield scan if len(config.sources) == 1 else replace(scan, scan=f"case {number}, {scan.scan}")


def _split(config: TrainingConfig) -> Split | None:
    path = config.output / SPLIT_FILE
    try:
        return read_split(path) if path.is_file() else None
    except TrainingError:
        return None


def _parts(split: Split | None) -> Mapping[str, frozenset[str]]:
    if split is None or split.kind is SplitKind.IMAGE:
        return {}
    return {name: members for name, members in ((TEST, split.test), (VALIDATION, split.validation)) if members}


def _shown(table: Mapping[str, Compared]) -> list[tuple[str, Compared]]:
    return [(words, table[name]) for name, words in _SHOWN.items() if name in table]


def _row(part: str, name: str, found: Compared) -> Row:
    values = (_value(each) for each in (found.before, found.after, found.difference))
    return Row("entire set" if part == ENTIRE else part, name, *values)


def _value(figure: Figure) -> Value:
    return Value(figure.value, figure.interval_95)


def _froc(comparison: Comparison, members: frozenset[str] | None) -> tuple[Froc, Froc] | None:
    """Of held-out patients, else of all; None where a model gives no scores."""
    if not all(info.has_score for info in comparison.models):
        return None
    one, other = (_curve(each, members) for each in (comparison.before, comparison.after))
    return one, other


def _curve(measured: Measured, members: frozenset[str] | None) -> Froc:
    kept = measured
    if members is not None:
        slices = tuple(each for each in measured.slices if each.patient in members)
        lesions = tuple(each for each in measured.lesions if each.patient in members)
        kept = Measured(slices, lesions, measured.worst, measured.threshold, measured.is_whole, measured.is_size_known)
    drawn = froc_curve(kept)
    return Froc(tuple(drawn.false_marks.tolist()), tuple(drawn.sensitivity.tolist()))


def _thumbs(comparison: Comparison, members: frozenset[str] | None) -> tuple[Thumb, ...]:
    gained = [_thumb(each, is_gained=True) for each in comparison.gained if members is None or each.patient in members]
    lost = [_thumb(each, is_gained=False) for each in comparison.lost if members is None or each.patient in members]
    return (*gained[:_MOST_THUMBS], *lost[:_MOST_THUMBS])


def _thumb(change: Change, *, is_gained: bool) -> Thumb:
    return Thumb(is_gained, change.patient, change.scan, change.slice_index, change.picture.png, change.picture.caption,
                 change.stack, change.file, change.box)  # fmt: skip
