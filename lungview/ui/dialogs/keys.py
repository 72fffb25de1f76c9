"""The sheet of all keys and gestures, made from the table of commands."""

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from lungview.ui.display_state import MouseScheme
from lungview.ui.scrolling import scrolled
from lungview.ui.shortcuts import COMMANDS, GESTURES, Group, Keys, keys_of
from lungview.ui.theme import Space

COLUMNS: tuple[tuple[Group | None, ...], ...] = (
    (None, Group.SLICES, Group.LAYOUT),
    (Group.WINDOW, Group.FINDINGS, Group.MARKS),
    (Group.VIEW, Group.FILE, Group.MODEL, Group.TRAINING, Group.HELP),
)
"""Headings by column; None stands for the mouse."""


class KeysDialog(QDialog):
    """All keys at a glance, as they are now."""

    def __init__(self, changed: Keys, scheme: MouseScheme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(1040, 640)
        sheet = QWidget()
        sheet.setObjectName("panel")
        columns = QHBoxLayout(sheet)
        columns.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        columns.setSpacing(2 * Space.AROUND)
        for groups in COLUMNS:
            columns.addLayout(_column(groups, changed, scheme), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        layout.setSpacing(Space.BETWEEN)
        layout.addWidget(scrolled(sheet))
        layout.addWidget(buttons)


def sheet_rows(group: Group | None, changed: Keys, scheme: MouseScheme) -> Iterator[tuple[str, str]]:
    """Key or movement, and what it does; group None for the mouse."""
    if group is None:
        yield from ((gesture.movement, gesture.meaning(scheme)) for gesture in GESTURES)
        return
    for command in COMMANDS:
        keys = keys_of(command, changed)
        if command.group is group and keys:
            yield " or ".join(shown(key) for key in keys), command.hint or command.text.rstrip("…")


def shown(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _column(groups: tuple[Group | None, ...], changed: Keys, scheme: MouseScheme) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(Space.INSIDE)
    for group in groups:
        rows = list(sheet_rows(group, changed, scheme))
        if not rows:
            continue
        heading = QLabel("Mouse over the slice" if group is None else group.value)
        heading.setProperty("role", "title")
        column.addWidget(heading)
        column.addLayout(_grid(rows))
        column.addSpacing(Space.INSIDE)
    column.addStretch()
    return column


def _grid(rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(Space.BETWEEN)
    grid.setVerticalSpacing(Space.TIGHT)
    grid.setColumnStretch(1, 1)
    for number, (key, meaning) in enumerate(rows):
        told = QLabel(meaning)
        told.setWordWrap(True)
        told.setProperty("role", "secondary")
        grid.addWidget(QLabel(key), number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(told, number, 1, Qt.AlignmentFlag.AlignTop)
    grid.setColumnMinimumWidth(0, 110)
    return grid
