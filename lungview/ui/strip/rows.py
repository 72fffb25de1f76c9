"""What the strip lists, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lungview.domain.study import Patient, Series, Stack, StackKind, Study
from lungview.ui.panes.corner_text import as_date, as_name

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
    """One row. title and details: its two lines. boxes: how many readers drew. part: the third line."""

    kind: RowKind
    title: str
    details: str = ""
    stack: Stack | None = None
    boxes: int = 0
    part: str = ""


def rows_of(
    patients: tuple[Patient, ...], boxes: Mapping[str, int], *, names_patients: bool = True
) -> tuple[StripRow, ...]:
    """Patients, under each its studies, under each its stacks.

    boxes: how many readers drew, by stack key. names_patients: False for screenshots without identity.
    """
    return tuple(_rows(patients, boxes, names_patients))


def _rows(patients: tuple[Patient, ...], boxes: Mapping[str, int], names_patients: bool) -> Iterator[StripRow]:
    for number, patient in enumerate(patients, start=1):
        if names_patients:
            yield StripRow(RowKind.PATIENT, patient_title(patient), _patient_details(patient))
        else:
            yield StripRow(RowKind.PATIENT, f"Patient {number}" if len(patients) > 1 else "Patient")
        for study in patient.studies:
            yield StripRow(RowKind.STUDY, study.description or "Study", as_date(study.date))
            for series, stack in _stacks(study):
                title, count = _title(series, stack), boxes.get(stack.key, 0)
                yield StripRow(RowKind.STACK, title, _details(stack), stack, count, _part(series, stack))


def _stacks(study: Study) -> Iterator[tuple[Series, Stack]]:
    for series in study.series:
        for stack in series.stacks:
            yield series, stack


def patient_title(patient: Patient) -> str:
    """The name to show, else the ID."""
    return as_name(patient.name) or patient.id or "No name"


def _patient_details(patient: Patient) -> str:
    shown_id = patient.id if patient.id != patient_title(patient) else ""
    return " · ".join(part for part in (shown_id, patient.sex, as_date(patient.birth_date)) if part)


def _title(series: Series, stack: Stack) -> str:
    number = f"{series.number}  " if series.number is not None else ""
    alone = stack.name if len(series.stacks) < 2 else ""
    return f"{number}{series.description or alone or 'Series'}"


def _details(stack: Stack) -> str:
    count = f"{stack.slice_count} slice{'' if stack.slice_count == 1 else 's'}"
    return " · ".join(part for part in (stack.modality, count, stack.kernel) if part)


def _part(series: Series, stack: Stack) -> str:
    """What kind of stack it is, and what tells it from the others of its series."""
    own = series.description or f"Series {series.number}"
    named = (stack.name.removeprefix(own).strip(" ,") or stack.name) if len(series.stacks) > 1 else ""
    kind = _KIND_WORDS[stack.kind]
    return " · ".join(part for part in (kind if kind not in named else "", named) if part)
