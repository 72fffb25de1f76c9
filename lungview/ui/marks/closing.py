"""The question before the window closes on marks or reviews that the disk refuses."""

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QWidget


def ask_to_close(close: Callable[[], object], parent: QWidget) -> QMessageBox:
    """Say what would be lost, and call close where the reader gives it up or has made room."""
    asking = QMessageBox(QMessageBox.Icon.Warning, "Close LungView", "Your last marks are not saved.", parent=parent)
    asking.setInformativeText(
        "The disk refuses them. Free some space, or make LungView's data folder writable, and try again: as long as "
        "the window is open, they are kept in it."
    )
    again = asking.addButton("Try again and close", QMessageBox.ButtonRole.AcceptRole)
    lose = asking.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    stay = asking.addButton("Stay open", QMessageBox.ButtonRole.RejectRole)
    asking.setDefaultButton(again)
    asking.setEscapeButton(stay)

    def act() -> None:
        if asking.clickedButton() is again:
            parent.close()
        elif asking.clickedButton() is lose:
            close()

    asking.finished.connect(act)
    asking.finished.connect(asking.deleteLater)
    asking.open()
    return asking
