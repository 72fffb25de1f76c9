"""First page: what to learn from, and from which model on; everything else has a default that suits the folder."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.scrolling import scrolled
from lungview.ui.theme import Space
from lungview.ui.training.advanced import AdvancedSettings
from lungview_training.opened_once import OpenCase, OpenedOnce
from lungview_training.supervision.folder_look import FolderLook, look_at_folder
from lungview_training.supervision.plan import BaseModel, Choices
from lungview_training.supervision.reviewed_look import look_at_reviewed
from lungview_training.supervision.sensible import sensible_settings

_FOUND_WIDTH = 560
"""What was found is told across the page; a label that wraps would else ask for the height of a narrow one."""


class SetupPage(QWidget):
    """Asks; looks at the folder in the background each time it is changed."""

    ready_changed = Signal(bool)
    """Whether there is a folder that can be checked."""
    failed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._job: Job[FolderLook] | None = None
        self.look: FolderLook | None = None
        self._bases: tuple[BaseModel, ...] = ()
        self._named: Path | None = None
        self.own_places: Callable[[], tuple[Path | None, Path | None]] = lambda: (None, None)
        """The data folder and the one of the reader's own boxes, all written; None for the usual ones."""
        self.base = QComboBox()
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("A folder of one cancer subtype, with the readers' XML inside or beside it")
        self.folder.editingFinished.connect(lambda: self.choose_folder(Path(self.folder.text())))
        self.annotations = QLabel("Found by itself")
        self.found = QLabel()
        self.title = QLineEdit("Fine-tuned")
        self.title.setMaxLength(60)
        self.only_own = QCheckBox("Use reviewed cases only: the boxes I drew or accepted")
        self.only_own.toggled.connect(self._on_only_own)
        self.unfold = QToolButton()
        self.unfold.setText("Advanced settings")
        self.unfold.setCheckable(True)
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.unfold.setArrowType(Qt.ArrowType.RightArrow)
        self.advanced = AdvancedSettings()
        self.advanced.hide()
        self.unfold.toggled.connect(self._on_unfolded)
        self._lay_out()

    @property
    def is_ready(self) -> bool:
        """Whether there is something to check."""
        return self.look is not None and self._job is None and bool(self._bases)

    def set_bases(self, bases: Sequence[BaseModel], chosen: str) -> None:
        """List the models that can be gone on from. chosen: the name of the one in use; what the reader chose stays."""
        if self._bases:
            chosen = self._bases[max(0, self.base.currentIndex())].name
        self._bases = tuple(bases)
        self.base.clear()
        for each in bases:
            self.base.addItem(each.title)
        names = [each.name for each in bases]
        self.base.setCurrentIndex(names.index(chosen) if chosen in names else 0)
        self.ready_changed.emit(self.is_ready)

    def choose_folder(self, path: Path) -> None:
        """Take a folder and look at it."""
        self.folder.setText(str(path))
        if not self.only_own.isChecked() and (self.look is None or self.look.path != path):
            self._named = None
            self._look_again()

    def looker(self) -> Callable[[Task, OpenCase], FolderLook] | None:
        """What looks at all that is to be learned from, for a job; None where no folder is chosen yet."""
        if self.only_own.isChecked():
            home, boxes = self.own_places()
            return lambda task, opened: look_at_reviewed(task, opened, home=home, boxes=boxes)
        text, named = self.folder.text().strip(), self._named
        return (lambda task, opened: look_at_folder(Path(text), named, task, opened)) if text else None

    def choices(self) -> Choices:
        """What is asked for."""
        assert self.look is not None
        base = self._bases[max(0, self.base.currentIndex())]
        sensible = sensible_settings(self.look.slices, self.look.patients)
        start = Choices.from_sensible(sensible, base, self.title.text().strip() or "Fine-tuned")
        return self.advanced.applied_to(replace(start, annotations=None if self.look.cases else self._named))

    def _on_unfolded(self, is_open: bool) -> None:
        self.unfold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.advanced.setVisible(is_open)

    def _on_only_own(self, is_on: bool) -> None:
        for widget in self._of_folder:
            widget.setEnabled(not is_on)
        self._look_again()

    def _look_again(self) -> None:
        if self._job is not None:
            self._job.cancel()
        look = self.looker()
        if look is None:
            self._job = self.look = None
            self.found.setText("")
            self.ready_changed.emit(False)
            return

        job = self._runner.start("Looking at the folder", lambda task: look(task, OpenedOnce()), is_quiet=True)
        self._job, self.look = job, None
        self.found.setText("Looking at the folder…")
        self.ready_changed.emit(False)
        job.succeeded.connect(self._on_looked)
        job.failed.connect(self.failed)
        job.finished.connect(lambda: self._on_look_ended(job))

    def _on_look_ended(self, job: Job[FolderLook]) -> None:
        """Failed or cancelled, where nothing was found; a later look may have taken its place."""
        if job is self._job:
            self._job = None
            self.found.setText("" if self.look is None else self.found.text())
            self.ready_changed.emit(self.is_ready)

    def _on_looked(self, found: FolderLook) -> None:
        self.look = found
        sensible = sensible_settings(found.slices, found.patients)
        self.advanced.suggest(sensible)
        said = (found.in_words(), *found.problems) if found.problems else (
            f"{found.in_words()}. {sensible.reasons[0].partition(': ')[2].capitalize()}",
            *sensible.reasons[1:],
        )  # fmt: skip
        self.found.setText("\n".join(said))
        folders = ", ".join(dict.fromkeys(each.name for each in found.annotations))
        own = "Your own boxes" if found.cases else ""
        self.annotations.setText(own or folders or ("boxes.csv" if found.slices else "None found"))

    def _ask_folder(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.finished.connect(dialog.deleteLater)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.open()
        return dialog

    def _on_annotations_chosen(self, chosen: str) -> None:
        self._named = Path(chosen)
        self._look_again()

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, Space.INSIDE, 0)
        column.setSpacing(Space.AROUND)
        column.addLayout(self._form())
        column.addWidget(self.unfold)
        column.addWidget(self.advanced)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inner))

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(Space.BETWEEN)
        form.setHorizontalSpacing(Space.AROUND)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        choose, name = QPushButton("Choose…"), QPushButton("Choose…")
        choose.clicked.connect(
            lambda: self._ask_folder("Choose the data folder").fileSelected.connect(
                lambda chosen: self.choose_folder(Path(chosen))
            )
        )
        name.clicked.connect(
            lambda: self._ask_folder("Choose the folder with the annotation XML files").fileSelected.connect(
                self._on_annotations_chosen
            )
        )
        for button in (choose, name):
            button.setAutoDefault(False)
        self.found.setWordWrap(True)
        self.found.setProperty("role", "secondary")
        self.found.setMinimumWidth(_FOUND_WIDTH)
        self._of_folder = (self.folder, choose, self.annotations, name)
        form.addRow("Go on from", self.base)
        form.addRow("Data folder", _beside(self.folder, choose))
        form.addRow("Annotations", _beside(self.annotations, name))
        form.addRow("", self.found)
        form.addRow("", self.only_own)
        form.addRow("New name", self.title)
        return form


def _beside(wide: QWidget, button: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(Space.INSIDE)
    row.addWidget(wide, 1)
    row.addWidget(button)
    return row
