"""The first thing a user runs, with nothing installed yet."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load_start() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script set to work in an empty project with a .venv that is only a folder."""
    module = load_start()
    venv = tmp_path / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("version = 3.11", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]", encoding="utf-8")
    for name, path in {
        "ROOT": tmp_path,
        "VENV": venv,
        "STAMP": venv / "stamp.json",
        "INSTALL_LOG": venv / "install.log",
    }.items():
        monkeypatch.setattr(module, name, path)
    return module


def pretend_pip(start: ModuleType, monkeypatch: pytest.MonkeyPatch, code: int) -> list[str]:
    """Replace pip by one that ends with this code; returns what it is asked for."""
    asked: list[str] = []

    def run_pip(requirement: str) -> int:
        asked.append(requirement)
        start.INSTALL_LOG.write_text("ERROR: no such thing", encoding="utf-8")
        return code

    monkeypatch.setattr(start, "run_pip", run_pip)
    return asked


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_an_old_python_is_told_which_one_is_needed(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(start.StartError, match=r"LungView needs Python 3\.11 or newer, and this is"):
        start.check_python()


def test_it_parses_on_pythons_that_are_too_old_to_run_it() -> None:
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_second_start_installs_nothing(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pretend_pip(start, monkeypatch, 0)
    start.install(set())
    start.install(set())
    assert asked == ["."]


def test_a_changed_project_file_installs_again(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pretend_pip(start, monkeypatch, 0)
    start.install(set())
    (start.ROOT / "pyproject.toml").write_text("[project] # more", encoding="utf-8")
    start.install(set())
    assert len(asked) == 2


def test_test_tools_are_added_and_then_kept(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pretend_pip(start, monkeypatch, 0)
    start.install(set())
    start.install({"test"})
    start.install(set())
    assert asked == [".", ".[test]"]


def test_a_failed_install_is_not_taken_for_a_finished_one(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_pip(start, monkeypatch, 0)
    start.install(set())
    pretend_pip(start, monkeypatch, 1)
    with pytest.raises(start.StartError, match="no such thing"):
        start.install({"test"})
    assert start.installed_extras() is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Downloading torch-2.13.0-cp311-none-linux_x86_64.whl (539.1 MB)", "  torch 2.13.0 (539.1 MB)"),
        ("Processing /a/b/numpy-2.4.6-cp311-linux_x86_64.whl (from lungview==0.1.0)", "  numpy 2.4.6"),
        ("Installing collected packages: numpy, torch", "  unpacking"),
        ("Requirement already satisfied: numpy", ""),
        ("Processing /a/checkout", ""),
        ("", ""),
    ],
)
def test_large_steps_of_pip_are_told_by_name_and_size(start: ModuleType, line: str, told: str) -> None:
    assert start.progress_line(line) == told


def test_missing_system_libraries_stop_the_start_with_one_line_to_run(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(start, "is_loadable", lambda library: library != "libEGL.so.1")
    monkeypatch.setattr(start.shutil, "which", lambda name: name)
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000)
    with pytest.raises(start.StartError):
        start.check_system()
    assert "sudo apt-get install -y --no-install-recommends libegl1" in capsys.readouterr().out


def test_libraries_for_a_display_are_asked_for_only_where_there_is_one(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "is_loadable", lambda _library: False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "libxcb-cursor0" not in start.missing_libraries().values()
    monkeypatch.setenv("DISPLAY", ":0")
    assert "libxcb-cursor0" in start.missing_libraries().values()


def test_the_exit_code_of_what_it_starts_is_passed_on(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ends_with_three.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(start, "venv_python", lambda: Path(sys.executable))
    assert start.run(["ends_with_three"]) == 3
