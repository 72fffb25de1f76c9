"""napari beside LungView: the same volume in a window of the same size, told the next slice or other grey limits.

It is spared the events: each step is set by its own interface, which does less than a notch or a drag would.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import Any

from PySide6.QtWidgets import QApplication

from tests.bench.gestures import Gesture, PaintWatch, pace, rest, timing
from tests.support.scroll_scene import phantom

_SIZE = (1200, 1000)
_SLICES = 400


def main(frames: int) -> None:
    """Print both gestures' timings as JSON."""
    import napari

    viewer: Any = napari.Viewer()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    layer = viewer.add_image(phantom(_SLICES), contrast_limits=(-1350, 150))
    viewer.window._qt_window.resize(*_SIZE)
    rest(app, time.perf_counter() + 2.0)
    watch = PaintWatch(viewer.window._qt_viewer.canvas.native)
    steps = count()

    def scroll() -> None:
        viewer.dims.set_current_step(0, next(steps) % _SLICES)

    def drag() -> None:
        moved = 5 * (next(steps) % 100)
        layer.contrast_limits = (-1350 + moved, 150 + moved)

    acts: dict[str, Callable[[], None]] = {Gesture.SCROLL.value: scroll, Gesture.DRAG.value: drag}
    found = {name: asdict(timing(pace(app, watch, act, lambda taken: taken < frames))) for name, act in acts.items()}
    print(json.dumps(found))
    viewer.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
