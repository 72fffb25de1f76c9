"""The five figures of the comparison."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from lungview.domain.finding import Source
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.comparison import ComparisonView, columns_for
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.state import ViewerState
from tests.support.panes import NO_KEY, NOTCH, is_coloured, pixels, show, turn_wheel


@pytest.fixture
def view(qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus) -> ComparisonView:
    made = ComparisonView(state, display, focus)
    show(qtbot, made, 1280, 700)
    return made


def test_the_five_figures_show_what_their_titles_say(view: ComparisonView) -> None:
    assert [figure.title for figure in view.figures] == [
        "Slice", "Reader's box", "Predicted box", "Zoom into the predicted box", "Sobel outline of the zoom",
    ]  # fmt: skip
    drawn = [
        [bool(is_coloured(pixels(figure.pane), colour).any()) for colour in (theme.Mark.READER, theme.Mark.AI)]
        for figure in view.figures[:4]
    ]
    assert drawn == [[False, False], [True, False], [False, True], [True, True]]


def test_the_wheel_scrolls_in_every_figure(view: ComparisonView, state: ViewerState) -> None:
    for figure in view.figures:
        state.go_to_slice(4)
        assert isinstance(figure.pane, SlicePane)
        turn_wheel(figure.pane, NOTCH, 64, 64)
        assert state.slice_index == 3


def test_the_table_and_its_caption_tell_the_iou(
    view: ComparisonView, state: ViewerState, display: DisplayState
) -> None:
    model = view.table.model
    texts = [model.data(model.index(0, column)) for column in range(4)]
    assert texts == ["70, 60\n90, 80", "72, 60\n92, 80", "0.80", "0.82"]
    assert view.table.caption.text() == "IoU 0.82"
    display.set_score_threshold(0.9)
    assert view.table.caption.text() == "IoU 0.00: no predicted box overlaps the reader's."
    state.go_to_slice(8)
    assert (model.rowCount(), view.table.caption.text()) == (0, "No boxes on this slice.")


def test_the_table_is_a_proper_model(view: ComparisonView, qtmodeltester: object) -> None:
    qtmodeltester.check(view.table.model)  # type: ignore[attr-defined]


def test_whole_slices_zoom_together(view: ComparisonView) -> None:
    first, second = view.figures[0].pane, view.figures[1].pane
    assert isinstance(first, SlicePane)
    assert isinstance(second, SlicePane)
    turn_wheel(first, NOTCH, 30, 30, Qt.KeyboardModifier.ControlModifier)
    assert second.framing == first.framing
    assert second.framing.zoom > 1


def test_a_figure_fills_the_view_and_gives_it_back(view: ComparisonView) -> None:
    figure = view.figures[1]
    QTest.mouseDClick(figure.pane, Qt.MouseButton.LeftButton, NO_KEY, QPoint(30, 30))
    assert [each.isVisible() for each in view.figures] == [False, True, False, False, False]
    QTest.mouseDClick(figure.pane, Qt.MouseButton.LeftButton, NO_KEY, QPoint(30, 30))
    assert all(each.isVisible() for each in view.figures)


@pytest.mark.parametrize(
    ("size", "columns"), [((1280, 700), 3), ((3840, 2000), 3), ((800, 900), 2), ((300, 1500), 1), ((856, 650), 3)]
)
def test_the_grid_fits_the_size(size: tuple[int, int], columns: int) -> None:
    assert columns_for(*size) == columns


def test_no_figure_is_clipped_in_a_small_window(qtbot: QtBot, view: ComparisonView) -> None:
    view.resize(760, 620)
    cells = [*view.figures, view.table]
    assert all(view.rect().contains(cell.geometry()) for cell in cells)
    assert all(cell.height() > 100 for cell in cells)


def test_the_focus_names_whose_box_is_enlarged(view: ComparisonView, state: ViewerState, focus: Focus) -> None:
    state.go_to_slice(3)
    assert focus.target is not None
    assert focus.target.source is Source.READER
    assert view.figures[3].title == "Zoom into the reader's box"
