"""What the strip lists, worded, without Qt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lungview.domain.study import Patient, Series, Stack, StackKind, Study

_KIND_WORDS: Mapping[StackKind, str] = {
    StackKind.VOLUME: "",
    StackKind.SINGLE_POSITION: "one position",
    StackKind.LOCALIZER: "localizer",
    StackKind.CAPTURE: "capture",
    StackKind.UNPLACED: "no positions",
}


class RowKind(StrEnum):
    """What a row of the strip is."""

    PATIENT = "patient"
    STUDY = "study"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class StripRow:
    """One row. title and details: its two lines. boxes: how many readers drew."""

    kind: RowKind
    title: str
    details: str = ""
    stack: Stack | None = None
    boxes: int = 0


def rows_of(patients: tuple[Patient, ...], boxes: Mapping[str, int]) -> tuple[StripRow, ...]:
    """Patients, under each its studies, under each its stacks. boxes: by stack key."""
    return tuple(_rows(patients, boxes))


def _rows(patients: tuple[Patient, ...], boxes: Mapping[str, int]) -> Iterator[StripRow]:
    for patient in patients:
        yield StripRow(RowKind.PATIENT, patient_title(patient), _patient_details(patient))
        for study in patient.studies:
            yield StripRow(RowKind.STUDY, study.description or "Study", day(study.date))
            for series, stack in _stacks(study):
                yield StripRow(RowKind.STACK, _title(series, stack), _details(stack), stack, boxes.get(stack.key, 0))


def _stacks(study: Study) -> Iterator[tuple[Series, Stack]]:
    for series in study.series:
        for stack in series.stacks:
            yield series, stack


def patient_title(patient: Patient) -> str:
    """The name to show, else the ID; the carets of DICOM's name parts become spaces."""
    name = " ".join(part for part in patient.name.split("=")[0].replace("^", " ").split() if part)
    return name or patient.id or "No name"


def _patient_details(patient: Patient) -> str:
    shown_id = patient.id if patient.id != patient_title(patient) else ""
    return " · ".join(part for part in (shown_id, patient.sex, day(patient.birth_date)) if part)


def _title(series: Series, stack: Stack) -> str:
    number = f"{series.number}  " if series.number is not None else ""
    named = stack.name if len(series.stacks) > 1 and stack.name else series.description or stack.name
    return f"{number}{named or 'Series'}"


def _details(stack: Stack) -> str:
    count = f"{stack.slice_count} slice{'' if stack.slice_count == 1 else 's'}"
    parts = (stack.modality, count, stack.kernel, _KIND_WORDS[stack.kind])
    return " · ".join(part for part in parts if part)


def day(date: str) -> str:
    """YYYYMMDD as YYYY-MM-DD; anything else as it stands."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date
