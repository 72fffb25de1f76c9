"""The document that `detect` writes: boxes slice by slice, lesions, readers' boxes and how the slices were ordered."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from lungview.domain.box import Box
from lungview.domain.detection import ModelInfo, SliceDetections
from lungview.domain.finding import Finding
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.lesion import Lesion
from lungview.domain.study import Patient, Series, Stack, Study
from lungview.reading.case import Case
from lungview.reading.comparison import LesionRow, compare_slice, lesion_rows, shown_detections
from lungview.reading.report_entries import (
    AnnotationsEntry,
    BoxEntry,
    LesionBoxEntry,
    LesionEntry,
    ModelEntry,
    NoteEntry,
    OperatingPointEntry,
    ProblemEntry,
    ReaderBoxEntry,
    Report,
    SeriesEntry,
    SkippedEntry,
    SliceEntry,
)


@dataclass(frozen=True, slots=True, eq=False)
class StackResult:
    """A model's answers for one stack. detections: by slice index."""

    stack: Stack
    geometry: VolumeGeometry
    detections: Mapping[int, SliceDetections]


def build_report(
    case: Case,
    results: Sequence[StackResult],
    info: ModelInfo,
    device: str,
    score_threshold: float | None = None,
    created: datetime | None = None,
) -> Report:
    """Put what a model said of a case's stacks into one document, free of NaN, ready for json.dumps.

    score_threshold: None takes the model's default. The patients' IDs stand in it as filed: the reader asked for it.
    """
    threshold = info.default_threshold if score_threshold is None else score_threshold
    by_key = {result.stack.key: result for result in results}
    places = list(_places(case))
    return Report(
        lungview=program_version(),
        created=(created or datetime.now(UTC)).isoformat(timespec="seconds"),
        model=_model(info),
        device=device,
        score_threshold=threshold,
        series=[
            _series(case, place, by_key[place.stack.key], threshold) for place in places if place.stack.key in by_key
        ],
        skipped=[
            SkippedEntry(uid=stack.series_uid, stack=stack.name, kind=stack.kind.value, slices=stack.slice_count)
            for stack in (place.stack for place in places)
            if stack.key not in by_key
        ],
        annotations=_annotations(case),
        problems=[
            ProblemEntry(file=problem.source.name, kind=problem.kind.value, message=problem.message)
            for problem in case.scan.problems
        ],
    )


def program_version() -> str:
    """The installed version, "" in a tree that was never installed."""
    try:
        return version("lungview")
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A stack with all that stands above it."""

    patient: Patient
    study: Study
    series: Series
    stack: Stack


def _places(case: Case) -> Iterator[_Place]:
    for patient in case.scan.patients:
        for study in patient.studies:
            for series in study.series:
                yield from (_Place(patient, study, series, stack) for stack in series.stacks)


def _series(case: Case, place: _Place, result: StackResult, threshold: float) -> SeriesEntry:
    stack, geometry, report = place.stack, result.geometry, place.stack.report
    findings = case.findings_by_slice(stack)
    rows = lesion_rows(stack, geometry, findings, result.detections, threshold)
    return SeriesEntry(
        uid=stack.series_uid,
        patient=place.patient.id,
        study_uid=place.study.uid,
        description=place.series.description,
        number=place.series.number,
        modality=stack.modality,
        stack=stack.name,
        kernel=stack.kernel,
        order=report.order_rule.value,
        spacing_mm=_finite(report.spacing_mm),
        pixel_spacing_mm=[float(side) for side in geometry.pixel_spacing_mm] if geometry.is_known else None,
        tilt_degrees=_finite(report.tilt_degrees) or 0.0,
        geometry_notes=[
            NoteEntry(issue=note.issue.value, message=note.message, slices=list(note.slices), value=_finite(note.value))
            for note in report.notes
        ],
        slices=_slices(result, findings, threshold),
        lesions=[_lesion(row, row.ai, geometry) for row in rows if row.ai is not None],
        reader_lesions=[_lesion(row, row.reader, geometry) for row in rows if row.reader is not None],
    )


def _slices(result: StackResult, findings: Mapping[int, Sequence[Finding]], threshold: float) -> list[SliceEntry]:
    """An entry for every slice, looked at or not; without a known geometry positions are null."""
    positions = result.geometry.positions_mm if result.geometry.is_known else None
    entries = []
    for index, instance in enumerate(result.stack.instances):
        answer = result.detections.get(index)
        detections = shown_detections(answer.detections, threshold) if answer is not None else ()
        drawn = findings.get(index, ())
        entries.append(
            SliceEntry(
                index=index,
                sop_uid=instance.sop_instance_uid,
                frame=instance.frame,
                position_mm=None if positions is None else _finite(positions[index], 3),
                boxes=[BoxEntry(box=_corners(each.box), score=_finite(each.score)) for each in detections],
                reader_boxes=[
                    ReaderBoxEntry(box=_corners(each.box), label=each.label, author=each.author, time=each.time)
                    for each in drawn
                ],
                iou=_finite(compare_slice(drawn, detections, threshold).iou) if answer is not None else None,
            )
        )
    return entries


def _lesion(row: LesionRow, lesion: Lesion, geometry: VolumeGeometry) -> LesionEntry:
    return LesionEntry(
        id=row.id,
        slices=[lesion.first, lesion.last],
        score=_finite(lesion.score),
        size_mm=[round(float(side), 2) for side in lesion.size_mm] if geometry.is_known else None,
        boxes=[
            LesionBoxEntry(index=index, box=_corners(box), score=_finite(lesion.scores.get(index)))
            for index, box in lesion.boxes.items()
        ],
        label=lesion.label,
        iou=_finite(row.iou),
        centre_hit=row.is_centre_hit,
    )


def _annotations(case: Case) -> AnnotationsEntry:
    annotations = case.annotations
    return AnnotationsEntry(
        linked=len(annotations.linked),
        boxes=annotations.box_count,
        unmatched=[source.name for source in annotations.unmatched],
        unboxed_slices=annotations.unboxed_count,
        boxed_captures=len(annotations.captures),
        problems=[
            ProblemEntry(file=note.source.name, kind=note.issue.value, message=note.message)
            for note in annotations.problems
        ],
    )


def _model(info: ModelInfo) -> ModelEntry:
    return ModelEntry(
        name=info.name,
        title=info.title,
        architecture=info.architecture,
        weights_sha256=info.weights_sha256,
        parameters=info.parameters,
        has_score=info.has_score,
        operating_points=[
            OperatingPointEntry(
                name=point.name,
                score_threshold=point.score_threshold,
                sensitivity=_finite(point.sensitivity),
                false_marks_per_scan=_finite(point.false_marks_per_scan),
            )
            for point in info.operating_points
        ],
    )


def _corners(box: Box) -> list[float]:
    return [round(float(corner), 2) for corner in box.as_tuple()]


def _finite(value: float | None, digits: int = 6) -> float | None:
    """The number rounded, null for what JSON has no word for."""
    return round(float(value), digits) if value is not None and math.isfinite(value) else None
