"""The parts of the document that `detect` writes, as JSON has them."""

from typing import TypedDict


class BoxEntry(TypedDict):
    """A model's box: [xmin, ymin, xmax, ymax] in pixels, half-open; score null for models without one."""

    box: list[float]
    score: float | None


class ReaderBoxEntry(TypedDict):
    """A reader's box as filed."""

    box: list[float]
    label: str
    author: str
    time: str


class SliceEntry(TypedDict):
    """One slice. index: from 0 in the order told in "order". position_mm: along the normal, null where unknown.

    iou: mean over the readers' boxes of the IoU with the model's box paired with each, a missed one counting 0;
    null where readers drew none.
    """

    index: int
    sop_uid: str
    frame: int
    position_mm: float | None
    boxes: list[BoxEntry]
    reader_boxes: list[ReaderBoxEntry]
    iou: float | None


class LesionBoxEntry(TypedDict):
    """A lesion's box on one slice."""

    index: int
    box: list[float]
    score: float | None


class LesionEntry(TypedDict):
    """A lesion. slices: first and last index, both included. size_mm: across, down, through; null where unknown.

    iou, centre_hit: against the lesion of the other side that belongs to it, null where none does.
    """

    id: str
    slices: list[int]
    score: float | None
    size_mm: list[float] | None
    boxes: list[LesionBoxEntry]
    label: str
    iou: float | None
    centre_hit: bool | None


class NoteEntry(TypedDict):
    """One oddity of a stack's geometry."""

    issue: str
    message: str
    slices: list[int]
    value: float | None


class SeriesEntry(TypedDict):
    """One stack of a series; a series split into several stands here once for each, named in "stack"."""

    uid: str
    patient: str
    study_uid: str
    description: str
    number: int | None
    modality: str
    stack: str
    kernel: str
    order: str
    spacing_mm: float | None
    pixel_spacing_mm: list[float] | None
    tilt_degrees: float
    geometry_notes: list[NoteEntry]
    slices: list[SliceEntry]
    lesions: list[LesionEntry]
    reader_lesions: list[LesionEntry]


class ProblemEntry(TypedDict):
    """A file that could not be used as meant, and why."""

    file: str
    kind: str
    message: str


class AnnotationsEntry(TypedDict):
    """What was linked. linked: files used; unmatched: names of files that belong to no image here."""

    linked: int
    boxes: int
    unmatched: list[str]
    unboxed_slices: int
    boxed_captures: int
    problems: list[ProblemEntry]


class OperatingPointEntry(TypedDict):
    """A named score threshold with what validation showed there."""

    name: str
    score_threshold: float
    sensitivity: float | None
    false_marks_per_scan: float | None


class ModelEntry(TypedDict):
    """Which model answered."""

    name: str
    title: str
    architecture: str
    weights_sha256: str
    parameters: int
    has_score: bool
    operating_points: list[OperatingPointEntry]


class SkippedEntry(TypedDict):
    """A stack that was not looked at."""

    uid: str
    stack: str
    kind: str
    slices: int


class Report(TypedDict):
    """The whole document. score_threshold: boxes below it are left out."""

    lungview: str
    created: str
    model: ModelEntry
    device: str
    score_threshold: float
    series: list[SeriesEntry]
    skipped: list[SkippedEntry]
    annotations: AnnotationsEntry
    problems: list[ProblemEntry]
