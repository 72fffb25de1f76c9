"""The window paints before what reads is imported and built."""

import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.support.ui import MakeWindow, open_and_wait, write_patient

SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from lungview.ui.main_window import MainWindow
from lungview.ui.services import Services

app = QApplication([])
home = Path(sys.argv[1])
services = Services(None, None, None, None, settings_file=home / "settings.ini", data_folder=home)
window = MainWindow(services, builds_at_once=False)

def on_painted():
    dear = {"numpy", "pydicom", "torch", "skimage", "scipy", "pyqtgraph", "qtawesome"}
    print(sorted(dear & set(sys.modules)), window.is_built)
    window.close()
    app.exit()

window.painted.connect(on_painted)
window.show()
app.exec()
"""


def test_nothing_dear_is_imported_before_the_first_paint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[] False"


def test_what_is_asked_before_the_window_is_built_is_done_then(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    window = make_window(builds_at_once=False, shows=False)
    window.open_path(write_patient(tmp_path))
    assert not window.is_built
    window.show()
    open_and_wait(qtbot, window, tmp_path / "Lung-PET-CT-Dx")
    assert window.state.volume is not None
    assert window.axial.isVisible()
    assert window.strip.width() >= 200


def test_a_window_closed_before_it_is_built_leaves_nothing(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(builds_at_once=False, shows=False)
    with qtbot.waitSignal(window.painted):
        window.show()
    window.close()
    qtbot.wait(50)
    assert not window.is_built
