"""What is shipped, and what the README promises."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from lungview.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_both_packages_and_the_resources_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "lungview/__main__.py",
        "lungview_training/cli.py",
        "lungview/resources/models/compact.safetensors",
    } <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lungview", "lungview_training"}
    assert not [name for name in names if "__pycache__" in name or "screenshots" in name]


def test_an_unpacked_wheel_finds_its_models(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import lungview.app as app; print(app.__file__); print(*[model.name for model in app.available_models()])"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert Path(told[0]).is_relative_to(tmp_path)
    assert "compact" in told[1].split()


def test_every_entry_point_leads_somewhere() -> None:
    points = [*entry_points(group="console_scripts"), *entry_points(group="gui_scripts")]
    own = [point for point in points if point.value.startswith("lungview")]
    assert {point.name for point in own} == {"lungview", "lungview-gui", "lungview-train"}
    assert all(callable(point.load()) for point in own)


def test_every_sub_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"`?lungview ([a-z]+)", README))
    parser = build_parser()
    known = next(set(action.choices) for action in parser._actions if action.dest == "command" and action.choices)
    assert named <= known
    assert known - {"open"} <= named


def test_every_file_and_picture_in_the_readme_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readmes_test_command_is_the_one_that_is_checked() -> None:
    assert "python3 start.py test" in README
    assert "python3 start.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_qt_that_drops_references_is_ruled_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (qt,) = [each for each in project["dependencies"] if each.startswith("PySide6")]
    assert qt.endswith("<6.12")
