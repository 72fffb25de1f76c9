"""The table of commands and keys."""

from PySide6.QtGui import QKeySequence

from lungview.ui import icons
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.shortcuts import COMMANDS, GESTURES, Id, clashes, tooltip

SPECIFIED = {
    "Up": "previous-slice", "Down": "next-slice", "PgUp": "back-ten", "PgDown": "forward-ten", "Home": "first-slice",
    "End": "last-slice", "1": "preset-1", "7": "preset-7", "0": "file-window", "N": "next-finding",
    "Shift+N": "previous-finding", "G": "ai-marks", "R": "reader-marks", "T": "attention", "M": "mip", "A": "accept",
    "D": "dismiss", "I": "invert", "F": "fit", "C": "cine", "F1": "keys", "?": "keys", "Ctrl+O": "open-folder",
}  # fmt: skip


def test_every_specified_key_has_its_command() -> None:
    keys = {key: command.id for command in COMMANDS for key in command.keys}
    assert {key: keys.get(key) for key in SPECIFIED} == SPECIFIED


def test_every_command_has_its_own_id_and_every_id_a_command() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert set(Id) <= set(ids)


def test_no_key_has_two_commands_as_shipped() -> None:
    assert clashes({}) == {}


def test_a_changed_key_that_clashes_names_both_commands() -> None:
    found = clashes({Id.FIT: ("I",)})
    assert [command.id for command in found["I"]] == [Id.INVERT, Id.FIT]


def test_every_key_is_one_that_qt_knows() -> None:
    for command in COMMANDS:
        for key in command.keys:
            assert QKeySequence(key).toString() == key


def test_a_tooltip_names_the_keys_in_use() -> None:
    invert = next(command for command in COMMANDS if command.id == Id.INVERT)
    assert tooltip(invert, {}) == "Swap black and white (I)"
    assert tooltip(invert, {Id.INVERT: ("X",)}) == "Swap black and white (X)"
    assert tooltip(invert, {Id.INVERT: ()}) == "Swap black and white"


def test_every_icon_named_is_in_the_font(qapp: object) -> None:
    assert qapp is not None
    for command in COMMANDS:
        if command.icon:
            image = icons.pixmap(command.icon, "#ffffff").toImage()
            drawn = any(image.pixelColor(x, y).alpha() for x in range(18) for y in range(18))
            assert drawn, command.icon


def test_the_pacs_scheme_puts_the_window_on_the_right_drag() -> None:
    meanings = {gesture.movement: gesture.meaning(MouseScheme.PACS) for gesture in GESTURES}
    assert meanings["Right drag"].startswith("Window")
    assert meanings["Left drag"] == "Zoom"
