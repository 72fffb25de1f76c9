"""Measure how long LungView's window takes to its first paint, beside an empty PySide6 window in the same run.

    xvfb-run -a -s "-screen 0 1600x1200x24" python tests/bench/startup.py [--rounds 11] [--json]

Each start is a process of its own, timed from its launch until it writes that the window was painted; rounds are
interleaved so that a slow moment of the machine hits both. LungView starts as `lungview` does, by its command line, in
a fresh home without settings. "whole" is when every part of the window is there and answers. The bar is twice the
empty window.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 2.0
_ROOT = Path(__file__).resolve().parents[2]

_WATCH = """
import os, sys
from PySide6.QtCore import QEvent, QObject, QTimer

class Watch(QObject):
    # Tells of the first paint of a top-level window: by a timer that runs once Qt is through with painting.
    is_told = False

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.is_told and watched.isWidgetType() and watched.isWindow():
            self.is_told = True
            if hasattr(watched, "built"):
                watched.built.connect(lambda: tell("whole", is_last=True))
            QTimer.singleShot(0, lambda: tell("painted", is_last=not hasattr(watched, "built")))
        return False

def tell(word, is_last):
    os.write(1, word.encode() + b"\\n")
    if is_last:
        os._exit(0)
"""

_EMPTY = """
from PySide6.QtWidgets import QApplication, QMainWindow

application = QApplication([])
watch = Watch()
application.installEventFilter(watch)
window = QMainWindow()
window.resize(1440, 900)
window.show()
application.exec()
"""

_LUNGVIEW = """
from lungview.ui import application

make = application.make_application
watch = Watch()

def make_watched(**choices):
    made = make(**choices)
    made.installEventFilter(watch)
    return made

application.make_application = make_watched
from lungview.__main__ import main

sys.argv = ["lungview"]
main()
"""

_CHILDREN = {"empty PySide6 window": _EMPTY, "LungView": _LUNGVIEW}


def main() -> int:
    """Start both in turn, print medians and their ratio; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        parser.error("windows need a display here; start this under xvfb-run")
    times = _measure(options.rounds)
    medians = {name: {word: statistics.median(ms) for word, ms in words.items()} for name, words in times.items()}
    empty, ours = (medians[name]["painted"] for name in _CHILDREN)
    report = {
        "rounds": options.rounds,
        "platform": sys.platform,
        "median_ms": medians,
        "ratio": ours / empty,
        "passes": ours <= BAR * empty,
    }
    print(json.dumps(report, indent=2) if options.json else _table(report, times))
    return 0 if report["passes"] else 1


def _measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by child and by what it told; one start of each beforehand warms the disk cache."""
    times: dict[str, dict[str, list[float]]] = {name: {} for name in _CHILDREN}
    for turn in range(rounds + 1):
        for name, code in _CHILDREN.items():
            for word, ms in _start(_WATCH + code).items():
                if turn > 0:
                    times[name].setdefault(word, []).append(ms)
    return times


def _start(code: str) -> dict[str, float]:
    """Run one child in a home of its own and return when it told what, ms after its launch."""
    with tempfile.TemporaryDirectory(prefix="lungview-bench-") as home:
        settings = {
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_CACHE_HOME": f"{home}/cache",
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_STATE_HOME": f"{home}/state",
        }
        told: dict[str, float] = {}
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **settings},
            cwd=_ROOT,
            text=True,
        )
        try:
            assert child.stdout is not None
            for line in child.stdout:
                told[line.strip()] = 1000 * (time.perf_counter() - began)
            child.wait(timeout=60)
        finally:
            child.kill()
        if "painted" not in told:
            raise SystemExit("A window never told that it was painted; see the messages above.")
        return told


def _table(report: dict[str, object], times: dict[str, dict[str, list[float]]]) -> str:
    lines = [f"{report['rounds']} interleaved starts each, {report['platform']}", ""]
    for name, words in times.items():
        for word, ms in words.items():
            lines.append(
                f"{name:22s} {word:8s} median {statistics.median(ms):7.0f} ms   {min(ms):7.0f} - {max(ms):.0f} ms"
            )
    verdict = "within" if report["passes"] else "over"
    lines += ["", f"first paint: {report['ratio']:.2f} x the empty window, {verdict} the bar of {BAR:g} x"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
