"""`lungview screenshot`: a picture of the real window, once it has nothing left to do."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from lungview.cli.main import main
from lungview.cli.screenshot import LAYOUTS, WINDOWS
from lungview.domain.window import PRESETS
from lungview.ui.settings import Layout
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, random_stored, write_series

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A folder with two small series, a reader's box on a slice of the first."""
    folder = tmp_path / "patient"
    first = Recipe(random_stored(5, 64, 64))
    write_series(folder / "first", first)
    write_series(folder / "second", Recipe(np.full((3, 64, 64), 1064, dtype=np.int16), series=2, description="flat"))
    write_voc(folder / "Annotation" / "PHANTOM", first.sop_uid(1), (10, 12, 40, 38))
    return folder


def screenshot(patient: Path, out: Path, *words: str, code: int = 0) -> QImage:
    """The picture that the command writes."""
    assert main(["screenshot", str(patient), "--out", str(out), "--device", "cpu", *words]) == code
    return QImage(str(out))


def test_every_layout_can_be_asked_for() -> None:
    assert set(LAYOUTS) == {layout.value for layout in Layout}


def test_every_window_preset_can_be_asked_for() -> None:
    assert tuple(preset.name.lower().replace(" ", "-") for preset in PRESETS) == WINDOWS


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_picture_has_the_size_asked_for_and_shows_something(patient: Path, tmp_path: Path, layout: str) -> None:
    picture = screenshot(patient, tmp_path / "out.png", "--layout", layout, "--size", "1300x820")
    assert (picture.width(), picture.height()) == (1300, 820)
    greys = {picture.pixelColor(x, y).lightness() for x in range(0, 1300, 7) for y in range(0, 820, 7)}
    assert len(greys) > 50


def test_the_same_call_draws_the_same_picture(patient: Path, tmp_path: Path) -> None:
    assert screenshot(patient, tmp_path / "a.png") == screenshot(patient, tmp_path / "b.png")


def test_another_slice_draws_another_picture(patient: Path, tmp_path: Path) -> None:
    first = screenshot(patient, tmp_path / "a.png", "--slice", "1", "--no-corner-text")
    assert first != screenshot(patient, tmp_path / "b.png", "--slice", "4", "--no-corner-text")


def test_a_series_is_chosen_by_number_or_description(patient: Path, tmp_path: Path) -> None:
    by_number = screenshot(patient, tmp_path / "a.png", "--series", "2")
    assert by_number == screenshot(patient, tmp_path / "b.png", "--series", "flat")
    assert by_number != screenshot(patient, tmp_path / "c.png")


def test_a_slice_that_is_not_there_is_told(patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screenshot(patient, tmp_path / "out.png", "--slice", "6", code=1)
    assert "There is no slice 6: the series has slices 1 to 5." in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_a_series_that_is_not_there_ends_in_three(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screenshot(patient, tmp_path / "out.png", "--series", "9", code=3)
    assert "patient holds no series 9" in capsys.readouterr().err


def test_a_folder_without_images_ends_in_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nothing").mkdir()
    screenshot(tmp_path / "nothing", tmp_path / "out.png", code=3)
    assert "nothing is empty" in capsys.readouterr().err


def test_weights_that_are_none_are_told(patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "lookalike.pt"
    weights.write_text("no weights", encoding="utf-8")
    screenshot(patient, tmp_path / "out.png", "--model", str(weights), code=1)
    assert "lookalike.pt" in capsys.readouterr().err


def test_no_window_is_left_behind(patient: Path, tmp_path: Path, qapp: QApplication) -> None:
    screenshot(patient, tmp_path / "out.png")
    assert [widget for widget in qapp.topLevelWidgets() if widget.isVisible()] == []
