"""A whole session of the program on patients with real-looking names; for test_privacy.py to look through afterwards.

Arguments: the folder of the patients. Everything is kept in LUNGVIEW_HOME.
"""

import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from lungview import app
from lungview.cli.main import main as command
from lungview.domain.box import Box
from lungview.domain.finding import ReviewState
from lungview.logs import start_logging
from lungview.places import data_folder
from lungview.ui import errors
from lungview.ui.application import make_application
from lungview.ui.main_window import MainWindow
from tests.support.detectors import ScriptedDetector
from tests.support.network import open_internet_sockets
from tests.support.ui import AI_BOXES

CONFIG = """
name = "session"
output = "{output}"
steps = 4
batch_size = 2
sheet_share = 0.0
field_size = 64
image_size = 64
checkpoint_every = 2
evaluate_every = 2
threads = 1
device = "cpu"
validation_share = 0.34
test_share = 0.0

[[sources]]
kind = "folder"
path = "{path}"
annotations = "{annotations}"
"""


def main(patients: Path) -> None:
    """Use the command line, the window, a training and the crash report, one after another."""
    folders = sorted(each for each in patients.iterdir() if each.is_dir() and each.name != "Annotation")
    command(["info", str(patients)])
    command(["detect", str(folders[0]), "--out", str(patients / "detections.json")])
    command(["detect", str(patients / "nowhere"), "--out", str(patients / "none.json")])
    command(["export", str(patients), "--deidentified", "--out", str(patients.parent / "copy")])
    start_logging()
    read(patients, folders)
    train(patients)
    sys.stdout.write(f"sockets {len(open_internet_sockets())}\n")


def read(patients: Path, folders: list[Path]) -> None:
    """Open each patient, draw, judge, call it reviewed, and let the program fail at something that names a patient."""
    application = make_application()
    detector = ScriptedDetector(AI_BOXES)
    services = replace(app.services(), load_detector=lambda _name: detector, available_models=lambda: (detector.info,))
    window = MainWindow(services)
    restore = errors.install(window.errors)
    window.show()
    for folder in (*folders, patients / "damaged.dcm", patients / "nowhere"):
        window.open_path(folder)
        wait(lambda: not window.reading.is_opening and not window.runner.jobs)
        if not window.marks.editor.is_enabled:
            continue
        window.marks.editor.add(Box(4, 5, 20, 25))
        if window.state.rows:
            window.state.review(window.state.rows[0].id, ReviewState.DISMISSED)
        window.marks.keeper.set_reviewed(True)
        wait(lambda: window.marks.keeper.is_saved and window.reviews.is_saved)
    try:
        raise ValueError(f"cannot read '{folders[0].name}' in {folders[0]}/x.dcm")
    except ValueError as error:
        (data_folder() / "crash.txt").write_text(errors.report(error), encoding="utf-8")
        window.errors.show(error)
    wait(lambda: True)
    for dialog in window.findChildren(errors.ErrorDialog):
        dialog.close()
    window.close()
    restore()
    application.processEvents()


def train(patients: Path) -> None:
    """Learn a little from the patients, as the command does it."""
    settings = data_folder() / "settings-of-training.toml"
    output = data_folder() / "run"
    text = CONFIG.format(output=output, path=patients, annotations=patients / "Annotation")
    settings.write_text(text, encoding="utf-8")
    assert command(["train", "run", str(settings)]) == 0


def wait(until: Callable[[], bool]) -> None:
    """Let the window work for as long as it takes, up to a minute."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if until() else None)
    QTimer.singleShot(60_000, loop.quit)
    timer.start(30)
    loop.exec()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except BaseException:  # the window takes those that nobody caught
        traceback.print_exc()
        sys.exit(1)
