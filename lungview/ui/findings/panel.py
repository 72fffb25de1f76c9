"""The findings list with its threshold and the buttons of the verdict."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lungview.domain.finding import ReviewState
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.findings.delegate import PictureDelegate, StateDelegate, TextDelegate
from lungview.ui.findings.model import Column, FindingsModel, header_of
from lungview.ui.findings.navigation import FindingNavigator
from lungview.ui.keyboard import keep_arrows
from lungview.ui.state import ViewerState
from lungview.ui.theme import Size, Space
from lungview.ui.threshold_bar import ThresholdBar

_WIDEST = {
    Column.SOURCE: "Reader",
    Column.SCORE: "0.00",
    Column.SIZE: "000 × 00",
    Column.SLICES: "000–000",
    Column.IOU: "0.00",
    Column.HIT: "yes",
}
"""What a column must have room for, whatever the system's font is."""
_CELL_MARGINS = 15


class FindingsTable(QTableView):
    """The list; empty, it says why."""

    def __init__(self, model: FindingsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.empty_text = ""
        self.setModel(model)
        self.setItemDelegate(TextDelegate(self))
        self.setItemDelegateForColumn(Column.PICTURE, PictureDelegate(self))
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Size.FINDING_THUMBNAIL + 8)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(28)
        for column, width in _widths(theme.font()).items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(Column.STATE, QHeaderView.ResizeMode.Stretch)
        keep_arrows(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The list, or why it is empty."""
        super().paintEvent(event)
        if self.model().rowCount() or not self.empty_text:
            return
        painter = QPainter(self.viewport())
        painter.setPen(QColor(theme.current_palette().secondary_text))
        margin = 2 * Space.AROUND
        place = QRect(self.viewport().rect()).adjusted(margin, 0, -margin, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_text)


class FindingsPanel(QWidget):
    """Threshold above, list in the middle, verdicts below; follows and moves the state's selection."""

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        navigator: FindingNavigator,
        verdicts: tuple[QAction, ...],
        commit: QAction | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state, self._navigator = state, navigator
        self.model = FindingsModel(state, display, self)
        self.table = FindingsTable(self.model)
        self.threshold = ThresholdBar(state, display)
        self._count = QLabel()
        self._count.setProperty("role", "small")
        self._is_looking = False
        self._commit = QPushButton("Commit my read, show the model's")
        self._commit.setToolTip("Second reader mode: the model's findings are held back until you are done")
        if commit is not None:
            self._commit.clicked.connect(commit.trigger)
        self._lay_out(verdicts)
        self.table.clicked.connect(self._on_clicked)
        self.table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self.model.modelReset.connect(self._show_selected)
        for changed in (state.selection_changed, state.rows_changed):
            changed.connect(self._show_selected)
        for changed in (state.rows_changed, state.reviews_changed, state.stack_changed, state.model_changed):
            changed.connect(self._show_counts)
        state.withheld_changed.connect(lambda _withheld: self._show_counts())
        self._show_counts()

    def sizeHint(self) -> QSize:
        """Wide enough for every column."""
        return QSize(sum(_widths(theme.font()).values()) + Space.BETWEEN, 480)

    def set_looking(self, is_looking: bool) -> None:
        """Tell whether the model is still looking."""
        self._is_looking = is_looking
        self._show_counts()

    @property
    def counts(self) -> str:
        """What is told under the list."""
        return self._count.text()

    def _lay_out(self, verdicts: tuple[QAction, ...]) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(Space.BETWEEN, Space.TIGHT, Space.INSIDE, Space.TIGHT)
        row.setSpacing(Space.TIGHT)
        row.addWidget(self._count, 1)
        for action in verdicts:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.threshold)
        column.addWidget(self.table, 1)
        waiting = QHBoxLayout()
        waiting.setContentsMargins(Space.BETWEEN, Space.INSIDE, Space.BETWEEN, Space.TIGHT)
        waiting.addWidget(self._commit)
        column.addLayout(waiting)
        column.addLayout(row)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._navigator.jump_to(self.model.lesion_row(index.row()).id)

    def _on_current_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and self.table.hasFocus():
            self._navigator.jump_to(self.model.lesion_row(current.row()).id)

    def _show_selected(self) -> None:
        number = self.model.row_of(self._state.selected_id)
        selection = self.table.selectionModel()
        if number < 0:
            selection.clear()
            return
        mode = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(self.model.index(number, 0), mode.ClearAndSelect | mode.Rows)
        self.table.scrollTo(self.model.index(number, 0))

    def _show_counts(self) -> None:
        rows, reviews = self._state.rows, self._state.reviews
        made = [reviews.get(row.id, ReviewState.OPEN) for row in rows]
        parts = [f"{len(rows)} finding{'' if len(rows) == 1 else 's'}"]
        parts += [f"{made.count(state)} {state.value}" for state in list(ReviewState)[1:] if state in made]
        self._count.setText(" · ".join(parts) if self._state.stack is not None else "")
        self._commit.setVisible(self._state.is_ai_withheld)
        self.table.empty_text = self._why_empty()
        self.table.viewport().update()

    def _why_empty(self) -> str:
        stack = self._state.stack
        if stack is None:
            return ""
        if not stack.is_detectable and not self._state.findings:
            return "The model reads CT slices only; this series is none, and no reader boxed it."
        if self._state.is_ai_withheld:
            return "You read first. Draw what you see (B); the model's findings come when you commit your read."
        if self._is_looking:
            return "Looking for lesions…"
        if stack.is_detectable and self._state.model is None:
            return "The model is not loaded yet."
        return "No finding at this score threshold."


def _widths(used: QFont) -> dict[Column, int]:
    """Column widths in px for a font."""
    metrics = QFontMetrics(used)
    widths = {Column.PICTURE: Size.FINDING_THUMBNAIL + 10}
    for column, text in _WIDEST.items():
        shown = max(metrics.horizontalAdvance(each) for each in (text, header_of(column)))
        widths[column] = shown + _CELL_MARGINS
    return widths | {Column.STATE: metrics.horizontalAdvance(header_of(Column.STATE)) + _CELL_MARGINS}
