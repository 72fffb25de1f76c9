"""A model's card says how its scores become chances, and what it emits has gone through that."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungview.detection.calibration import Calibration
from lungview.detection.digest import sha256_of
from lungview.detection.registry import load_detector
from lungview.domain.volume import Volume
from lungview.reading.results_cache import CachedDetector
from lungview.task import Task
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.volumes import make_volume
from tests.support.weights import compact_file


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return compact_file(tmp_path, centre_bias=1.0)


def _card(weights: Path, **more: object) -> None:
    stops = [{"name": "balanced", "score_threshold": 0.4}]
    card = {
        "name": "own",
        "title": "Own",
        "architecture": "compact",
        "weights_sha256": sha256_of(weights),
        "parameters": 1,
        "has_score": True,
        "has_attention": True,
        "operating_points": stops,
        "summary": "",
    }
    weights.with_suffix(".json").write_text(json.dumps(card | more), encoding="utf-8")


def _scores(weights: Path, volume: Volume) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    (answer,) = load_detector(str(weights), "cpu").detect(volume, [1], Task())
    return np.array([mark.score for mark in answer.detections], dtype=np.float64)


def test_scores_go_through_the_card_s_calibration(weights: Path) -> None:
    volume = make_volume()
    raw = _scores(weights, volume)
    assert raw.size
    _card(weights)
    assert np.array_equal(_scores(weights, volume), raw), "a card without one changes nothing"
    _card(weights, calibration={"temperature": 2.0, "bias": -1.0})
    assert np.allclose(_scores(weights, volume), Calibration(2.0, -1.0).apply(raw))


def test_weights_with_their_card_beside_them_have_its_stops(weights: Path) -> None:
    assert load_detector(str(weights), "cpu").info.default_threshold == 0.3
    _card(weights)
    assert load_detector(str(weights), "cpu").info.default_threshold == 0.4
    _card(weights, weights_sha256="0" * 64)
    assert load_detector(str(weights), "cpu").info.default_threshold == 0.3, "it is of other weights"
    weights.with_suffix(".json").write_text("{", encoding="utf-8")
    assert load_detector(str(weights), "cpu").info.default_threshold == 0.3


def test_answers_kept_before_a_calibration_are_not_used_after_it(tmp_path: Path) -> None:
    volume = make_volume()
    plain = ScriptedDetector()
    calibrated = ScriptedDetector(info=replace(MODEL, calibration=(2.0, 0.0)))
    for detector in (plain, calibrated, calibrated):
        list(CachedDetector(detector, tmp_path).detect(volume, [0], Task()))
    assert plain.asked == calibrated.asked == [0]
