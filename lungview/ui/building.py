"""Makes the parts of the main window, in steps short enough to keep it answering."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer

from lungview.places import data_folder
from lungview.ui.actions import Actions
from lungview.ui.centre import Centre
from lungview.ui.commands import connect_commands
from lungview.ui.detection_controller import DetectionController
from lungview.ui.dialog_opener import DialogOpener
from lungview.ui.display_state import DisplayState
from lungview.ui.docks import PaneDock
from lungview.ui.exporting import ExportDesk
from lungview.ui.findings.navigation import FindingNavigator
from lungview.ui.findings.panel import FindingsPanel
from lungview.ui.findings.rows_keeper import RowsKeeper
from lungview.ui.graphics_controller import GraphicsController
from lungview.ui.jobs import JobRunner
from lungview.ui.layouts import Docks, LayoutKeeper
from lungview.ui.marks.desk import MarksDesk
from lungview.ui.menus import ToolBar, fill_menus
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
from lungview.ui.reviews import ReviewStore
from lungview.ui.settings import Layout
from lungview.ui.shelf.desk import ShelfDesk
from lungview.ui.shortcuts import Id
from lungview.ui.slice_slider import SliceSlider
from lungview.ui.state import ViewerState
from lungview.ui.strip.panel import StripPanel
from lungview.ui.strip.thumbnails import Thumbnailer
from lungview.ui.training.desk import TrainingDesk
from lungview.ui.window_keeper import WindowKeeper
from lungview.ui.window_menu import WindowMenu

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow

_THRESHOLD_PAUSE_MS = 500


def make_states(window: "MainWindow") -> None:
    """What is read, how it is shown, and who works in the background."""
    window.state, window.display = ViewerState(window), DisplayState(window)
    if not hasattr(window, "runner"):  # building later needs one to import these very modules
        window.runner = JobRunner(window)
    window.state.slice_changed.connect(window.runner.courtesy.make_way)
    window.status.watch(window.runner)


def make_controllers(window: "MainWindow") -> None:
    """Those who act on the states."""
    state, display, runner, services = window.state, window.display, window.runner, window.services
    window.windows = WindowKeeper(state, display, window)
    window.reading = ReadingController(state, services, runner, window)
    window.graphics = GraphicsController(state, services, runner, window)
    window.detection = DetectionController(state, services, runner, window)
    window.rows = RowsKeeper(state, display, runner, window)
    store = ReviewStore((services.data_folder or data_folder()) / "reviews")
    window.reviews = ReviewKeeper(state, store, runner, window)
    window.navigator = FindingNavigator(state, window)
    window.marks = MarksDesk(window)
    window.opening = Opening(window, services, runner, window.reading, window.preferences)
    window.thumbnails = Thumbnailer(services.load_volume, runner, window)
    window.cine = Cine(state, window)
    window.threshold_memory = QTimer(window)
    """Runs while the score threshold moves; when it ends, the threshold is kept."""
    window.threshold_memory.setSingleShot(True)
    window.threshold_memory.setInterval(_THRESHOLD_PAUSE_MS)


def make_panes(window: "MainWindow") -> None:
    """The panes that show slices."""
    state, display, runner = window.state, window.display, window.runner
    window.focus = Focus(state, display, window)
    window.axial = AxialPane(state, display, marks=window.focus.marks, editor=window.marks.editor)
    window.comparison = ComparisonView(state, display, window.focus, runner=runner)
    window.zoom = ZoomPane(state, display, window.focus)
    window.outline = OutlinePane(state, display, window.focus, runner=runner)
    window.attention = AttentionPane(state, display, window.focus)
    window.slider = SliceSlider(state, display)


def make_lists(window: "MainWindow") -> None:
    """The strip at the left and the findings at the right."""
    window.actions_by_id = Actions(window)
    verdicts = tuple(window.actions_by_id[each] for each in (Id.ACCEPT, Id.DISMISS, Id.REOPEN))
    window.strip = StripPanel(window.state, window.display, window.actions_by_id[Id.CHOOSE_ANNOTATIONS])
    window.findings = FindingsPanel(
        window.state, window.display, window.navigator, verdicts, window.actions_by_id[Id.COMMIT_READ]
    )


def place(window: "MainWindow") -> None:
    """Put panes and lists where they belong."""
    window.takeCentralWidget()  # the invitation, which lives on in the centre
    panes = {Layout.READING: window.axial, Layout.COMPARISON: window.comparison}
    window.centre = Centre(window.state, window.empty, panes, window.slider)
    window.setCentralWidget(window.centre)
    window.docks = Docks(
        strip=PaneDock("strip", "Series", window.strip, window),
        findings=PaneDock("findings", "Findings", window.findings, window),
        zoom=PaneDock("zoom", "Zoom", window.zoom, window),
        outline=PaneDock("outline", "Sobel outline", window.outline, window),
        attention=PaneDock("attention", "Attention", window.attention, window),
    )
    window.layouts = LayoutKeeper(window, window.docks, window.preferences)


def make_bars(window: "MainWindow") -> None:
    """Menus and toolbar."""
    actions = window.actions_by_id
    window.menus = fill_menus(window, window.titled_menus, actions, window.docks.all)
    window.window_menu = WindowMenu(window.menus.windows, window.state, window.windows, actions)
    window.model_menu = ModelMenu(window.menus.models, actions)
    window.toolbar = ToolBar(actions, window.menus)
    window.removeToolBar(window.toolbar_place)
    window.toolbar_place.deleteLater()
    window.addToolBar(Qt.ToolBarArea.TopToolBarArea, window.toolbar)


def connect(window: "MainWindow") -> None:
    """Join commands, controllers and what tells the reader of them."""
    window.dialogs = DialogOpener(window)
    connect_commands(window)
    window.marks.connect_commands()
    window.news = News(window)
    window.shelf = ShelfDesk(window)
    window.export = ExportDesk(window)
    window.training = TrainingDesk(window)
    window.layouts.show_first()
    if window.isVisible():
        window.layouts.on_shown()


STEPS: tuple[Callable[["MainWindow"], None], ...] = (
    make_states, make_controllers, make_panes, make_lists, place, make_bars, connect,
)  # fmt: skip
