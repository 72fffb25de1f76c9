"""The bundled models, and what they say of slices that hold a lesion and of slices that don't."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from lungview.detection.build import MIL, STUDY
from lungview.detection.cards import bundled_cards, read_card
from lungview.detection.describing import describe_models
from lungview.detection.models_info import ARCHITECTURES
from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.mil_attention import MilAttentionNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.registry import available_models, load_detector
from lungview.dicom.load import load_volume
from lungview.domain.detection import Detector
from lungview.errors import DetectionError, WeightsError
from lungview.reading.case import open_case
from lungview.task import Task
from tests.support.shared_data import shared
from tests.support.volumes import make_stack, make_volume
from tests.support.weights import compact_file


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector("default", "cpu")


def test_the_default_model_is_listed_first_with_three_operating_points() -> None:
    first = available_models()[0]
    assert first.name == "compact"
    assert [point.name for point in first.operating_points] == ["sensitive", "balanced", "specific"]
    thresholds = [point.score_threshold for point in first.operating_points]
    assert thresholds == sorted(thresholds)
    assert first.default_threshold == thresholds[1]


def test_models_are_listed_without_torch() -> None:
    code = (
        "import sys; from lungview.detection.describing import describe_models; describe_models(); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_list_says_what_was_learned_from_and_how_well_it_does() -> None:
    described = describe_models()
    text = json.dumps(described)
    for words in ("licence", "interval_95", "msd-lung-256", "simple-cancer-cnn"):
        assert words in text


def test_architectures_are_listed_with_their_true_size() -> None:
    networks: dict[str, nn.Module] = {name: make_network(name) for name in network_names()}
    networks[STUDY] = SimpleCancerCNN(is_unset=True)
    networks[MIL] = MilAttentionNet()
    sizes = {key: sum(value.numel() for value in network.parameters()) for key, network in networks.items()}
    assert {architecture.key: architecture.parameters for architecture in ARCHITECTURES} == sizes


def test_every_patient_is_measured_by_a_run_that_held_it_out() -> None:
    facts = bundled_cards()[0].facts
    split, metrics = facts["split"], facts["metrics"]
    assert isinstance(split, dict)
    assert isinstance(metrics, dict)
    # The weights learned from everyone; their figures come from the runs of a cross-validation.
    assert not split["validation"]
    assert not split["test"]
    assert sum(run["patients"] for run in metrics["folds"]) == len(set(split["train"])) == metrics["test"]["patients"]
    assert len(metrics["folds"]) == 5


def test_the_card_in_words_names_the_weights() -> None:
    card = bundled_cards()[0]
    text = card.text.read_text(encoding="utf-8")
    assert card.info.weights_sha256 in text
    assert "Not a medical device" in text


def test_a_bundled_file_that_is_not_its_card_s_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = bundled_cards()[0]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "compact.json").write_text(json.dumps(dict(card.facts)))
    compact_file(tmp_path).rename(tmp_path / "models" / "compact.safetensors")
    monkeypatch.setattr("lungview.detection.cards.resource_path", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(WeightsError, match=r"compact\.safetensors is not the file"):
        load_detector("compact", "cpu")


def test_a_spoilt_card_is_refused_by_name(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"name": "x"}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(DetectionError, match=r"x\.json"):
            read_card(tmp_path / "x.json")


def test_a_slice_of_air_gets_no_box(detector: Detector) -> None:
    volume = make_volume(make_stack(1, 256, 256, spacing_mm=(1.4, 1.4)), np.full((1, 256, 256), -1000, dtype=np.int16))
    (result,) = detector.detect(volume, [0], Task())
    assert not [each for each in result.detections if (each.score or 0) >= detector.info.default_threshold]
    assert result.attention is not None
    assert result.attention.max() < 0.5


def test_loading_a_model_does_not_import_torch_s_compiler() -> None:
    code = (
        "import sys; from lungview.detection.registry import load_detector; load_detector('default', 'cpu'); "
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def _real(detector: Detector, path: Path, slices: slice) -> list[tuple[bool, bool, float]]:
    """(is boxed by a reader, is marked, IoU of the best mark) for each asked slice of the first stack."""
    case = open_case(path, Task())
    stack = case.scan.stacks[0]
    volume = load_volume(stack, Task())
    boxes = case.findings_by_slice(stack)
    seen = []
    for result in detector.detect(volume, range(stack.slice_count)[slices], Task()):
        marks = [each for each in result.detections if (each.score or 0) >= detector.info.default_threshold]
        truth = boxes.get(result.index, ())
        overlap = max((mark.box.iou(each.box) for mark in marks for each in truth), default=0.0)
        seen.append((bool(truth), bool(marks), overlap))
    return seen


def test_a_tumour_of_a_patient_it_learned_from_is_found(detector: Detector) -> None:
    seen = _real(detector, shared("lung-pet-ct-dx-boxed"), slice(None, None, 2))
    boxed = [overlap for is_boxed, _, overlap in seen if is_boxed]
    assert np.mean([overlap >= 0.3 for overlap in boxed]) >= 0.5
    assert np.mean([is_marked for is_boxed, is_marked, _ in seen if not is_boxed]) <= 0.25


def test_most_slices_of_a_chest_it_never_saw_get_no_box_and_its_tumour_gets_one(detector: Detector) -> None:
    path = shared("ct-chest-cptac", "ct-chest-cptac.zip")
    marked = [is_marked for _, is_marked, _ in _real(detector, path, slice(None, None, 3))]
    assert np.mean(marked) <= 0.35
    assert any(is_marked for _, is_marked, _ in _real(detector, path, slice(31, 35)))
