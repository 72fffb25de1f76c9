"""A run's weights get calibration and stops of their own where there are patients enough, else their elder's."""

from dataclasses import replace
from pathlib import Path

import pytest

from lungview.detection.cards import bundled_cards
from lungview.detection.registry import load_detector
from lungview.domain.detection import ModelInfo
from lungview.errors import TrainingError
from lungview_training import run_card
from lungview_training.known_patients import ENTRY, parts_of
from lungview_training.run_card import card_of_run
from lungview_training.run_files import SPLIT_FILE
from lungview_training.split import read_split
from tests.support.weights import compact_file
from tests.training.judged_slices import random_slices
from tests.training.supervision.tiny import tiny_config, write_pictures


def _weights(folder: Path) -> Path:
    return compact_file(folder, metadata={"architecture": "compact"})


def _info(facts: dict[str, object], weights: Path) -> ModelInfo:
    info = load_detector(str(weights), "cpu").info
    assert facts["stops_note"] == info.stops_note
    return info


def test_many_validation_patients_give_calibration_and_stops_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny_config(write_pictures(tmp_path / "pictures")), output=tmp_path)
    weights = _weights(tmp_path)
    monkeypatch.setattr(run_card, "judge_samples", lambda *_: random_slices(slices=60))
    facts = card_of_run(config, weights, "", None)
    info = _info(facts, weights)
    assert info.calibration is not None
    assert [point.name for point in info.operating_points] == ["sensitive", "balanced", "specific"]
    assert all(point.sensitivity is not None for point in info.operating_points)
    assert info.stops_note == "Measured on only 12 validation patients."
    split = read_split(tmp_path / SPLIT_FILE)
    parts = parts_of(facts)
    assert parts is not None
    assert all(name in parts["train"] for name in split.train)
    monkeypatch.setattr(run_card, "judge_samples", lambda *_: pytest.fail("the card beside the weights was not read"))
    assert card_of_run(config, weights, "", None) == facts


def test_too_few_patients_get_the_elders_stops_without_its_figures(tmp_path: Path) -> None:
    config = replace(tiny_config(write_pictures(tmp_path / "pictures")), output=tmp_path)
    weights, elder = _weights(tmp_path), bundled_cards()[0]
    facts = card_of_run(config, weights, "compact", elder)
    info = _info(facts, weights)
    assert info.calibration == elder.info.calibration
    stops = [point.score_threshold for point in elder.info.operating_points]
    assert [point.score_threshold for point in info.operating_points] == stops
    assert {point.sensitivity for point in info.operating_points} == {None}
    assert info.stops_note == "Stops of compact: too few validation patients (1, with 3 boxes) for its own."
    known = facts[ENTRY]
    assert isinstance(known, list)
    assert [table["model"] for table in known] == ["tiny", "compact"]


def test_a_run_whose_data_are_gone_is_kept_without_stops_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise TrainingError("The folder is not there.")

    config = replace(tiny_config(write_pictures(tmp_path / "pictures")), output=tmp_path)
    monkeypatch.setattr(run_card, "read_data", gone)
    facts = card_of_run(config, _weights(tmp_path), "", None)
    assert "calibration" not in facts
    assert facts["operating_points"] == [{"name": "balanced", "score_threshold": 0.3}]
