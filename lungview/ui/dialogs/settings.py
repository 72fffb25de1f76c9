"""The settings: colours, mouse, what is remembered, and keys with their clashes told."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lungview.ui.dialogs.keys import shown
from lungview.ui.display_state import MouseScheme
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import COMMANDS, Command, Keys, clashes, keys_of
from lungview.ui.theme import Scheme, Space

_MOUSE_WORDS = {
    MouseScheme.STANDARD: "Standard: left drag is the window",
    MouseScheme.PACS: "PACS: right drag is the window",
}


class SettingsDialog(QDialog):
    """Edits a copy of the settings; chosen tells the new ones when the reader agrees."""

    chosen = Signal(Settings)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.resize(560, 440)
        self._settings = settings
        self.scheme = _combo({Scheme.DARK: "Dark", Scheme.LIGHT: "Light"}, settings.scheme)
        self.mouse = _combo(_MOUSE_WORDS, settings.mouse_scheme)
        self.remembers = QCheckBox("Remember recent folders")
        self.remembers.setChecked(settings.remembers_recent)
        self.keys = KeysEditor(settings.keys)
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.tabBar().setDrawBase(False)
        tabs.addTab(self._general(), "General")
        tabs.addTab(self.keys, "Keys")
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.keys.clash_changed.connect(lambda clash: self.buttons.button(standard.Ok).setEnabled(not clash))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.BETWEEN, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addWidget(tabs)
        column.addWidget(self.buttons)

    def accept(self) -> None:
        """Tell the new settings and close."""
        remembers = self.remembers.isChecked()
        self.chosen.emit(
            replace(
                self._settings,
                scheme=Scheme(self.scheme.currentData()),
                mouse_scheme=MouseScheme(self.mouse.currentData()),
                remembers_recent=remembers,
                recent=self._settings.recent if remembers else (),
                keys=self.keys.changed,
            )
        )
        super().accept()

    def _general(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, Space.AROUND, 0, 0)
        form.setVerticalSpacing(Space.BETWEEN)
        form.addRow("Colours", self.scheme)
        form.addRow("Mouse", self.mouse)
        form.addRow("", self.remembers)
        told = QLabel("Folder names may tell a patient's name; they are kept on this computer only.")
        told.setProperty("role", "small")
        told.setWordWrap(True)
        form.addRow("", told)
        return page


class KeysEditor(QWidget):
    """Lists the commands with their keys; a key that two commands share is told at once."""

    clash_changed = Signal(str)
    """The sentence about a clash, "" when there is none."""

    def __init__(self, changed: Keys) -> None:
        super().__init__()
        self.changed: dict[str, tuple[str, ...]] = dict(changed)
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderLabels(["Command", "Keys"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self._items = [(QTreeWidgetItem([command.text.rstrip("…"), ""]), command) for command in COMMANDS]
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_current())
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setClearButtonEnabled(True)
        self.edit.editingFinished.connect(self._on_edited)
        self.restore = QPushButton("Restore")
        self.restore.setToolTip("Give this command its own key again")
        self.restore.clicked.connect(self._on_restore)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self._lay_out()
        self._fill()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.INSIDE)
        row.addWidget(QLabel("New key"))
        row.addWidget(self.edit, 1)
        row.addWidget(self.restore)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.BETWEEN, 0, 0)
        column.setSpacing(Space.INSIDE)
        column.addWidget(self.list)
        column.addLayout(row)
        column.addWidget(self.told)

    def _fill(self) -> None:
        for item, _command in self._items:
            self.list.addTopLevelItem(item)
        self.list.resizeColumnToContents(0)
        self.list.setColumnWidth(0, self.list.columnWidth(0) + Space.AROUND)
        self.list.setCurrentItem(self._items[0][0])
        self._show_keys()

    def _current(self) -> Command:
        return next(command for item, command in self._items if item is self.list.currentItem())

    def _show_current(self) -> None:
        keys = keys_of(self._current(), self.changed)
        self.edit.setKeySequence(QKeySequence(keys[0] if keys else ""))

    def _on_edited(self) -> None:
        key = self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        command = self._current()
        if (key,) == keys_of(command, self.changed)[:1]:
            return
        self.changed[command.id] = (key,) if key else ()
        self._show_keys()

    def _on_restore(self) -> None:
        self.changed.pop(self._current().id, None)
        self._show_keys()
        self._show_current()

    def _show_keys(self) -> None:
        for item, command in self._items:
            item.setText(1, ", ".join(shown(key) for key in keys_of(command, self.changed)))
        clash = clash_in_words(self.changed)
        self.told.setText(clash)
        self.clash_changed.emit(clash)


def clash_in_words(changed: Keys) -> str:
    """A sentence per key that several commands share, "" where none do."""
    return "\n".join(
        f"{shown(key)} is the key of {' and '.join(command.text.rstrip('…') for command in commands)}; change one."
        for key, commands in clashes(changed).items()
    )


def _combo(choices: dict[Scheme, str] | dict[MouseScheme, str], chosen: str) -> QComboBox:
    combo = QComboBox()
    for value, text in choices.items():
        combo.addItem(text, value.value)
    combo.setCurrentIndex(combo.findData(str(chosen)))
    return combo
