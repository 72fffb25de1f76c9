"""Two models on the same slices: differences drawn patient by patient, and lesions gained and lost."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungview.domain.box import Box
from lungview.task import Task
from lungview_training.evaluation.comparison import ENTIRE, compare_models
from lungview_training.evaluation.figures import drawn_figures
from lungview_training.evaluation.marks import gather
from lungview_training.evaluation.run import compare_folder
from tests.support.annotations import write_voc
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.dicom_series import Recipe, write_series
from tests.training.judged_slices import random_slices, write_pictures

LESION, ELSEWHERE = Box(10, 10, 30, 30), Box(40, 40, 50, 50)
FINDS = ScriptedDetector({0: [(LESION, 0.9)]})
MISSES = ScriptedDetector({0: [(ELSEWHERE, 0.9)], 1: [(ELSEWHERE, 0.8)]})


def test_a_model_and_itself_differ_by_nothing_in_every_draw() -> None:
    drawn = drawn_figures(gather(random_slices(6), 0.5), has_score=True, draws=50)
    for figure in drawn.minus(drawn).figures().values():
        assert figure.value == 0.0
        assert figure.interval_95 == (0.0, 0.0)


def test_differences_are_drawn_from_the_same_patients() -> None:
    """Two models that differ by the same on every patient differ by that for certain, however patients vary."""
    slices = random_slices(6)
    worse = [replace(each, best_iou=None if each.best_iou is None else each.best_iou - 0.1) for each in slices]
    one, other = (drawn_figures(gather(part, 0.5), has_score=True, draws=50) for part in (worse, slices))
    difference = other.minus(one).figures()["best_box_iou"]
    assert difference.value == pytest.approx(0.1)
    assert difference.interval_95 == pytest.approx((0.1, 0.1))


def test_lesions_gained_and_lost_come_with_pictures(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures")
    found = compare_models(pictures, MISSES, FINDS, Task(), parts={"P1 alone": frozenset({"P1"})}, draws=20)
    assert [(each.patient, each.slice_name, each.slice_index) for each in found.gained] == [
        ("P1", "0", 0),
        ("P2", "0", 0),
    ]
    assert found.lost == ()
    assert found.gained[0].picture.png.startswith(b"\x89PNG")
    assert list(found.parts) == [ENTIRE, "P1 alone"]
    assert found.parts[ENTIRE]["best_box_iou"].difference.value == pytest.approx(1.0)
    assert found.parts[ENTIRE]["negatives_fp"].difference.value == pytest.approx(-1.0)
    assert found.parts["P1 alone"]["map50"].difference.interval_95 is None, "one patient"
    back = compare_models(pictures, FINDS, MISSES, Task(), draws=20)
    assert (len(back.gained), len(back.lost)) == (0, 2)


def test_a_series_is_compared_lesion_by_lesion(tmp_path: Path) -> None:
    recipe = Recipe(np.full((8, 64, 64), 1064, dtype=np.int16))
    write_series(tmp_path / "case" / "images", recipe)
    for index in (1, 2, 3):
        write_voc(tmp_path / "case" / "Annotation" / "PHANTOM", recipe.sop_uid(index), (10, 10, 30, 30))
    finds = ScriptedDetector({index: [(LESION, 0.9)] for index in (1, 2)})
    found = compare_models(tmp_path / "case", ScriptedDetector(), finds, Task(), draws=20)
    assert len(found.gained) == 1, "one lesion, whatever number of slices it shows on"
    assert found.gained[0].size_mm == pytest.approx(15.0)


def test_both_reports_of_a_comparison_tell_the_same(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures")
    plain = ScriptedDetector({0: [(LESION, None)]}, info=replace(MODEL, has_score=False, title="No <scores>"))
    comparison, document = compare_folder(pictures, plain, FINDS, tmp_path / "out", Task())
    written = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(document))
    figures = written["parts"][ENTIRE]
    assert "cpm" not in figures, "only one of them can be measured by scores"
    assert figures["map50"]["difference"]["value"] == 0.0
    assert written["slices"][0]["best_box_iou"] == [1.0, 1.0]
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "No &lt;scores&gt;" in page
    assert "http" not in page
    assert str(tmp_path) not in page
    assert comparison.gained == comparison.lost == ()
