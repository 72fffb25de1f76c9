"""Sort planes into patients, studies, series and stacks."""

from collections.abc import Sequence
from hashlib import sha256

from lungview.dicom.entries import Entry
from lungview.dicom.facts import Facts
from lungview.dicom.ordering import order
from lungview.dicom.parts import Part, group_by
from lungview.dicom.report import report_on
from lungview.dicom.splitting import split_series
from lungview.domain.study import Patient, Series, Stack, StackKind, Study

_KIND_ORDER = tuple(StackKind)


def group(entries: Sequence[Entry]) -> tuple[Patient, ...]:
    """Return the patients that planes belong to.

    entries: in the order in which files were listed, none twice. Empty UIDs are told apart by folder, number and
    description.
    """
    patients = [_patient(group) for group in group_by(entries, lambda entry: _patient_key(entry.facts)).values()]
    patients.sort(key=lambda patient: (patient.name.casefold(), patient.id.casefold()))
    return tuple(patients)


def _patient_key(facts: Facts) -> tuple[str, str]:
    return facts.patient_id, facts.patient_name.rstrip("^ ").casefold()


def _study_key(entry: Entry) -> tuple[str, ...]:
    facts = entry.facts
    return (facts.study_uid,) if facts.study_uid else ("", facts.study_date, facts.study_description)


def _series_key(entry: Entry) -> tuple[str, ...]:
    facts = entry.facts
    if facts.series_uid:
        return (facts.series_uid,)
    source = entry.instance.source
    folder = f"{source.path}/{source.member.rpartition('/')[0]}" if source.member else str(source.path.parent)
    return "", folder, str(facts.series_number), facts.series_description


def _patient(entries: Sequence[Entry]) -> Patient:
    facts = entries[0].facts
    studies = [_study(group) for group in group_by(entries, _study_key).values()]
    studies.sort(key=lambda study: (study.date, study.uid))
    return Patient(facts.patient_id, facts.patient_name, facts.patient_sex, facts.patient_birth_date, tuple(studies))


def _study(entries: Sequence[Entry]) -> Study:
    facts = entries[0].facts
    series = [_series(group) for group in group_by(entries, _series_key).values()]
    series.sort(key=lambda one: (one.number is None, one.number or 0, one.uid))
    return Study(facts.study_uid, facts.study_description, facts.study_date, tuple(series))


def _series(entries: Sequence[Entry]) -> Series:
    facts = entries[0].facts
    parts = split_series(entries)
    parts.sort(key=lambda part: _KIND_ORDER.index(part.kind))  # stable: acquisitions stay in the order they were met
    stacks = tuple(_stack(part, number, len(parts)) for number, part in enumerate(parts))
    return Series(
        uid=facts.series_uid,
        modality=facts.modality,
        description=facts.series_description,
        number=facts.series_number,
        stacks=stacks,
        body_part=facts.body_part,
    )


def _stack(part: Part, number: int, count: int) -> Stack:
    entries, rule = order(part.entries, by_place=part.kind is not StackKind.UNPLACED)
    facts = entries[0].facts
    name = facts.series_description or (
        f"Series {facts.series_number}" if facts.series_number is not None else facts.modality
    )
    return Stack(
        key=_key(entries, number),
        series_uid=facts.series_uid,
        name=", ".join((name, *part.labels)) if count > 1 else name,
        kind=part.kind,
        modality=facts.modality,
        instances=tuple(entry.instance for entry in entries),
        report=report_on(entries, rule, part.kind, part.notes),
        unit=facts.unit,
        kernel=facts.kernel,
        frame_of_reference_uid=facts.frame_of_reference_uid,
    )


def _key(entries: Sequence[Entry], number: int) -> str:
    """Return a name for a stack that no other of the scan has: by its images, not by where they lie."""
    digest = sha256()
    for entry in entries:
        instance = entry.instance
        digest.update(f"{instance.sop_instance_uid or instance.source.name}#{instance.frame}\n".encode())
    return f"{entries[0].facts.series_uid or 'series'}/{number}-{digest.hexdigest()[:12]}"
