"""The strip: what is open, with a picture of each series."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QListView, QPushButton, QVBoxLayout, QWidget

from lungview.domain.study import Stack
from lungview.ui.display_state import DisplayState
from lungview.ui.keyboard import keep_arrows
from lungview.ui.state import ViewerState
from lungview.ui.strip.delegate import StripDelegate
from lungview.ui.strip.model import StripModel
from lungview.ui.strip.rows import StripRow, rows_of

if TYPE_CHECKING:
    pass


_WIDTH = 236


class StripPanel(QWidget):
    """Lists the open case; a click on a series asks for it. Without readers' boxes it offers to name their folder."""

    stack_wanted = Signal(Stack)

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        choose_annotations: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state, self._display = state, display
        self.model = StripModel(self)
        self.list = _list_of(self.model)
        self.offer = QPushButton("No reader boxes found.\nChoose annotation folder…")
        self.offer.setProperty("role", "offer")
        self.offer.setToolTip("The folder with the readers' XML files; it is remembered for what is open")
        self.offer.clicked.connect(choose_annotations.trigger)
        self.offer.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self.offer)
        self.list.clicked.connect(self._on_chosen)
        self.list.activated.connect(self._on_chosen)
        state.case_changed.connect(self._show_case)
        display.corner_text_changed.connect(self._name_patients)
        state.stack_changed.connect(self._show_current)

    def sizeHint(self) -> QSize:
        """Wide enough for a picture and two short lines."""
        return QSize(_WIDTH, 400)

    def _show_case(self) -> None:
        case = self._state.case
        self.model.set_rows(self._rows())
        self.offer.setVisible(case is not None and bool(case.scan.stacks) and not case.annotations.linked)
        self._show_current()

    def _name_patients(self) -> None:
        """Name the patients, or leave the names out."""
        self.model.reword(self._rows())

    def _rows(self) -> tuple[StripRow, ...]:
        case = self._state.case
        if case is None:
            return ()
        return rows_of(case.scan.patients, self._state.box_counts, names_patients=self._display.shows_corner_text)

    def _show_current(self) -> None:
        stack = self._state.stack
        number = self.model.row_of(stack.key) if stack is not None else -1
        if number < 0:
            self.list.selectionModel().clear()
            return
        index = self.model.index(number)
        self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.list.scrollTo(index)

    def _on_chosen(self, index: QModelIndex) -> None:
        stack = self.model.row(index.row()).stack
        if stack is not None:
            self.stack_wanted.emit(stack)


def _list_of(model: StripModel) -> QListView:
    view = QListView()
    view.setModel(model)
    view.setItemDelegate(StripDelegate(view))
    view.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    view.setMouseTracking(True)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setAccessibleName("Series")
    keep_arrows(view)
    return view
