"""`lungview models`: what --model may name."""

import json

import pytest

from lungview.cli.main import main


def test_the_default_model_is_listed_first_with_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert models[0]["name"] == "compact"
    assert len(models[0]["weights_sha256"]) == 64
    assert [point["name"] for point in models[0]["operating_points"]] == ["sensitive", "balanced", "specific"]
    assert models[0]["metrics"]["test"]["interval_95"]["mean_iou"][0] > 0


def test_networks_whose_weights_may_be_given_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert [network["key"] for network in described["architectures"]] == [
        "compact",
        "attention-unet",
        "pyramid-attention",
        "region-attention",
        "mil-attention",
        "simple-cancer-cnn",
    ]
    assert main(["models"]) == 0
    assert "simple-cancer-cnn: " in capsys.readouterr().out


def test_text_says_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("compact: ")
    assert "on validation patients" in told
