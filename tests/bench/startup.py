"""How long LungView's window takes to its first paint, beside an empty PySide6 window in the same run.

Each start is a process of its own, timed from its launch until it writes that the window was painted; rounds are
interleaved so that a slow moment of the machine hits both. LungView starts as `lungview` does, by its command line, in
a fresh home without settings. "whole" is when every part of the window is there and answers. The bar is twice the
empty window.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.rows import OURS, Row, Scale, UnableError, row

EMPTY = "empty window"
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

_CHILDREN = {EMPTY: _EMPTY, OURS: _LUNGVIEW}


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Start both in turn. folder: takes the homes of the starts."""
    times = _measure(scale.rounds, folder)
    first = {OURS: times[OURS]["painted"], EMPTY: times[EMPTY]["painted"]}
    whole = {OURS: times[OURS]["whole"], EMPTY: times[EMPTY]["painted"]}
    bar = f"at most {BAR:g} x an empty PySide6 window"
    return [
        row("start-up", "first paint", first, bar=bar, is_met=lambda ratios: ratios[EMPTY] <= BAR),
        row("start-up", "every part is there", whole),
    ]


def _measure(rounds: int, folder: Path) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by child and by what it told; one start of each beforehand warms the disk cache."""
    times: dict[str, dict[str, list[float]]] = {name: {} for name in _CHILDREN}
    for turn in range(rounds + 1):
        for name, code in _CHILDREN.items():
            for word, ms in _start(_WATCH + code, folder).items():
                if turn > 0:
                    times[name].setdefault(word, []).append(ms)
    return times


def _start(code: str, folder: Path) -> dict[str, float]:
    """Run one child in a home of its own and return when it told what, ms after its launch."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        settings = {
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_CACHE_HOME": f"{home}/cache",
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_STATE_HOME": f"{home}/state",
            "LUNGVIEW_HOME": f"{home}/own",
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
            raise UnableError("a window never told that it was painted")
        return told
