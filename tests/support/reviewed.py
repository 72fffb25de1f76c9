"""Cases as a reader leaves them: opened, boxed, and called reviewed or not."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from lungview.domain.box import Box
from lungview.marks.mark import Mark, Place
from lungview.marks.record import CaseRecord
from lungview.marks.store import RecordStore
from lungview.reading.own_boxes import write_boxes
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series

BOX = Box(10, 10, 30, 30)
BOXED = range(5)


def write_case(home: Path, images: Path, number: int, *, is_reviewed: bool = True) -> Path:
    """Write a patient of ten slices, five with own boxes, and another reader's boxes beside; return the folder."""

    def name(dataset: Dataset, _k: int) -> None:
        dataset.PatientID = f"CASE{number}"
        dataset.StudyInstanceUID = f"1.2.826.0.1.{number}"

    recipe = Recipe(np.full((10, 64, 64), 1000 + number, dtype=np.int16), series=number, edit=name)
    folder = images / f"case{number}" / "images"
    write_series(folder, recipe)
    write_voc(folder.parent / "Annotation", recipe.sop_uid(9), (40, 40, 60, 60))
    marks = {
        str(index): Mark(str(index), Place(recipe.sop_uid(index)), BOX, "lesion", "A", "Ann Reader", "2026-01-02")
        for index in BOXED
    }
    key = f"{number:032d}"
    write_boxes(home / "boxes" / key, {}, marks, {recipe.sop_uid(index): (64, 64) for index in BOXED})
    reviewed = "2026-01-02" if is_reviewed else ""
    RecordStore(home / "marks").save(key, CaseRecord(), CaseRecord(marks, str(folder), reviewed=reviewed))
    return folder
