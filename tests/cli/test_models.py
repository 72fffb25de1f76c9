"""`lungview models`: what --model may name."""

import json

import pytest

from lungview.cli.main import main


def test_the_default_model_is_listed_first_with_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert models[0]["name"] == "compact"
    assert len(models[0]["weights_sha256"]) == 64
    assert [point["name"] for point in models[0]["operating_points"]] == ["sensitive", "balanced", "specific"]


def test_text_says_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("compact: ")
    assert "on validation patients" in told
