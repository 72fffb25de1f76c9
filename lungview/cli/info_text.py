"""What `info` tells, in lines for people."""

from lungview.annotations.values import Annotations
from lungview.cli.wording import counted, listed, plain, problem_lines
from lungview.domain.study import Patient, Series, Stack
from lungview.reading.case import Case


def info_lines(case: Case) -> list[str]:
    """All that `info` says of a case."""
    lines = [line for patient in case.scan.patients for line in _patient_lines(case, patient)]
    lines += _annotation_lines(case.annotations) if lines else [case.summary_problem()]
    if case.scan.problems:
        lines.append(f"Not among the images: {counted(len(case.scan.problems), 'file')}")
        lines += [f"  {line}" for line in problem_lines(case.scan.problems)]
    return [plain(line) for line in lines]


def _patient_lines(case: Case, patient: Patient) -> list[str]:
    lines = [f"Patient {patient.id or 'without ID'} {patient.name}".rstrip()]
    for study in patient.studies:
        lines.append(f"  Study {study.date} {study.description}".rstrip())
        for series in study.series:
            lines.append(f"    Series {_series_words(series)}")
            lines += [line for stack in series.stacks for line in _stack_lines(case, stack)]
    return lines


def _series_words(series: Series) -> str:
    number = "" if series.number is None else f"{series.number} "
    return f"{number}{series.modality} {series.description}".rstrip()


def _stack_lines(case: Case, stack: Stack) -> list[str]:
    report, pixels = stack.report, stack.instances[0].pixels
    spacing = "" if report.spacing_mm is None else f", {report.spacing_mm:g} mm apart"
    findings = case.findings_by_slice(stack)
    boxed = f"; readers' boxes on {counted(len(findings), 'slice')}" if findings else ""
    lines = [
        f"      {stack.name} ({stack.kind}): {counted(stack.slice_count, 'slice')} of {pixels.columns} x {pixels.rows}"
        f"{spacing}, ordered by {report.order_rule}{boxed}"
    ]
    return lines + [f"        {note.message}" for note in report.notes]


def _annotation_lines(annotations: Annotations) -> list[str]:
    if not annotations.folders:
        return ["Readers' boxes: no annotation folder was found; name it with --annotations."]
    lines = [
        f"Readers' boxes: {annotations.box_count} in {counted(len(annotations.linked), 'linked file')}; "
        f"without an image here: {counted(len(annotations.unmatched), 'file')}; "
        f"without a file: {counted(annotations.unboxed_count, 'image')}"
    ]
    if annotations.unmatched:
        lines.append(f"  Without an image here: {listed([source.name for source in annotations.unmatched])}")
    return lines + [f"  {note.message}" for note in annotations.problems]
