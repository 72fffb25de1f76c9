"""Evaluation on labelled scans: figures that can be counted by hand, and what a report must and must not hold."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungview.detection.context import neighbours
from lungview.detection.registry import load_detector
from lungview.domain.box import Box
from lungview.domain.detection import ModelInfo
from lungview.domain.finding import Source
from lungview.domain.lesion import Lesion
from lungview.errors import NothingFoundError
from lungview.task import Task
from lungview_training.context import with_neighbours
from lungview_training.dataset import read_images
from lungview_training.evaluation.figures import figures, reliability, size_figures
from lungview_training.evaluation.lesions import hit_of
from lungview_training.evaluation.marks import gather
from lungview_training.evaluation.origin import seen_before
from lungview_training.evaluation.pictures import MODEL as MODEL_COLOUR
from lungview_training.evaluation.pictures import MOST, READER, WorstCases
from lungview_training.evaluation.run import evaluate_folder
from lungview_training.evaluation.sources import labelled_scans
from lungview_training.samples import Sample
from tests.support.annotations import write_voc
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.dicom_series import Recipe, write_series
from tests.support.shared_data import shared
from tests.support.weights import study_network
from tests.training.judged_slices import judged, random_slices, write_pictures

_LESION = (10.0, 10.0, 30.0, 30.0)


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Two patients of two pictures; the first picture of each has a box."""
    return write_pictures(tmp_path / "pictures")


def test_figures_counted_by_hand(tmp_path: Path) -> None:
    slices = [
        judged("A", [_LESION], [0.9], _LESION),
        judged("A", [(100, 100, 110, 110)], [0.8]),
        judged("B", [], [], _LESION),
        judged("B", [(100, 100, 110, 110)], [0.2]),
    ]
    found = figures(gather(slices, 0.5), has_score=True, draws=200)
    assert found["best_box_iou"].value == pytest.approx(0.5)
    assert found["map50"].value == pytest.approx(0.5)
    assert found["negatives_fp"].value == pytest.approx(0.5)
    assert found["best_box_iou"].interval_95 == (0.0, 1.0)
    assert found["cpm"].value == pytest.approx(0.5)
    assert sum(each.marks for each in reliability(gather(slices, 0.5))) == 3


def test_found_boxes_are_told_by_size_and_from_shown_marks_alone() -> None:
    small = (50.0, 50.0, 58.0, 58.0)
    slices = [
        judged("A", [_LESION, (50, 50, 58, 54)], [0.9, 0.6], _LESION, small),
        judged("B", [_LESION, small], [0.8, 0.4], _LESION, small),
    ]
    found = figures(gather(slices, 0.5), has_score=True, draws=20)
    assert found["found_iou"].value == pytest.approx((1 + 0.5 + 1) / 3)
    assert found["sensitivity"].value == pytest.approx(0.75)
    sizes = {words: figure for words, (_, figure) in size_figures(slices, 0.5, draws=20).items()}
    assert set(sizes) == {"under 10 mm", "10 to 30 mm"}
    assert sizes["under 10 mm"]["sensitivity"].value == pytest.approx(0.5)
    assert sizes["10 to 30 mm"]["found_iou"].value == pytest.approx(1.0)


def test_a_lesion_is_hit_where_its_best_box_lies() -> None:
    reference = Lesion(Source.READER, {3: Box(10, 10, 30, 30), 5: Box(20, 10, 40, 30)}, (20, 20, 15))
    near = {2: Box(60, 60, 90, 90), 3: Box(15, 15, 25, 25)}
    assert hit_of(Lesion(Source.AI, near, (1, 1, 1), 0.9, {2: 0.3, 3: 0.9}), [reference]) == 0
    assert hit_of(Lesion(Source.AI, near, (1, 1, 1), 0.9, {2: 0.9, 3: 0.3}), [reference]) is None
    assert hit_of(Lesion(Source.AI, {4: Box(18, 18, 22, 22)}, (1, 1, 1), 0.9, {4: 0.9}), [reference]) == 0
    assert hit_of(Lesion(Source.AI, {6: Box(18, 18, 22, 22)}, (1, 1, 1), 0.9, {6: 0.9}), [reference]) is None


def test_intervals_are_the_same_each_time_and_none_for_one_patient() -> None:
    slices = random_slices()
    marks = gather(slices, 0.5)
    assert figures(marks, has_score=True, draws=20) == figures(marks, has_score=True, draws=20)
    one = gather(slices[:5], 0.5)
    assert {figure.interval_95 for figure in figures(one, has_score=True).values()} == {None}


def test_marks_on_pictures_reach_both_reports(image_folder: Path, tmp_path: Path) -> None:
    detector = ScriptedDetector({0: [(Box(*_LESION), 0.9)], 1: [(Box(40, 40, 50, 50), 0.7)]})
    document = evaluate_folder(image_folder, detector, tmp_path / "out", Task())
    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(document))
    assert written["best_box_iou"] == {"value": 1.0, "interval_95": [1.0, 1.0]}
    assert written["negatives_fp"]["value"] == 1.0
    assert written["lesions"] is None
    assert [row["false_marks"] for row in written["slices"]] == [0, 1, 0, 1]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page
    assert str(tmp_path) not in page


def test_worst_cases_show_both_boxes_in_their_colours() -> None:
    worst = WorstCases(0.5)
    for number in range(2 * MOST):
        mark = (40.0, 40.0, 50.0, 50.0) if number % 2 else (12.0, 12.0, 30.0, 30.0)
        worst.look_at(judged(f"P{number % 4}", [mark], [0.9], _LESION), np.full((64, 64), -700, dtype=np.int16))
    assert len(worst.missed) == MOST
    assert {picture.caption.split(",")[0] for picture in worst.missed} == {"P0", "P1", "P2", "P3"}
    assert [picture.caption[-8:] for picture in worst.missed[:4]] == ["IoU 0.00"] * 4
    data = worst.missed[0].png
    colours = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).reshape(-1, 3)
    assert {READER, MODEL_COLOUR} < set(map(tuple, colours.tolist()))


def test_a_model_without_scores_is_measured_without_froc(image_folder: Path, tmp_path: Path) -> None:
    info = ModelInfo("plain", "Plain", "none", "1" * 64, 0, has_score=False, has_attention=False)
    box = (Box(*_LESION), None)
    detector = ScriptedDetector({0: [box], 1: [box]}, info=info)
    document = evaluate_folder(image_folder, detector, tmp_path / "out", Task())
    assert document["froc"] is document["cpm"] is document["calibration"] is None
    assert "no scores" in str(document["no_scores"])
    assert document["map50"] == {"value": 0.5, "interval_95": [0.5, 0.5]}


def test_weights_of_the_study_go_the_same_way(image_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = tmp_path / "study.safetensors"
    save_file(study_network().state_dict(), weights)
    document = evaluate_folder(image_folder, load_detector(str(weights), "cpu"), tmp_path / "out", Task())
    assert document["froc"] is None
    assert "no card" in str(document["warning"])


def test_a_series_is_measured_by_lesion_and_names_nobody(tmp_path: Path) -> None:
    recipe = Recipe(np.full((8, 64, 64), 1064, dtype=np.int16))
    write_series(tmp_path / "case" / "images", recipe)
    for index in (1, 2):
        write_voc(tmp_path / "case" / "Annotation" / "PHANTOM", recipe.sop_uid(index), (10, 10, 30, 30), name="B")
    detector = ScriptedDetector({index: [(Box(*_LESION), 0.9)] for index in (1, 2)})
    document = evaluate_folder(tmp_path / "case", detector, tmp_path / "out", Task())
    lesions, subtypes = document["lesions"], document["subtypes"]
    assert isinstance(lesions, dict)
    assert (lesions["found"], lesions["lesions"]) == (1, 1)
    assert lesions["false_lesions_per_scan"] == {"value": 0.0, "interval_95": None}
    assert lesions["froc"] == document["froc"], "every scan is a whole series, so lesions are counted"
    assert document["cpm"] == {"value": 1.0, "interval_95": None}
    (row,) = lesions["rows"]
    assert (row["slices"], row["label"], row["size_mm"], row["iou"], row["score"]) == ([2, 3], "B", 15.0, 1.0, 0.9)
    assert lesions["sizes"]["10 to 30 mm"]["sensitivity"]["value"] == 1.0
    assert isinstance(subtypes, dict)
    assert set(subtypes) == {"B"}
    slices = document["slices"]
    assert isinstance(slices, list)
    assert [row["slice"] for row in slices] == ["2", "3", "5", "6", "7", "8"], "4 and 1 lie too near to a box"
    told = (tmp_path / "out" / "report.html").read_text(encoding="utf-8") + json.dumps(document)
    assert "^" not in told
    assert str(tmp_path) not in told


def test_a_folder_without_readers_boxes_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "case", Recipe(np.full((3, 64, 64), 1064, dtype=np.int16)))
    with pytest.raises(NothingFoundError, match="--annotations"):
        evaluate_folder(tmp_path / "case", ScriptedDetector(), tmp_path / "out", Task())


def test_patients_the_bundled_model_learned_from_are_told_loudly() -> None:
    info = load_detector("default", "cpu").info
    seen = seen_before(info, None, ["Subject_1", "Subject_12", "Stranger"])
    assert (seen.train, seen.test) == (("Subject_1", "Subject_12"), ())
    assert "LEARNED FROM 2" in seen.warning
    assert seen_before(info, None, ["Stranger"]).warning == ""
    assert "no card" in seen_before(MODEL, None, ["Subject_1"]).warning


def test_patients_learned_from_are_measured_with_a_warning(tmp_path: Path) -> None:
    source = shared("msd-lung-256")
    chosen = ("Subject_12", "Subject_2", "Subject_28")
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "images").symlink_to(source / "images")
    (tmp_path / "few" / "dataset.toml").write_bytes((source / "dataset.toml").read_bytes())
    rows = (source / "boxes.csv").read_text(encoding="utf-8").splitlines()
    kept = [rows[0], *(row for row in rows if row.split(",")[0] in chosen)]
    (tmp_path / "few" / "boxes.csv").write_text("\n".join(kept), encoding="utf-8")
    document = evaluate_folder(tmp_path / "few", load_detector("default", "cpu"), tmp_path / "out", Task())
    data, best = document["data"], document["best_box_iou"]
    assert isinstance(data, dict)
    assert data["in_test_split"] == []
    assert "LEARNED FROM 3" in str(document["warning"])
    assert isinstance(best, dict)
    low, high = best["interval_95"]
    assert 0.3 < low <= best["value"] <= high < 1.0


@pytest.fixture(scope="module")
def learned() -> dict[tuple[str, str], Sample]:
    """All pictures of real patients as a training reads them, by patient and name."""
    return {(each.patient, each.name): each for each in read_images(shared("msd-lung-256"))}


@pytest.mark.parametrize("count", [0, 2, 4])
def test_pictures_are_judged_with_the_neighbours_they_were_learned_with(
    learned: dict[tuple[str, str], Sample], count: int
) -> None:
    scan = next(labelled_scans(shared("msd-lung-256"), None, Task()))
    accompanied = 0
    for index, name in enumerate(scan.slice_names):
        beside = neighbours(scan.volume, index, count)
        assert (scan.volume.voxels[[index, *beside]] == with_neighbours(learned[scan.patient, name], count)).all()
        accompanied += any(place != index for place in beside)
    assert bool(accompanied) is bool(count)
