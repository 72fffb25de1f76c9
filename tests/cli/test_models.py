"""`lungview models`: what --model may name."""

import json
from pathlib import Path

import pytest

from lungview.cli.main import main
from tests.support.weights import compact_file


def test_the_default_model_is_listed_first_with_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert models[0]["name"] == "compact"
    assert len(models[0]["weights_sha256"]) == 64
    assert [point["name"] for point in models[0]["operating_points"]] == ["sensitive", "balanced", "specific"]
    assert models[0]["metrics"]["folds"]


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


def test_a_models_life_from_import_to_trash_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = compact_file(tmp_path)

    warned: list[str] = []

    def say(*words: str) -> str:
        code = main(["models", *words])
        told = capsys.readouterr()
        assert code == 0, told.err
        warned.append(told.err)
        return told.out

    assert "Kept as 'My model'" in say("import", str(file), "--name", "My model")
    assert "'My model' answers" in say("default", "my MODEL")
    assert "Nothing shows that My model is better than compact" in warned[-1]
    assert say().startswith("My model: your own (compact, ")
    assert "Now called 'Large cell'" in say("rename", "My model", "Large cell")
    say("export", "Large cell", str(tmp_path / "out"))
    assert (tmp_path / "out" / "large-cell.safetensors").is_file()
    assert "restore 'Large cell'" in say("delete", "Large cell")
    assert "In the trash: Large cell" in say()
    assert "Back as 'Large cell'" in say("restore", "Large cell")
    assert "'compact' answers" in say("default", "--back")
    assert warned[-1] == ""
    models = json.loads(say("--json"))["models"]
    assert [(each["name"], each["is_default"], each["origin"]) for each in models] == [
        ("compact", True, "bundled"),
        ("Large cell", False, "imported"),
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["delete", "compact"], 1, "came with LungView"),
        (["rename", "none such", "x"], 1, "no model called"),
        (["default", "--back"], 1, "no other default"),
        (["default"], 2, "required"),
        (["import", "none-such.pt"], 2, "there is no file"),
        (["restore", "x"], 1, "no deleted model"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *words]) == code
    assert told in capsys.readouterr().err


def test_help_shows_how_to_keep_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--help"]) == 0
    told = capsys.readouterr().out
    for action in ("import", "export", "rename", "delete", "restore", "default"):
        assert f"\n    {action} " in told or f"\n  lungview models {action}" in told
