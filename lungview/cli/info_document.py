"""What `info` tells, as a document for scripts: what a path holds, how it was ordered, what was linked."""

from lungview.annotations.values import Annotations
from lungview.domain.geometry_report import GeometryReport
from lungview.domain.study import Patient, Series, Stack, Study
from lungview.reading.case import Case

Document = dict[str, object]


def info_document(case: Case) -> Document:
    """Everything `info` knows of a case; file names without folders."""
    scan = case.scan
    return {
        "patients": [_patient(case, patient) for patient in scan.patients],
        "problems": [
            {"file": problem.source.name, "kind": problem.kind.value, "message": problem.message}
            for problem in scan.problems
        ],
        "annotations": _annotations(case.annotations),
    }


def _patient(case: Case, patient: Patient) -> Document:
    return {
        "id": patient.id,
        "name": patient.name,
        "sex": patient.sex,
        "birth_date": patient.birth_date,
        "studies": [_study(case, study) for study in patient.studies],
    }


def _study(case: Case, study: Study) -> Document:
    return {
        "uid": study.uid,
        "description": study.description,
        "date": study.date,
        "series": [_series(case, series) for series in study.series],
    }


def _series(case: Case, series: Series) -> Document:
    return {
        "uid": series.uid,
        "modality": series.modality,
        "description": series.description,
        "number": series.number,
        "body_part": series.body_part,
        "stacks": [_stack(case, stack) for stack in series.stacks],
    }


def _stack(case: Case, stack: Stack) -> Document:
    pixels = stack.instances[0].pixels
    findings = case.findings_by_slice(stack)
    return {
        "key": stack.key,
        "name": stack.name,
        "kind": stack.kind.value,
        "modality": stack.modality,
        "unit": stack.unit,
        "kernel": stack.kernel,
        "slices": stack.slice_count,
        "rows": pixels.rows,
        "columns": pixels.columns,
        "transfer_syntax_uid": pixels.transfer_syntax_uid,
        "is_detectable": stack.is_detectable,
        "geometry": _geometry(stack.report),
        "boxed_slices": len(findings),
        "boxes": sum(map(len, findings.values())),
        "unboxed_slices": len(case.annotations.unboxed.get(stack.key, ())),
    }


def _geometry(report: GeometryReport) -> Document:
    return {
        "order_rule": report.order_rule.value,
        "spacing_mm": report.spacing_mm,
        "tilt_degrees": report.tilt_degrees,
        "notes": [
            {"issue": note.issue.value, "message": note.message, "slices": list(note.slices), "value": note.value}
            for note in report.notes
        ],
    }


def _annotations(annotations: Annotations) -> Document:
    return {
        "folders": [folder.name for folder in annotations.folders],
        "linked": len(annotations.linked),
        "boxes": annotations.box_count,
        "unmatched": [source.name for source in annotations.unmatched],
        "unboxed": annotations.unboxed_count,
        "captures": len(annotations.captures),
        "problems": [
            {"file": note.source.name, "issue": note.issue.value, "message": note.message}
            for note in annotations.problems
        ],
    }
