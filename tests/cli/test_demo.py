"""`lungview demo` where there is no display, and what stands in its folder."""

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from lungview import app
from lungview.cli import demo
from lungview.cli.main import main
from lungview.demo.write import write_demo
from tests.support.demo import quick_phantom

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory, qapp: object) -> Path:
    """The folder of one demo, begun without a display; its patient is the small one."""
    here = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "write_demo", lambda folder, task: write_demo(folder, task, quick_phantom()))
        patch.chdir(here)
        assert main(["demo"]) == 0
    return here / "lungview-demo"


def test_without_a_display_it_says_so_and_chooses_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen: list[Path] = []

    def render_into(folder: Path) -> int:
        chosen.append(folder)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "_render_into", render_into)
    assert main(["demo"]) == 0
    assert chosen == [Path("lungview-demo")]
    assert capsys.readouterr().out == "No display was found, so the demo is rendered into a folder.\n"


def test_the_picture_is_of_the_window(rendered: Path) -> None:
    picture = QImage(str(rendered / "screenshot.png"))
    assert (picture.width(), picture.height()) == (1440, 900)


def test_the_detections_are_the_networks_beside_the_readers(rendered: Path) -> None:
    document = json.loads((rendered / "detections.json").read_text(encoding="utf-8"))
    (series,) = document["series"]
    assert series["lesions"]
    assert series["reader_lesions"]
    assert document["annotations"]["unmatched"] == []
    assert document["problems"] == []


def test_the_patient_opens_like_any_other(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(rendered / "patient"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (patient,) = document["patients"]
    (stack,) = patient["studies"][0]["series"][0]["stacks"]
    assert stack["kind"] == "volume"
    assert stack["geometry"]["notes"] == []
    assert stack["boxes"] == document["annotations"]["boxes"] > 0
