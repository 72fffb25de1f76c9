"""The titles of the menu bar and the toolbar's place, there from the first paint; filled later."""

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from lungview.ui.theme import Size


class Title(StrEnum):
    """Menus in their order; & stands before the letter that opens one."""

    FILE = "&File"
    VIEW = "&View"
    SLICES = "&Slices"
    FINDINGS = "F&indings"
    MARKS = "Mar&ks"
    LAYOUT = "&Layout"
    MODEL = "&Model"
    TRAINING = "&Training"
    HELP = "&Help"


def add_menus(window: QMainWindow) -> dict[Title, QMenu]:
    """Put empty menus into the menu bar."""
    return {title: window.menuBar().addMenu(title.value) for title in Title}


def reserve_toolbar(window: QMainWindow) -> QToolBar:
    """Keep the toolbar's place, so that nothing jumps when it comes."""
    place = QToolBar()
    place.setMovable(False)
    place.setFixedHeight(Size.TOOLBAR)
    window.addToolBar(Qt.ToolBarArea.TopToolBarArea, place)
    return place
