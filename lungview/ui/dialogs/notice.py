"""What the program says once at the first start, and of itself in the help menu."""

from importlib.metadata import version

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QMessageBox, QWidget


def notice_box(parent: QWidget) -> QMessageBox:
    """The first start's notice, to be opened."""
    box = QMessageBox(parent)
    box.setWindowTitle("LungView")
    box.setIcon(QMessageBox.Icon.Information)
    box.setText("For research. Not for diagnosis.")
    box.setInformativeText(
        "LungView is no medical device. Its model misses lesions and marks things that are none. "
        "Do not base the care of a patient on what it shows.\n\n"
        "Nothing leaves this computer: LungView does not use the network unless you ask for it."
    )
    box.setStandardButtons(QMessageBox.StandardButton.Ok)
    box.button(QMessageBox.StandardButton.Ok).setText("I understand")
    return box


def about_box(parent: QWidget) -> QMessageBox:
    """Version and licences, to be opened."""
    box = QMessageBox(parent)
    box.setWindowTitle("About LungView")
    box.setText(f"LungView {version('lungview')}")
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setInformativeText(
        "Shows chest CT with readers' boxes and those of a neural network side by side.\n\n"
        f"For research. Not for diagnosis.\n\nMIT licence. Uses Qt {qVersion()} under the LGPL; "
        "icons from Phosphor (MIT)."
    )
    return box
