"""Which panes stand where: the layouts, how each was left, and one pane alone for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtWidgets import QMainWindow

from lungview.ui.docks import PaneDock
from lungview.ui.preferences import Preferences
from lungview.ui.settings import Layout

_STATE_VERSION = 1
_FINDINGS_SHARE = 62
"""Per cent of the right column's height for the list, the rest for the panes under it."""


@dataclass(frozen=True, slots=True)
class Docks:
    """The dockable panes."""

    strip: PaneDock
    findings: PaneDock
    zoom: PaneDock
    outline: PaneDock
    attention: PaneDock

    @property
    def all(self) -> tuple[PaneDock, ...]:
        """Every dock."""
        return self.strip, self.findings, self.zoom, self.outline, self.attention


class LayoutKeeper(QObject):
    """Switches layouts and remembers how the reader arranged each."""

    changed = Signal(Layout)

    def __init__(self, window: QMainWindow, docks: Docks, preferences: Preferences) -> None:
        super().__init__(window)
        self._window, self._docks, self._preferences = window, docks, preferences
        self._layout = preferences.current.layout
        self._arrangements: dict[str, bytes] = dict(preferences.current.docks)
        self._before_alone: QByteArray | None = None
        self._place_docks()

    @property
    def layout(self) -> Layout:
        """The layout shown."""
        return self._layout

    @property
    def is_alone(self) -> bool:
        """Whether the middle pane has the window to itself."""
        return self._before_alone is not None

    def show_first(self) -> None:
        """Arrange the docks at start."""
        self._arrange()
        self.changed.emit(self._layout)

    def on_shown(self) -> None:
        """Size the docks at the first show, where the reader has not."""
        if not self._arrangements.get(self._layout):
            self._size_docks()

    def switch_to(self, layout: Layout) -> None:
        """Show another layout as it was left."""
        self._keep()
        self._layout = layout
        self._arrange()
        self.changed.emit(layout)

    def reset(self) -> None:
        """Put this layout's panes back where they were at the very first."""
        self._before_alone = None
        self._arrangements.pop(self._layout, None)
        self._arrange()

    def toggle_alone(self) -> None:
        """Give the middle pane the whole window, or bring the docks back."""
        if self._before_alone is None:
            self._before_alone = self._window.saveState(_STATE_VERSION)
            for dock in self._docks.all:
                if not dock.isFloating():
                    dock.hide()
        else:
            self._window.restoreState(self._before_alone, _STATE_VERSION)
            self._before_alone = None

    def save(self) -> None:
        """Write the arrangements into the settings."""
        self._keep()
        self._preferences.take(replace(self._preferences.current, layout=self._layout, docks=dict(self._arrangements)))

    def _keep(self) -> None:
        state = self._before_alone or self._window.saveState(_STATE_VERSION)
        self._before_alone = None
        self._arrangements[self._layout] = bytes(state.data())

    def _arrange(self) -> None:
        kept = self._arrangements.get(self._layout)
        if not kept or not self._window.restoreState(QByteArray(kept), _STATE_VERSION):
            self._place_docks()

    def _place_docks(self) -> None:
        """The very first arrangement of the layout."""
        window, docks = self._window, self._docks
        for dock in docks.all:
            dock.setFloating(False)
            window.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks.strip)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks.findings)
        window.splitDockWidget(docks.findings, docks.zoom, Qt.Orientation.Vertical)
        window.tabifyDockWidget(docks.zoom, docks.outline)
        window.tabifyDockWidget(docks.outline, docks.attention)
        for dock, is_shown in self._shown_first().items():
            dock.setVisible(is_shown)
        docks.zoom.raise_()
        if window.isVisible():
            self._size_docks()

    def _size_docks(self) -> None:
        """Give the docks the sizes their panes like; Qt does so only in a window that is shown."""
        docks = self._docks
        across, down = [docks.strip, docks.findings], [docks.findings, docks.zoom]
        widths = [each.widget().sizeHint().width() for each in across]
        self._window.resizeDocks(across, widths, Qt.Orientation.Horizontal)
        self._window.resizeDocks(down, [_FINDINGS_SHARE, 100 - _FINDINGS_SHARE], Qt.Orientation.Vertical)

    def _shown_first(self) -> Mapping[PaneDock, bool]:
        docks, is_reading = self._docks, self._layout is Layout.READING
        return {
            docks.strip: is_reading,
            docks.findings: True,
            docks.zoom: is_reading,
            docks.outline: is_reading,
            docks.attention: is_reading,
        }
