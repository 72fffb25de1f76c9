"""What is asked about marks: how far to copy one, what to call it, and who is reading."""

from collections.abc import Callable

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lungview.marks.mark import Mark
from lungview.marks.propagate import Spread, spread_of
from lungview.ui.marks.editor import MarksEditor
from lungview.ui.number_field import in_line
from lungview.ui.theme import Space

SUBTYPES = {"A": "adenocarcinoma", "B": "small cell", "E": "large cell", "G": "squamous cell"}
"""The dataset's letters."""
_MOST_SLICES = 50
_FIRST_SLICES = 2


class PropagateDialog(QDialog):
    """Copies a mark up and down; what is set is shown at once, and taken back with Cancel."""

    def __init__(self, editor: MarksEditor, mark: Mark, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Propagate box")
        self._editor, self._mark, self._is_applied = editor, mark, False
        known = spread_of(editor.marks, mark, editor.places)
        above, below = self._room(mark)
        first = known if any(known) else (_FIRST_SLICES, _FIRST_SLICES)
        self.up, self.down = _slices(first[0], above), _slices(first[1], below)
        self.shrinks = QCheckBox("Smaller towards the ends, like a ball's cuts")
        self.shrinks.setChecked(True)
        self.told = QLabel("Copies you have moved, and other boxes of the lesion, stay as they are.")
        self.told.setWordWrap(True)
        self.told.setProperty("role", "small")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        for box in (self.up, self.down):
            box.valueChanged.connect(lambda _value: self._show())
        self.shrinks.toggled.connect(lambda _on: self._show())
        self._show()

    def reject(self) -> None:
        """Take back what was shown."""
        self._take_back()
        super().reject()

    def _show(self) -> None:
        self._take_back()
        before = self._editor.marks
        self._editor.spread(self._mark, Spread(self.up.value(), self.down.value(), self.shrinks.isChecked()))
        self._is_applied = self._editor.marks != before

    def _take_back(self) -> None:
        if self._is_applied:
            self._editor.undo()
            self._is_applied = False

    def _room(self, mark: Mark) -> tuple[int, int]:
        places = self._editor.places
        index = places.index(mark.place)
        return index, len(places) - 1 - index

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(Space.BETWEEN)
        form.setVerticalSpacing(Space.INSIDE)
        form.addRow("Slices up", self.up)
        form.addRow("Slices down", self.down)
        form.addRow("", self.shrinks)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addWidget(self.buttons)


def _slices(value: int, most: int) -> QSpinBox:
    box = in_line(QSpinBox())
    box.setRange(0, min(most, _MOST_SLICES))
    box.setValue(min(value, most))
    return box


def open_label_menu(editor: MarksEditor, mark: Mark, at: QPoint, parent: QWidget) -> QMenu:
    """Offer the labels at a place of the screen."""
    menu = QMenu(parent)
    menu.setAccessibleName("Label")
    for letter, word in SUBTYPES.items():
        action = menu.addAction(f"&{letter}  {word}")
        action.setCheckable(True)
        action.setChecked(mark.label == letter)
        action.triggered.connect(lambda _on, chosen=letter: editor.set_label(mark, chosen))
    menu.addSeparator()
    menu.addAction("&Other…").triggered.connect(lambda: _ask_for_label(editor, mark, parent))
    none = menu.addAction("&No label")
    none.setEnabled(bool(mark.label))
    none.triggered.connect(lambda: editor.set_label(mark, ""))
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)
    return menu


def _ask_for_label(editor: MarksEditor, mark: Mark, parent: QWidget) -> None:
    dialog = _text_dialog("Label", "What is it?", mark.label, parent)
    dialog.textValueSelected.connect(lambda text: editor.set_label(mark, text.strip()))
    dialog.open()


def ask_for_reader(name: str, take: Callable[[str], None], parent: QWidget) -> QInputDialog:
    """Ask who is reading; the name stands in the annotation files."""
    dialog = _text_dialog(
        "Reader's name", "Your name or initials, as they shall stand in your annotation files:", name, parent
    )
    dialog.textValueSelected.connect(lambda text: take(text.strip()))
    dialog.open()
    return dialog


def _text_dialog(title: str, question: str, text: str, parent: QWidget) -> QInputDialog:
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(question)
    dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)
    dialog.setTextValue(text)
    dialog.finished.connect(dialog.deleteLater)
    return dialog
