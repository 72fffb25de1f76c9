"""The main window: an invitation first, then the parts that read, once they are imported and built."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from lungview.ui import theme
from lungview.ui.empty_state import EmptyState
from lungview.ui.errors import ErrorReporter
from lungview.ui.menu_titles import add_menus, reserve_toolbar
from lungview.ui.preferences import Preferences
from lungview.ui.settings import Layout, SettingsStore
from lungview.ui.status_bar import StatusBar

if TYPE_CHECKING:
    from lungview.ui.actions import Actions
    from lungview.ui.centre import Centre
    from lungview.ui.detection_controller import DetectionController
    from lungview.ui.dialog_opener import DialogOpener
    from lungview.ui.display_state import DisplayState
    from lungview.ui.exporting import ExportDesk
    from lungview.ui.findings.navigation import FindingNavigator
    from lungview.ui.findings.panel import FindingsPanel
    from lungview.ui.findings.rows_keeper import RowsKeeper
    from lungview.ui.graphics_controller import GraphicsController
    from lungview.ui.jobs import JobRunner
    from lungview.ui.layouts import Docks, LayoutKeeper
    from lungview.ui.marks.desk import MarksDesk
    from lungview.ui.menus import Menus, ToolBar
    from lungview.ui.model_menu import ModelMenu
    from lungview.ui.news import News
    from lungview.ui.opening import Opening
    from lungview.ui.panes.attention import AttentionPane
    from lungview.ui.panes.axial import AxialPane
    from lungview.ui.panes.cine import Cine
    from lungview.ui.panes.comparison import ComparisonView
    from lungview.ui.panes.focus import Focus
    from lungview.ui.panes.outline import OutlinePane
    from lungview.ui.panes.zoom import ZoomPane
    from lungview.ui.reading_controller import ReadingController
    from lungview.ui.review_keeper import ReviewKeeper
    from lungview.ui.services import Services
    from lungview.ui.shelf.desk import ShelfDesk
    from lungview.ui.slice_slider import SliceSlider
    from lungview.ui.state import ViewerState
    from lungview.ui.strip.panel import StripPanel
    from lungview.ui.strip.thumbnails import Thumbnailer
    from lungview.ui.training.desk import TrainingDesk
    from lungview.ui.window_keeper import WindowKeeper
    from lungview.ui.window_menu import WindowMenu

_FIRST_SIZE = (1440, 900)
_FRAME = QSize(8, 40)
"""Room for the title bar and borders that the desktop adds, so that the footer stays on a small screen."""


class MainWindow(QMainWindow):
    """Reads one folder at a time. Everything slow is asked of services, in jobs.

    builds_at_once: False lets the window paint its invitation before the rest is imported (in a thread) and built;
    what is asked of it meanwhile is done then.
    """

    painted = Signal()
    """The window was on screen for the first time."""
    built = Signal()
    """Every part is there."""

    if TYPE_CHECKING:  # made in building.py, whose imports must not delay the first paint
        state: ViewerState
        display: DisplayState
        runner: JobRunner
        windows: WindowKeeper
        reading: ReadingController
        graphics: GraphicsController
        detection: DetectionController
        rows: RowsKeeper
        reviews: ReviewKeeper
        navigator: FindingNavigator
        marks: MarksDesk
        opening: Opening
        thumbnails: Thumbnailer
        cine: Cine
        threshold_memory: QTimer
        actions_by_id: Actions
        focus: Focus
        axial: AxialPane
        comparison: ComparisonView
        zoom: ZoomPane
        outline: OutlinePane
        attention: AttentionPane
        slider: SliceSlider
        centre: Centre
        strip: StripPanel
        findings: FindingsPanel
        docks: Docks
        layouts: LayoutKeeper
        menus: Menus
        window_menu: WindowMenu
        model_menu: ModelMenu
        toolbar: ToolBar
        dialogs: DialogOpener
        news: News
        export: ExportDesk
        training: TrainingDesk
        shelf: ShelfDesk

    def __init__(self, services: "Services", *, builds_at_once: bool = True) -> None:
        super().__init__()
        self.services = services
        self.errors = ErrorReporter(self)
        self.preferences = Preferences(SettingsStore(services.settings_file), self)
        self.is_built = False
        self.is_closed = False
        self._is_painted = False
        self._waiting: list[Callable[[], None]] = []
        self._make_shell()
        if builds_at_once:
            self.build()

    def build(self) -> None:
        """Make every part now."""
        from lungview.ui.building import STEPS

        for step in STEPS:
            step(self)
        self.on_built()

    def on_built(self) -> None:
        """Do what was asked while the parts were not there yet."""
        self.is_built = True
        self.built.emit()
        for do in self._waiting:
            do()
        self._waiting.clear()
        if self._is_painted:
            self.news.start()

    def when_built(self, do: Callable[[], None]) -> None:
        """Do it now, or as soon as every part is there."""
        if self.is_built:
            do()
        else:
            self._waiting.append(do)

    def open_path(self, path: Path, annotations: Path | None = None) -> None:
        """Open a folder, file, DICOMDIR or zip; annotations: the folder of XML named for it."""
        if not self.is_built:
            self.empty.say(f"Looking through {path.name or path}…")
        self.when_built(lambda: self.opening.open_path(path, annotations))

    def open_demo(self) -> None:
        """Open the demo patient."""
        self.when_built(lambda: self.opening.open_demo())

    def show_layout(self, layout: Layout) -> None:
        """Show another layout."""
        self.when_built(lambda: self.layouts.switch_to(layout))

    def fit(self) -> None:
        """Fit the slice into the pane shown."""
        from lungview.ui.panes.slice_pane import SlicePane

        in_comparison = self.comparison.findChildren(SlicePane)
        for pane in in_comparison if self.layouts.layout is Layout.COMPARISON else (self.axial,):
            pane.fit()

    def event(self, event: QEvent) -> bool:
        """Notice the first paint: what is slow to import begins only after it."""
        handled = super().event(event)
        is_paint = event.type() in (QEvent.Type.UpdateRequest, QEvent.Type.Paint)
        if is_paint and not self._is_painted and self.isVisible():
            self._is_painted = True
            QTimer.singleShot(0, self, self._after_first_paint)
        return handled

    def showEvent(self, event: QShowEvent) -> None:
        """Size the docks at the first show."""
        super().showEvent(event)
        if self.is_built and not self._is_painted:
            self.layouts.on_shown()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            self.empty.set_dropping(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Nothing was dropped after all."""
        self.empty.set_dropping(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.empty.set_dropping(False)
        event.acceptProposedAction()
        paths: Sequence[Path] = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        self.when_built(lambda: self.opening.open_dropped(paths))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what is to be remembered and end every job; ask first where a training would stop or marks be lost."""
        if self.is_built and not (self.training.may_close() and self.marks.may_close()):
            event.ignore()
            return
        self.is_closed = True
        self._waiting.clear()
        if self.is_built:
            self.cine.stop()
            self.reviews.flush()
            self.marks.close()
            self.layouts.save()
        self.preferences.remember_geometry(bytes(self.saveGeometry().data()))
        self.preferences.flush()
        self.hide()
        if self.is_built:
            self.training.shut_down()
            self.shelf.shut_down()
        if hasattr(self, "runner"):
            self.runner.shut_down()
        super().closeEvent(event)

    def _make_shell(self) -> None:
        """What stands there at the first paint."""
        self.setWindowTitle("LungView")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, self.preferences.current.scheme)
        self.titled_menus = add_menus(self)
        self.toolbar_place = reserve_toolbar(self)
        self.empty = EmptyState(has_demo=self.services.write_demo is not None)
        self.empty.set_recent(self.preferences.current.recent)
        self.empty.folder_wanted.connect(lambda: self.when_built(lambda: self.opening.ask_for_folder()))
        self.empty.file_wanted.connect(lambda: self.when_built(lambda: self.opening.ask_for_file()))
        self.empty.demo_wanted.connect(self.open_demo)
        self.empty.recent_wanted.connect(lambda path: self.open_path(Path(path)))
        self.setCentralWidget(self.empty)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        geometry = self.preferences.current.geometry
        if not geometry or not self.restoreGeometry(QByteArray(geometry)):
            self.resize(QSize(*_FIRST_SIZE).boundedTo(self.screen().availableSize() - _FRAME))

    def _after_first_paint(self) -> None:
        self.painted.emit()
        if self.is_built:
            self.news.start()
        else:
            from lungview.ui.late_building import LateBuilding

            self._late = LateBuilding(self)
