"""Measure LungView beside its peers, print one table, and keep it as JSON and as a picture.

    python -m tests.bench [--quick] [--only load,window] [--json FILE] [--picture FILE.svg]
    python -m tests.bench --again FILE [--picture FILE.svg]     # a table kept before, without measuring

Run from the checkout, on a machine with nothing else to do. Every section is a process of its own with its own home.
Rounds go through all methods in turn, so that a slow moment hits all alike; medians are told, and ratios are medians
over the rounds. Peers that are not installed are named and left out: `pip install -e '.[bench]'`, and '.[bench-heavy]'
for ITK and napari. Windows are opened on the display there is, else in Xvfb. Exit status 1 where a bar is missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lungview.files import write_atomically
from lungview.places import cache_folder
from tests.bench import peers
from tests.bench.picture import draw
from tests.bench.report import Report, machine, table
from tests.bench.rows import Scale, load_average, read_rows, write_rows

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "startup": "tests.bench.startup",
    "load": "tests.bench.load",
    "compressed": "tests.bench.compressed",
    "dataset": "tests.bench.scan",
    "window": "tests.bench.window",
    "detection": "tests.bench.detect",
}
"""By name, the module whose rows(scale, folder) measures it."""
_NEEDS_SCREEN = frozenset({"startup", "window"})
_PACKAGES = {"itk": "itk-io", "gdcm": "python-gdcm"}
"""Distributions whose names are not what is imported."""


def main() -> int:
    """Do what was asked for."""
    asked = _arguments()
    if asked.section:
        module = import_module(SECTIONS[asked.section])
        write_rows(module.rows(_scale(asked), asked.folder), asked.folder / "rows.json")
        return 0
    report = Report.read(asked.again) if asked.again else _measure(asked)
    print(table(report))
    if asked.picture:
        write_atomically(asked.picture, draw(report).encode())
    return 0 if report.is_passed else 1


def _measure(asked: argparse.Namespace) -> Report:
    """Every section asked for, each in its own process; what there is is kept after each."""
    absent = [*peers.absent(), *([] if _version("napari") else ["napari"])]
    found = {name: _version(_PACKAGES.get(name, name)) for name in (*peers.installed(), "napari")}
    versions = {name: is_there for name, is_there in found.items() if is_there}
    before = load_average()
    report = Report(time.strftime("%Y-%m-%d"), machine(), asked.quick, (before, before), versions, absent, {}, {}, [])
    for name in asked.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lungview-bench-") as folder:
            said = _run(name, asked.quick, Path(folder))
            if said:
                report.trouble[name] = said
            else:
                report.rows.extend(read_rows(Path(folder) / "rows.json"))
        report.seconds[name] = round(time.monotonic() - began, 1)
        report = replace(report, load=(before, load_average()))
        kept = json.dumps(asdict(report), indent=1) + "\n"
        write_atomically(asked.json or cache_folder() / "bench.json", kept.encode())
    return report


def _run(name: str, is_quick: bool, folder: Path) -> str:
    """Run a section; "" or what went wrong."""
    command = [sys.executable, "-m", "tests.bench", "--section", name, "--folder", str(folder)]
    command += ["--quick"] if is_quick else []
    if name in _NEEDS_SCREEN and not _has_screen():
        if shutil.which("xvfb-run") is None:
            return "there is no display, and no xvfb-run to make one"
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1200x24", *command]
    environment = {**os.environ, "LUNGVIEW_HOME": str(folder / "home")}
    code = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False).returncode
    return f"it ended with exit status {code}; see above" if code else ""


def _has_screen() -> bool:
    is_linux = sys.platform.startswith("linux")
    return not is_linux or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _scale(asked: argparse.Namespace) -> Scale:
    return Scale.quick() if asked.quick else Scale.full()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds of small series")
    parser.add_argument("--only", type=_names, default=tuple(SECTIONS), metavar="A,B", help=", ".join(SECTIONS))
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where to keep the figures (default: the user's cache)"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw them as SVG")
    parser.add_argument("--again", type=Path, metavar="FILE", help="show figures kept before")
    parser.add_argument("--section", choices=SECTIONS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"no section is called {unknown[0]}; there are {', '.join(SECTIONS)}")
    return names


if __name__ == "__main__":
    raise SystemExit(main())
