"""Asks where a de-identified copy goes and what it keeps."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lungview.deidentify.values import Options
from lungview.ui.theme import Space

_WIDTH = 560
_REMOVED = (
    "Removed: names, numbers and dates of people, places and devices; comments and descriptions; overlays; private "
    "attributes; reports and segmentations. Patients and images get new names and numbers that cannot be traced back. "
    "By the Basic Profile of DICOM PS3.15."
)
_KEPT = (
    "Kept: pixels, geometry, scanner model and kernel. Text burned into the pixels is not looked for: look through the "
    "copy before you pass it on."
)


class ExportDialog(QDialog):
    """Tells the folder and the options when the reader agrees; both stay where the folder cannot be taken."""

    chosen = Signal(object, object)
    """Path and Options."""

    def __init__(self, reason_against: Callable[[Path], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export de-identified")
        self._reason_against = reason_against
        self.folder = QLineEdit(str(proposed_folder()))
        self.boxes = QCheckBox("Readers' boxes, without who drew them or when")
        self.boxes.setChecked(True)
        self.dates = QCheckBox("Dates, all moved by one number of days that nobody knows")
        self.captures = QCheckBox("Pictures of screens, in which a name may stand")
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        self.buttons.button(standard.Ok).setText("Export")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.folder.textChanged.connect(lambda _text: self._judge())
        self._lay_out()
        self._judge()

    def accept(self) -> None:
        """Tell what was chosen and close."""
        self._judge()
        if not self.trouble.text():
            self.chosen.emit(
                Path(self.folder.text()),
                Options(self.dates.isChecked(), self.boxes.isChecked(), self.captures.isChecked()),
            )
            super().accept()

    def _judge(self) -> None:
        text = self.folder.text().strip()
        reason = self._reason_against(Path(text)) if text else "Name a folder."
        self.trouble.setText(reason)
        self.trouble.setVisible(bool(reason))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not reason)

    def _lay_out(self) -> None:
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(Space.INSIDE)
        row.addWidget(QLabel("New folder"))
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        for text in (_REMOVED, _KEPT):
            label = QLabel(text)
            label.setWordWrap(True)
            label.setProperty("role", "secondary")
            column.addWidget(label)
        title = QLabel("Copy as well")
        title.setProperty("role", "title")
        for part in (title, self.boxes, self.dates, self.captures):
            column.addWidget(part)
        column.addLayout(row)
        column.addWidget(self.trouble)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Choose where the new folder goes")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(lambda chosen: self.folder.setText(str(proposed_folder(Path(chosen)))))
        dialog.open()


def proposed_folder(parent: Path | None = None) -> Path:
    """A name for the copy that is free; in the user's documents, or in the folder named."""
    if parent is None:
        written = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        parent = Path(written) if written else Path.home()
    names = (f"lungview-export{'' if number == 1 else f'-{number}'}" for number in range(1, 1000))
    return next(path for name in names if not (path := parent / name).exists())
