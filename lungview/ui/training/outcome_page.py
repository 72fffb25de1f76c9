"""Last page: base and new model on the same slices, and the choice to keep the new one or not."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lungview.task import Task
from lungview.ui import theme
from lungview.ui.jobs import JobRunner
from lungview.ui.theme import Mark, Space
from lungview.ui.training.busy_page import BusyPage
from lungview.ui.training.plots import Plot
from lungview.ui.training.services import TrainingServices
from lungview_training.config import TrainingConfig
from lungview_training.supervision.proof import Froc, Proof, Thumb
from lungview_training.supervision.registry import RunRecord

_THUMB, _THUMB_PLACE = QSize(112, 112), QSize(136, 176)
"""A picture, and the room for it with three lines below."""
_SHOWN_RATE = 8.0
_HEADS = ("", "Base", "New", "Gain")


@dataclass(frozen=True, slots=True)
class _Proved:
    config: TrainingConfig
    proof: Proof


class OutcomePage(BusyPage[_Proved]):
    """Compares in a job, which can be cancelled; the page can be filled again."""

    proved = Signal(bool)
    """Over; whether there is something to keep."""
    lesion_wanted = Signal(object)
    """A Thumb to be opened in the viewer."""

    def __init__(self, runner: JobRunner, services: TrainingServices) -> None:
        super().__init__(runner, "Asking both models about the same slices…")
        self._services = services
        self._proved: _Proved | None = None
        self._record_id = ""
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.froc = Plot("FROC", (("base", Mark.DISMISSED), ("new", Mark.AI)), across="false marks per scan")
        self.thumbs = QListWidget()
        self.thumbs.setViewMode(QListWidget.ViewMode.IconMode)
        self.thumbs.setIconSize(_THUMB)
        self.thumbs.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.thumbs.setMovement(QListWidget.Movement.Static)
        self.thumbs.setWordWrap(True)
        self.thumbs.setGridSize(_THUMB_PLACE)
        self.thumbs.setSpacing(Space.TIGHT)
        self.thumbs.itemActivated.connect(self._on_activated)
        self.thumbs.itemClicked.connect(self._on_activated)
        self._thumbs_title = QLabel()
        self._thumbs_title.setProperty("role", "title")
        self._same = QLabel("Both models find the same lesions.")
        self._same.setProperty("role", "secondary")
        self._same.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()

    @property
    def proof(self) -> Proof | None:
        """What was found, None before."""
        return self._proved.proof if self._proved is not None else None

    @property
    def config(self) -> TrainingConfig | None:
        """The settings of the training that was judged."""
        return self._proved.config if self._proved is not None else None

    def compare(self, record: RunRecord, config: TrainingConfig) -> None:
        """Ask both models, unless that was done already."""
        if record.id == self._record_id and (self._proved is not None or self.is_busy):
            return
        self._record_id, self._proved = record.id, None
        services, weights = self._services, Path(record.weights)

        def work(task: Task) -> _Proved:
            return _Proved(config, services.prove(config, record.base, weights, task))

        job = self._begin("Comparing the models", work)
        job.progressed.connect(
            lambda done, _total: self._doing.setText(
                f"Asking both models about the same slices: {done} answers so far…"
            )
        )

    def _end(self) -> None:
        if self._proved is None:
            self.verdict.setText("The models could not be compared. The new one can be kept all the same.")
        self.proved.emit(self._proved is not None)

    def _take(self, found: _Proved) -> None:
        self._proved, proof = found, found.proof
        self.verdict.setText("\n".join((_verdict(proof), *proof.remarks)))
        self._fill_table(proof)
        if proof.froc is not None:
            for number, each in enumerate(proof.froc):
                self.froc.draw(number, *_shown_part(each))
        self.froc.span((0, _SHOWN_RATE), (0, 1))
        self.froc.setVisible(proof.froc is not None)
        self._fill_thumbs(proof)

    def _fill_table(self, proof: Proof) -> None:
        self.table.setRowCount(len(proof.rows))
        bold = self.table.font()
        bold.setBold(True)
        for number, row in enumerate(sorted(proof.rows, key=lambda row: row.part != proof.held_out)):
            texts = (
                f"{row.name}, {row.part}",
                row.before.in_words(),
                row.after.in_words(),
                row.difference.in_words(is_difference=True),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if row is proof.verdict:
                    item.setFont(bold)
                self.table.setItem(number, column, item)
        self.table.resizeColumnsToContents()
        self.table.resizeRowsToContents()
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def _fill_thumbs(self, proof: Proof) -> None:
        self.thumbs.clear()
        for thumb in proof.thumbs:
            picture = QPixmap()
            picture.loadFromData(thumb.png)
            side = min(picture.width(), picture.height())
            close = picture.copy(picture.width() - side, 0, side, side)  # the right half is the place close by
            change = "Gained" if thumb.is_gained else "Lost"
            item = QListWidgetItem(QIcon(close), f"{change}\n{thumb.patient}\nslice {thumb.slice_index + 1}")
            item.setData(Qt.ItemDataRole.UserRole, thumb)
            item.setToolTip(f"{thumb.title}. A click opens it in the viewer")
            item.setForeground(theme.legible(Mark.ACCEPTED if thumb.is_gained else Mark.TROUBLE))
            self.thumbs.addItem(item)
        where = f"On the {proof.held_out}, lesions" if proof.held_out else "Lesions"
        gained = sum(each.is_gained for each in proof.thumbs)
        self._thumbs_title.setText(f"{where} gained: {gained} · lost: {len(proof.thumbs) - gained}")

    def _on_activated(self, item: QListWidgetItem) -> None:
        thumb = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(thumb, Thumb):
            self.lesion_wanted.emit(thumb)

    def _show_busy(self, is_busy: bool) -> None:
        super()._show_busy(is_busy)
        shown: tuple[QWidget, ...] = (self.table, self.froc, self._thumbs_title, self.verdict)
        for widget in shown:
            widget.setVisible(not is_busy)
        self.thumbs.setVisible(not is_busy and self.thumbs.count() > 0)
        self._same.setVisible(not is_busy and self.proof is not None and not self.thumbs.count())

    def _lay_out(self) -> None:
        lower = QHBoxLayout()
        lower.setSpacing(Space.BETWEEN)
        side = QVBoxLayout()
        side.addWidget(self._thumbs_title)
        side.addWidget(self.thumbs, 1)
        side.addWidget(self._same, 1)
        lower.addWidget(self.froc, 1)
        lower.addLayout(side, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.BETWEEN)
        for widget in (self._doing, self._progress, self.verdict):
            column.addWidget(widget)
        column.addWidget(self.table, 2)
        column.addLayout(lower, 3)
        column.addStretch(0)
        self._show_busy(False)


def _shown_part(froc: Froc) -> tuple[list[float], list[float]]:
    """A curve as far as it is shown; where its model has no more marks to give, it stays at the height it reached."""
    kept = [at for at, rate in enumerate(froc.false_marks) if rate <= _SHOWN_RATE]
    rates, heights = [froc.false_marks[at] for at in kept], [froc.sensitivity[at] for at in kept]
    if rates and rates[-1] < _SHOWN_RATE:
        rates, heights = [*rates, _SHOWN_RATE], [*heights, heights[-1]]
    return rates, heights


def _verdict(proof: Proof) -> str:
    row = proof.verdict
    if proof.warning or row is None:
        return proof.warning
    return (
        f"On the {proof.held_out}, which the new model did not learn from, it reads better: IoU "
        f"{row.after.in_words()} against {row.before.in_words()}."
    )
