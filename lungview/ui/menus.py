"""The menu bar and the toolbar: every command in a menu, the frequent ones as icons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from lungview.domain.window import Window
from lungview.ui import icons, theme
from lungview.ui.actions import Actions
from lungview.ui.docks import PaneDock
from lungview.ui.menu_titles import Title
from lungview.ui.settings import Layout
from lungview.ui.shortcuts import Id
from lungview.ui.theme import Size
from lungview.ui.window_keeper import name_of

_GO = (Id.PREVIOUS_SLICE, Id.NEXT_SLICE, Id.BACK_TEN, Id.FORWARD_TEN, Id.FIRST_SLICE, Id.LAST_SLICE, "",
       Id.CINE, "", Id.PREVIOUS_STACK, Id.NEXT_STACK)  # fmt: skip
_VIEW = (Id.READER_MARKS, Id.AI_MARKS, Id.ATTENTION, Id.GRAPHICS, Id.GRADIENT, "", Id.MIP, Id.INVERT, Id.FIT, "",
         Id.CORNER_TEXT, Id.LIGHT_THEME, Id.FULL_SCREEN)  # fmt: skip
_FINDINGS = (Id.NEXT_FINDING, Id.PREVIOUS_FINDING, "", Id.ACCEPT, Id.DISMISS, Id.REOPEN)
_MARKS = (Id.DRAW_BOX, Id.UNDO, Id.REDO, "", Id.LABEL, Id.PROPAGATE, Id.DELETE_BOX, Id.DELETE_LESION, Id.LEAVE, "",
          Id.REVIEWED, Id.SUGGEST_NEXT, "", Id.SECOND_READER, Id.COMMIT_READ, "", Id.READER_NAME,
          Id.BOXES_FOLDER)  # fmt: skip
_HELP = (Id.KEYS, Id.REPORT, "", Id.ABOUT)
_CONTEXT = (Id.FIT, Id.INVERT, Id.MIP, "", Id.READER_MARKS, Id.AI_MARKS, Id.ATTENTION, "", Id.ACCEPT, Id.DISMISS, "",
            Id.LABEL, Id.PROPAGATE, Id.DELETE_BOX, "", Id.CORNER_TEXT)  # fmt: skip
_TOOLBAR = (Id.OPEN_FOLDER, "", Id.DRAW_BOX, Id.UNDO, Id.REDO, "", "windows", Id.INVERT, Id.FIT, Id.MIP, "",
            Id.READER_MARKS, Id.AI_MARKS, Id.ATTENTION, "", Id.CINE, "", Id.REVIEWED, "", "layouts",
            "models")  # fmt: skip

_MODEL_WIDTH = 170
"""Px of a model's name on the toolbar."""


@dataclass(frozen=True, slots=True)
class Menus:
    """The menus that others fill."""

    recent: QMenu
    windows: QMenu
    layouts: QMenu
    models: QMenu
    context: QMenu


def fill_menus(
    window: QMainWindow, titled: Mapping[Title, QMenu], actions: Actions, docks: Sequence[PaneDock]
) -> Menus:
    """Fill the menu bar's menus; returns those whose contents change."""
    file, view, models = titled[Title.FILE], titled[Title.VIEW], titled[Title.MODEL]
    _add(file, actions, (Id.OPEN_FOLDER, Id.OPEN_FILE))
    recent = file.addMenu("Open recent")
    _add(file, actions, (Id.OPEN_DEMO, "", Id.CHOOSE_ANNOTATIONS, Id.EXPORT, Id.CLOSE_CASE, "", Id.SETTINGS, ""))
    _add(file, actions, (Id.QUIT,))
    windows = view.addMenu("Window")
    _add(view, actions, ("", *_VIEW))
    _add(titled[Title.SLICES], actions, _GO)
    _add(titled[Title.FINDINGS], actions, _FINDINGS)
    _add(titled[Title.MARKS], actions, _MARKS)
    _fill_layouts(titled[Title.LAYOUT], actions, docks)
    models.setToolTipsVisible(True)
    _add(titled[Title.TRAINING], actions, (Id.TRAIN,))
    _add(titled[Title.HELP], actions, _HELP)
    context = QMenu(window)
    context.addMenu(windows)
    _add(context, actions, ("", *_CONTEXT))
    return Menus(recent, windows, titled[Title.LAYOUT], models, context)


def _fill_layouts(menu: QMenu, actions: Actions, docks: Sequence[PaneDock]) -> None:
    group = QActionGroup(menu)
    for layout in (Id.LAYOUT_READING, Id.LAYOUT_COMPARISON):
        group.addAction(actions[layout])
        menu.addAction(actions[layout])
    menu.addSeparator().setText("Panes")
    for dock in docks:
        menu.addAction(dock.toggleViewAction())
    menu.addSeparator()
    menu.addAction(actions[Id.RESET_LAYOUT])


def _add(menu: QMenu, actions: Actions, ids: Sequence[str]) -> None:
    """Add commands by id; an empty id is a line between."""
    for command_id in ids:
        if command_id:
            menu.addAction(actions[command_id])
        else:
            menu.addSeparator()


class ToolBar(QToolBar):
    """Icons of the frequent commands, and three menus: windows, layouts and models."""

    def __init__(self, actions: Actions, menus: Menus) -> None:
        super().__init__("Toolbar")
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setFixedHeight(Size.TOOLBAR)
        self.setIconSize(QSize(Size.ICON, Size.ICON))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.toggleViewAction().setEnabled(False)
        self.windows = _menu_button(menus.windows, "Grey window (1 to 7, 0 for the file's)")
        self.layouts = _menu_button(menus.layouts, "Layouts and panes (Ctrl+1, Ctrl+2)")
        self.models = _menu_button(menus.models, "The model that looks for lesions")
        for name in _TOOLBAR:
            self._put(name, actions)

    def show_window(self, window: Window) -> None:
        """Name the grey window in use."""
        self.windows.setText(name_of(window))

    def show_layout(self, layout: Layout) -> None:
        """Name the layout in use."""
        self.layouts.setText(layout.value.capitalize())

    def show_model(self, title: str) -> None:
        """Name the model in use."""
        metrics = self.models.fontMetrics()
        self.models.setText(metrics.elidedText(title, Qt.TextElideMode.ElideRight, _MODEL_WIDTH).replace("&", "&&"))
        self.models.setToolTip(f"The model that looks for lesions: {title}")

    def dress(self) -> None:
        """Draw the icons in the colours in use."""
        colours = theme.current_palette()
        self.windows.setIcon(icons.icon("sun-dim", colours))
        self.layouts.setIcon(icons.icon("layout", colours))
        self.models.setIcon(icons.icon("cpu", colours))

    def _put(self, name: str, actions: Actions) -> None:
        if name == "windows":
            self.addWidget(self.windows)
        elif name == "layouts":
            self.addWidget(self.layouts)
        elif name == "models":
            self.addWidget(self.models)
        elif name:
            self.addAction(actions[name])
        else:
            self.addSeparator()


def _menu_button(menu: QMenu, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setMenu(menu)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setToolTip(tooltip)
    return button


def fill_recent(menu: QMenu, paths: Sequence[str], forget: QAction) -> list[QAction]:
    """List the recent paths in the menu; returns an action per path."""
    menu.clear()
    made = []
    for path in paths:
        action = menu.addAction(path)
        action.setData(path)
        made.append(action)
    menu.addSeparator()
    forget.setEnabled(bool(paths))
    menu.addAction(forget)
    menu.setEnabled(bool(paths))
    return made
