"""Third page: how the run does, live, and what can be done about it."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from lungview.processes import memory_bytes
from lungview.ui import theme
from lungview.ui.theme import Mark, Space
from lungview.ui.training.controller import TrainingController
from lungview.ui.training.plots import Plot
from lungview.ui.training.words import facts_words, is_trouble, status_words

_EXAMPLES = 4
_EXAMPLE_SIDE = 190
_REDRAW_MS = 170
"""From one plot redrawn to the next; each comes round about twice a second."""


class LivePage(QWidget):
    """Draws the controller's progress a few times a second at most, and only while it can be seen."""

    def __init__(self, controller: TrainingController) -> None:
        super().__init__()
        self._controller = controller
        accent, text = theme.current_palette().accent, theme.current_palette().text
        self.loss = Plot("Loss", (("training", accent), ("validation", Mark.AI)))
        self.finds = Plot("Validation slices", (("IoU", Mark.READER), ("sensitivity", Mark.MEASUREMENT)))
        self.rate = Plot("Learning rate", (("learning rate", text),))
        self._plots = (self.loss, self.finds, self.rate)
        self._due: dict[Plot, None] = {}
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.facts = QLabel()
        self.facts.setProperty("role", "small")
        self.facts.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.examples = [_picture() for _ in range(_EXAMPLES)]
        self._examples_title = QLabel()
        self._examples_title.setProperty("role", "small")
        self._shown: tuple[Path, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REDRAW_MS)
        self._timer.timeout.connect(self._redraw_one)
        self._lay_out()
        controller.changed.connect(self._on_changed)

    def redraw(self) -> None:
        """Show where the run stands."""
        self._tell()
        for plot in self._plots:
            self._draw(plot)
        self._due.clear()

    def showEvent(self, event: object) -> None:
        """Draw at once when it comes into sight."""
        self.redraw()

    def _on_changed(self) -> None:
        self._due = dict.fromkeys((*self._due, *self._plots))  # those that wait already stay ahead
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _redraw_one(self) -> None:
        """Draw what waits longest: painting a plot takes most of a frame, and all at once would be felt."""
        if self._due:
            plot = next(iter(self._due))
            del self._due[plot]
            self._draw(plot)
        self._tell()
        if self._due and self.isVisible():
            self._timer.start()

    def _tell(self) -> None:
        progress, is_going = self._controller.progress, self._controller.is_going
        told = status_words(progress, is_going=is_going)
        colour = theme.legible(Mark.TROUBLE).name() if is_trouble(progress) else ""
        self.status.setText(f'<span style="color:{colour}">{told}</span>' if colour else told)
        memory = memory_bytes(progress.pid) if progress.pid else None
        self.facts.setText("\n".join([facts_words(progress, memory), *progress.remarks[-2:]]).strip())
        self.progress.setValue(round(progress.share * 1000))
        self._show_examples(progress.examples, progress.examples_step)

    def _draw(self, plot: Plot) -> None:
        progress = self._controller.progress
        curves = {
            self.loss: (progress.loss, progress.validation_loss),
            self.finds: (progress.iou, progress.sensitivity),
            self.rate: (progress.learning_rate,),
        }
        for number, curve in enumerate(curves[plot]):
            plot.draw(number, curve.steps, curve.values)
        plot.span((0, max(progress.steps, 1)), (0, 1) if plot is self.finds else None)

    def _show_examples(self, paths: tuple[Path, ...], step: int) -> None:
        if paths == self._shown:
            return
        self._shown = paths
        for label, path in zip(self.examples, (*paths, *[None] * _EXAMPLES)[:_EXAMPLES], strict=True):
            picture = QPixmap(str(path)) if path is not None and path.is_file() else QPixmap()
            size = label.size()
            mode, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            label.setPixmap(picture if picture.isNull() else picture.scaled(size, mode, smooth))
            label.setVisible(not paths or not picture.isNull())
        told = f"Validation slices at step {step}: reader solid blue, model dashed orange, red where it looked"
        self._examples_title.setText(told if paths else "Validation slices are drawn after the first evaluation")

    def _lay_out(self) -> None:
        curves = QVBoxLayout()
        curves.setSpacing(Space.INSIDE)
        curves.addWidget(self.loss, 3)
        curves.addWidget(self.finds, 3)
        curves.addWidget(self.rate, 2)
        grid = QGridLayout()
        grid.setSpacing(Space.TIGHT)
        for number, label in enumerate(self.examples):
            grid.addWidget(label, number // 2, number % 2)
        side = QVBoxLayout()
        side.setSpacing(Space.INSIDE)
        self._examples_title.setWordWrap(True)
        self._examples_title.setText("Validation slices are drawn after the first evaluation")
        side.addLayout(grid)
        side.addWidget(self._examples_title)
        side.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(Space.BETWEEN)
        both.addLayout(curves, 1)
        both.addLayout(side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.INSIDE)
        for widget in (self.status, self.progress, self.facts):
            column.addWidget(widget)
        column.addLayout(both, 1)


def _picture() -> QLabel:
    label = QLabel()
    label.setObjectName("imageArea")
    label.setFixedSize(_EXAMPLE_SIDE, _EXAMPLE_SIDE)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
