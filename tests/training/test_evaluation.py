"""Evaluation on labelled scans: figures that can be counted by hand, and what a report must and must not hold."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.io import imsave

from lungview.detection.registry import load_detector
from lungview.domain.box import Box
from lungview.domain.detection import ModelInfo
from lungview.errors import NothingFoundError
from lungview.metrics.froc import RATES, ScanMarks, froc
from lungview.metrics.precision import SliceBoxes, mean_precision
from lungview.task import Task
from lungview_training.evaluation.figures import figures, reliability
from lungview_training.evaluation.marks import JudgedSlice, gather, judge
from lungview_training.evaluation.origin import seen_before
from lungview_training.evaluation.pictures import MOST, WorstCases
from lungview_training.evaluation.run import evaluate_folder
from tests.support.annotations import write_voc
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.dicom_series import Recipe, write_series
from tests.support.shared_data import shared
from tests.support.weights import study_network

_LESION = (10.0, 10.0, 30.0, 30.0)


def judged(patient: str, boxes: list[tuple[float, ...]], scores: list[float], *truth: tuple[float, ...]) -> JudgedSlice:
    """One slice, its marks best first."""
    arrays = [np.array(part, np.float32).reshape(-1, 4) for part in (boxes, truth)]
    return judge(patient, "scan", "1", (), arrays[0], np.array(scores, dtype=np.float64), arrays[1])


@pytest.fixture
def random_slices() -> list[JudgedSlice]:
    """Six patients of five slices with random boxes and marks near them."""
    random = np.random.default_rng(3)
    slices = []
    for number in range(30):
        truth = [(x, y, x + 20, y + 20) for x, y in random.uniform(0, 200, (random.integers(0, 3), 2))]
        near = [tuple(np.array(box) + random.normal(0, 3, 4)) for box in truth]
        far = [(x, y, x + 9, y + 9) for x, y in random.uniform(0, 200, (3, 2))]
        scores = np.sort(np.round(random.uniform(0, 1, len(near) + 3), 2))[::-1].tolist()
        slices.append(judged(f"P{number // 5}", [*near, *far], scores, *truth))
    return slices


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Two patients of two pictures; the first picture of each has a box."""
    folder = tmp_path / "pictures"
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for patient in ("P1", "P2"):
        (folder / "images" / patient).mkdir(parents=True)
        for name, corners in (("0", "10,10,30,30"), ("1", ",,,")):
            picture = np.random.default_rng(5).integers(0, 255, (64, 64), dtype=np.uint8)
            imsave(folder / "images" / patient / f"{name}.png", picture, check_contrast=False)
            rows.append(f"{patient},{name},{corners}")
    (folder / "boxes.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "dataset.toml").write_text('rotate = 0\nvalues = "grey"\n', encoding="utf-8")
    return folder


def test_figures_agree_with_the_metrics_they_are_named_after(random_slices: list[JudgedSlice]) -> None:
    found = figures(gather(random_slices, 0.5), has_score=True, draws=2)
    boxes = [SliceBoxes(each.boxes, each.scores, each.truth) for each in random_slices]
    assert found["map"].value == pytest.approx(mean_precision(boxes))
    hits = [
        tuple(int(column) if each.overlap[row] >= 0.1 else None for row, column in enumerate(_nearest(each)))
        for each in random_slices
    ]
    marks = [
        ScanMarks(tuple(each.scores.tolist()), hit, len(each.truth))
        for each, hit in zip(random_slices, hits, strict=True)
    ]
    curve = froc(marks)
    scans, slices = 6, len(random_slices)
    for rate in RATES:
        assert found[f"froc_{rate}"].value == pytest.approx(curve.sensitivity_at(rate * scans / slices))


def _nearest(each: JudgedSlice) -> list[int]:
    return [
        int(np.argmax([Box(*mark).iou(Box(*box)) for box in each.truth.tolist()])) if len(each.truth) else -1
        for mark in each.boxes.tolist()
    ]


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


def test_intervals_are_the_same_each_time_and_none_for_one_patient(random_slices: list[JudgedSlice]) -> None:
    marks = gather(random_slices, 0.5)
    assert figures(marks, has_score=True, draws=20) == figures(marks, has_score=True, draws=20)
    one = gather(random_slices[:5], 0.5)
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
        worst.look_at(judged("P", [mark], [0.9], _LESION), np.full((64, 64), -700, dtype=np.int16))
    assert len(worst.missed) == MOST
    assert {picture.caption[-8:] for picture in worst.missed} == {"IoU 0.00"}
    data = base64.b64decode(worst.missed[0].uri.split(",")[1])
    colours = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).reshape(-1, 3)
    assert {(255, 190, 60), (90, 200, 255)} < set(map(tuple, colours.tolist()))


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
    assert lesions["froc"]["cpm"]["value"] == 1.0
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
    assert (seen.train, seen.test) == (("Subject_1",), ("Subject_12",))
    assert "LEARNED FROM 1" in seen.warning
    assert seen_before(info, None, ["Subject_12", "Stranger"]).warning == ""
    assert "no card" in seen_before(MODEL, None, ["Subject_1"]).warning


def test_held_out_patients_are_measured_as_their_users_would_see_them(tmp_path: Path) -> None:
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
    assert data["in_test_split"] == ["Subject_12", "Subject_2", "Subject_28"]
    assert document["warning"] == ""
    assert isinstance(best, dict)
    low, high = best["interval_95"]
    assert 0.05 < low <= best["value"] <= high < 1.0
