"""DICOM slices of which a table says whether they, or their series, hold a lesion, without saying where."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lungview.detection.preprocess import grid_for
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.errors import DicomError, TrainingError
from lungview.task import Task
from lungview_training.labelled import tell_left_out
from lungview_training.resampling import resampled
from lungview_training.samples import SAMPLE_MM, Sample, digest_of, no_labels, subtype_of
from lungview_training.units import TellLeftOut

TABLE_NAMES = ("labels.csv", "slice_labels.csv", "series_labels.csv")
_SLICE_COLUMNS = ("sop_instance_uid", "sop_uid")
_SERIES_COLUMNS = ("series_instance_uid", "series_uid")
_LABEL_COLUMNS = ("has_lesion", "has_tcia_xml", "label")
_VALUES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Labels:
    """What a table says, by SOP Instance UID and by Series Instance UID."""

    slices: Mapping[str, bool] = field(default_factory=dict)
    series: Mapping[str, bool] = field(default_factory=dict)


def read_labelled(folder: Path, on_left_out: TellLeftOut = tell_left_out, *, subtype: str = "") -> list[Sample]:
    """Read the slices that labels.csv of a folder tells of, at the samples' pixel size.

    The table has a column sop_instance_uid for slices, or series_instance_uid alone for whole series, and has_lesion (1
    or 0). Slices of a series said to hold a lesion are unknown themselves. on_left_out: told of unreadable series.
    subtype: of all patients, where their IDs do not tell.
    """
    labels = read_table(folder)
    samples = []
    for number, patient in enumerate(scan(folder, Task()).patients, start=1):
        name = patient.id or f"patient {number}"
        for study in patient.studies:
            for stack in (stack for series in study.series for stack in series.stacks):
                samples += _of_stack(stack, labels, _Owner(name, study.uid, subtype_of(name, subtype)), on_left_out)
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no CT slices that its table of labels names.")
    return sorted(samples, key=lambda sample: (sample.patient, sample.name))


def read_table(folder: Path) -> Labels:
    """Read labels.csv (or slice_labels.csv, series_labels.csv) of a folder."""
    path = next((folder / name for name in TABLE_NAMES if (folder / name).is_file()), None)
    if path is None:
        raise TrainingError(f"The folder {folder.name} holds none of {', '.join(TABLE_NAMES)}.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or ()
            of_slice, of_series, label = (
                next((name for name in names if name in columns), None)
                for names in (_SLICE_COLUMNS, _SERIES_COLUMNS, _LABEL_COLUMNS)
            )
            if label is None or (of_slice or of_series) is None:
                raise TrainingError(
                    f"{path.name} needs a column sop_instance_uid or series_instance_uid, and a column has_lesion."
                )
            found = {row[of_slice or of_series or ""]: _label(row[label], path) for row in table}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{path.name} cannot be read: {error}.") from error
    return Labels(slices=found) if of_slice else Labels(series=found)


@dataclass(frozen=True, slots=True)
class _Owner:
    patient: str
    study: str
    subtype: str


def _label(value: str | None, path: Path) -> bool:
    try:
        return _VALUES[(value or "").strip().lower()]
    except KeyError as error:
        raise TrainingError(f"{path.name}: {value!r} is no label; write 1 or 0.") from error


def _of_stack(stack: Stack, labels: Labels, owner: _Owner, on_left_out: TellLeftOut) -> list[Sample]:
    """Told slices of one stack; acquisitions that share a series are stacks, and so bags, of their own."""
    is_told = stack.series_uid in labels.series or any(
        each.sop_instance_uid in labels.slices for each in stack.instances
    )
    if not (stack.is_detectable and is_told):
        return []
    try:
        volume = load_volume(stack, Task())
    except DicomError as error:
        on_left_out(f"Series {stack.name}: {error}")
        return []
    return [] if volume.is_colour else list(_samples(volume, labels, owner))


def _samples(volume: Volume, labels: Labels, owner: _Owner) -> Iterator[Sample]:
    stack = volume.stack
    unread = {index for index, _ in volume.unreadable}
    of_series = labels.series.get(stack.series_uid)
    for index, instance in enumerate(stack.instances):
        # No slice of a series without lesions holds one.
        label = labels.slices.get(instance.sop_instance_uid, False if of_series is False else None)
        if index in unread or (label is None and of_series is None):
            continue
        grid = grid_for((volume.geometry.rows, volume.geometry.columns), instance.pixel_spacing_mm, 1, SAMPLE_MM)
        hu = resampled(volume.voxels[index].astype(np.int16), grid)
        yield Sample(
            patient=owner.patient,
            name=instance.sop_instance_uid,
            hu=hu,
            labels=no_labels(hu.shape),
            boxes=np.zeros((0, 4), dtype=np.float32),
            has_mask=False,
            is_negative_known=label is False,
            series=stack.key,
            label=label,
            series_label=of_series,
            subtype=owner.subtype,
            study=owner.study,
            digest=digest_of(hu),
        )
