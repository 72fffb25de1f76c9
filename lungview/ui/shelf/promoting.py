"""Making a model the default, after a question where nothing shows it to be better."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from lungview.ui.shelf.keeper import ShelfKeeper


def promote(keeper: ShelfKeeper, name: str, doubt: str, parent: QWidget) -> None:
    """Let a model answer where none is chosen. doubt: a sentence on why it had better not, "" for none."""
    if not doubt:
        keeper.set_default(name)
        return
    asking = QMessageBox(QMessageBox.Icon.Warning, "Make default", doubt, parent=parent)
    asking.setTextFormat(Qt.TextFormat.PlainText)
    asking.setInformativeText("Make it the default all the same? One click leads back to the one before.")
    yes = asking.addButton("Make default", QMessageBox.ButtonRole.AcceptRole)
    no = asking.addButton(QMessageBox.StandardButton.Cancel)
    asking.setDefaultButton(no)
    asking.setEscapeButton(no)
    yes.clicked.connect(lambda: keeper.set_default(name))
    asking.finished.connect(asking.deleteLater)
    asking.open()
