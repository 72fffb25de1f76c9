"""Connects the table's commands to what carries them out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import SignalInstance

from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.settings import Layout
from lungview.ui.shortcuts import Id
from lungview.ui.theme import Scheme

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow

NEED_CASE = (Id.CHOOSE_ANNOTATIONS, Id.EXPORT, Id.CLOSE_CASE, Id.REPORT)
"""Commands that make no sense before a folder is open."""
NEED_STACK = (
    Id.PREVIOUS_SLICE, Id.NEXT_SLICE, Id.BACK_TEN, Id.FORWARD_TEN, Id.FIRST_SLICE, Id.LAST_SLICE, Id.CINE,
    Id.PREVIOUS_STACK, Id.NEXT_STACK, Id.FIT, Id.MIP, Id.FILE_WINDOW, Id.AUTO_WINDOW, Id.DETECT_AGAIN,
    Id.NEXT_FINDING, Id.PREVIOUS_FINDING, Id.ACCEPT, Id.DISMISS, Id.REOPEN,
)  # fmt: skip


def connect_commands(window: "MainWindow") -> None:
    """Make every command do what its text says."""
    _connect_files(window)
    _connect_slices(window)
    _connect_display(window)
    _connect_findings(window)
    _connect_layouts(window)
    _connect_help(window)


def _connect_files(window: "MainWindow") -> None:
    on, opening = window.actions_by_id.on, window.opening
    on(Id.OPEN_FOLDER, opening.ask_for_folder)
    on(Id.OPEN_FILE, opening.ask_for_file)
    on(Id.OPEN_DEMO, opening.open_demo)
    on(Id.CHOOSE_ANNOTATIONS, opening.ask_for_annotations)
    on(Id.CLOSE_CASE, window.reading.close)
    on(Id.CLEAR_RECENT, window.preferences.forget_recent)
    on(Id.OPEN_WEIGHTS, opening.ask_for_weights)
    on(Id.DETECT_AGAIN, window.detection.run)
    on(Id.QUIT, window.close)
    window.actions_by_id[Id.OPEN_DEMO].setVisible(window.services.write_demo is not None)


def _connect_slices(window: "MainWindow") -> None:
    on, state = window.actions_by_id.on, window.state
    steps = {Id.PREVIOUS_SLICE: -1, Id.NEXT_SLICE: 1, Id.BACK_TEN: -10, Id.FORWARD_TEN: 10}
    for command_id, count in steps.items():
        on(command_id, partial(state.step_slice, count))
    on(Id.FIRST_SLICE, partial(state.go_to_slice, 0))
    on(Id.LAST_SLICE, lambda: state.go_to_slice(state.stack.slice_count - 1 if state.stack else 0))
    on(Id.PREVIOUS_STACK, partial(window.reading.step_stack, -1))
    on(Id.NEXT_STACK, partial(window.reading.step_stack, 1))
    on(Id.CINE, window.cine.toggle)
    window.cine.playing_changed.connect(window.actions_by_id[Id.CINE].setChecked)
    window.strip.stack_wanted.connect(window.reading.choose_stack)


def _connect_display(window: "MainWindow") -> None:
    display = window.display
    toggles: dict[str, tuple[Callable[[bool], None], SignalInstance, bool]] = {
        Id.INVERT: (display.set_inverted, display.inverted_changed, display.is_inverted),
        Id.MIP: (display.set_mip, display.mip_changed, display.is_mip),
        Id.AI_MARKS: (display.set_shows_ai, display.ai_shown_changed, display.shows_ai),
        Id.READER_MARKS: (display.set_shows_reader, display.reader_shown_changed, display.shows_reader),
        Id.ATTENTION: (display.set_shows_attention, display.attention_shown_changed, display.shows_attention),
        Id.GRAPHICS: (display.set_shows_graphics, display.graphics_shown_changed, display.shows_graphics),
        Id.CORNER_TEXT: (display.set_shows_corner_text, display.corner_text_changed, display.shows_corner_text),
        Id.GRADIENT: (display.set_shows_gradient, display.gradient_shown_changed, display.shows_gradient),
    }
    for command_id, (set_shown, changed, is_shown) in toggles.items():
        action = window.actions_by_id[command_id]
        action.setChecked(is_shown)
        window.actions_by_id.on_toggle(command_id, set_shown)
        changed.connect(action.setChecked)
    window.actions_by_id.on(Id.FIT, window.fit)
    window.actions_by_id.on_toggle(Id.LIGHT_THEME, partial(_set_light, window))
    window.actions_by_id.on_toggle(Id.FULL_SCREEN, partial(_set_full_screen, window))
    display.window_changed.connect(window.toolbar.show_window)
    window.toolbar.show_window(display.window)


def _set_light(window: "MainWindow", is_light: bool) -> None:
    scheme = Scheme.LIGHT if is_light else Scheme.DARK
    window.preferences.take(replace(window.preferences.current, scheme=scheme))


def _set_full_screen(window: "MainWindow", is_full: bool) -> None:
    if is_full:
        window.showFullScreen()
    else:
        window.showNormal()


def _connect_findings(window: "MainWindow") -> None:
    on, navigator = window.actions_by_id.on, window.navigator
    on(Id.NEXT_FINDING, partial(navigator.step, 1))
    on(Id.PREVIOUS_FINDING, partial(navigator.step, -1))
    on(Id.ACCEPT, navigator.accept)
    on(Id.DISMISS, navigator.dismiss)
    on(Id.REOPEN, navigator.reopen)


def _connect_layouts(window: "MainWindow") -> None:
    actions, layouts = window.actions_by_id, window.layouts
    ids = {Layout.READING: Id.LAYOUT_READING, Layout.COMPARISON: Id.LAYOUT_COMPARISON}
    for layout, command_id in ids.items():
        actions.on(command_id, partial(layouts.switch_to, layout))
    actions.on(Id.RESET_LAYOUT, layouts.reset)
    layouts.changed.connect(window.centre.show_layout)
    layouts.changed.connect(window.toolbar.show_layout)
    layouts.changed.connect(lambda layout: actions[ids[layout]].setChecked(True))
    window.axial.maximise_requested.connect(layouts.toggle_alone)
    for shown in window.findChildren(SlicePane):
        shown.menu_requested.connect(window.menus.context.popup)
    floating = ((window.docks.zoom, window.zoom), (window.docks.outline, window.outline))
    for dock, pane in (*floating, (window.docks.attention, window.attention)):
        dock.float_on(pane.maximise_requested)


def _connect_help(window: "MainWindow") -> None:
    on, dialogs = window.actions_by_id.on, window.dialogs
    on(Id.KEYS, dialogs.show_keys)
    on(Id.SETTINGS, dialogs.show_settings)
    on(Id.REPORT, dialogs.show_report)
    on(Id.ABOUT, dialogs.show_about)
    window.status.report_wanted.connect(dialogs.show_report)
