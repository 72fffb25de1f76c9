"""The middle of the window: message bar, the pane of the layout, and the slice slider under it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lungview.ui.empty_state import EmptyState
from lungview.ui.message_bar import MessageBar
from lungview.ui.settings import Layout
from lungview.ui.slice_slider import SliceSlider
from lungview.ui.state import ViewerState

_LEAST_SIZE = (320, 240)


class Centre(QWidget):
    """Shows the invitation while nothing is open, else the layout's pane."""

    def __init__(
        self,
        state: ViewerState,
        empty: EmptyState,
        panes: dict[Layout, QWidget],
        slider: SliceSlider,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._panes, self._slider, self._empty = state, panes, slider, empty
        self._layout = Layout.READING
        self.messages = MessageBar()
        self._pages = QStackedWidget()
        self._pages.setMinimumSize(*_LEAST_SIZE)  # else the greediest page, though hidden, would narrow the docks
        self._pages.addWidget(empty)
        for pane in panes.values():
            self._pages.addWidget(pane)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self._pages, 1)
        column.addWidget(slider)
        state.case_changed.connect(self._show_page)
        state.stack_changed.connect(self._show_page)
        self._show_page()

    def show_layout(self, layout: Layout) -> None:
        """Show this layout's pane and give it the keys, which would else go to whatever button stands next."""
        self._layout = layout
        self._show_page()
        self._panes[layout].setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_page(self) -> None:
        case = self._state.case
        has_images = case is not None and bool(case.scan.stacks)
        self._pages.setCurrentWidget(self._panes[self._layout] if has_images else self._empty)
        self._slider.setVisible(has_images)
