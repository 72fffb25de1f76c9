"""False marks per scan at the stops, counted on whole series of patients held out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungview.domain.box import Box
from lungview.domain.detection import Detection, OperatingPoint
from lungview.errors import NothingFoundError
from lungview.task import Task
from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.evaluation.lesions import false_lesions, match_scan
from lungview_training.evaluation.sources import labelled_scans
from lungview_training.heldout import HeldOut
from lungview_training.whole_scans import FEWEST_PATIENTS, count_false_marks
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.weights import compact_file
from tests.training.judged_slices import judged

POINTS = (OperatingPoint("sensitive", 0.1), OperatingPoint("specific", 1.0))


def _config(folder: Path) -> TrainingConfig:
    recipe = Recipe(np.full((6, 64, 64), 1064, dtype=np.int16), pixel_spacing_mm=(4.0, 4.0))
    write_series(folder / "case" / "images", recipe)
    write_voc(folder / "case" / "Annotation" / "PHANTOM", recipe.sop_uid(1), (10, 10, 30, 30))
    source = SourceConfig(SourceKind.CASE, folder / "case")
    return TrainingConfig(name="tiny", output=folder / "run", sources=(source,), device="cpu")


def test_series_of_held_out_patients_are_counted_and_others_are_not(tmp_path: Path) -> None:
    config, weights = _config(tmp_path), compact_file(tmp_path, centre_bias=2.0)
    held = HeldOut("one", weights, (judged("PHANTOM", [], []),))
    counts = count_false_marks(config, [held], POINTS, None)
    assert (counts.patients, counts.scans) == (1, 1)
    sensitive, specific = counts.false_marks
    assert sensitive > specific == 0.0, "the network is untrained and marks everywhere, but never for certain"
    assert counts.told(POINTS) == POINTS, "one patient promises nothing"
    many = replace(counts, patients=FEWEST_PATIENTS)
    assert [point.false_marks_per_scan for point in many.told(POINTS)] == [sensitive, 0.0]
    nobody = count_false_marks(config, [HeldOut("one", weights, (judged("OTHER", [], []),))], POINTS, None)
    assert nobody.scans == 0
    assert nobody.told(POINTS) == POINTS, "what was not counted stays unknown"


def test_series_of_those_who_are_not_asked_for_are_not_even_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = _config(tmp_path).sources
    (scan,) = labelled_scans(source.path, None, Task(), wants="PHANTOM".__eq__)
    assert scan.patient == "PHANTOM"
    monkeypatch.setattr("lungview_training.labelled.load_volume", lambda *_: pytest.fail("decoded"))
    with pytest.raises(NothingFoundError):
        list(labelled_scans(source.path, None, Task(), wants="OTHER".__eq__))


def test_false_lesions_of_several_stops_are_those_of_each(tmp_path: Path) -> None:
    (source,) = _config(tmp_path).sources
    (scan,) = labelled_scans(source.path, None, Task())
    on, off = Box(11, 11, 29, 29), Box(40, 40, 60, 60)
    marks = {at: (Detection(on, 0.9), Detection(off, 0.3 + 0.1 * at)) for at in range(scan.volume.slice_count)}
    stops = (0.0, 0.5, 0.75, 0.95)
    found = false_lesions(scan, marks, stops)
    assert found == tuple(match_scan(scan, marks, stop, stop).false_lesions for stop in stops)
    assert found[0] == 1
    assert found[-1] == 0
