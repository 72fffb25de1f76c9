"""The question before the window closes on a training that goes on."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from lungview.ui.training.words import duration
from lungview_training.supervision.progress import Progress


def ask_to_close(progress: Progress, close: Callable[[], object], parent: QWidget) -> QMessageBox:
    """Say what closing does, and call close where the reader wants it."""
    left = f", about {duration(progress.left_s)} left" if progress.left_s is not None else ""
    asking = QMessageBox(QMessageBox.Icon.Question, "Close LungView", "A training goes on.", parent=parent)
    asking.setText(f"A training goes on ({100 * progress.share:.0f} % done{left}).")
    asking.setTextFormat(Qt.TextFormat.PlainText)
    asking.setInformativeText(
        "It needs LungView to be open. If you close now, it saves what it has learned and stops; the next start offers "
        "to go on from there. The dialog alone can be closed without stopping it."
    )
    yes = asking.addButton("Save, stop and close", QMessageBox.ButtonRole.AcceptRole)
    stay = asking.addButton("Stay open", QMessageBox.ButtonRole.RejectRole)
    asking.setDefaultButton(stay)
    asking.setEscapeButton(stay)
    yes.clicked.connect(lambda: close())
    asking.finished.connect(asking.deleteLater)
    asking.open()
    return asking
