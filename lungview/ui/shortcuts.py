"""Every command of the window with its keys, in one table: menus, tooltips, the sheet of keys and settings read it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lungview.domain.window import PRESETS
from lungview.ui.display_state import MouseScheme

Keys = Mapping[str, tuple[str, ...]]
"""Command id -> keys in place of the command's own."""


class Group(StrEnum):
    """Under which heading a command stands in the sheet of keys."""

    FILE = "File"
    SLICES = "Slices"
    WINDOW = "Window"
    VIEW = "View"
    FINDINGS = "Findings"
    MARKS = "Marks"
    LAYOUT = "Layout"
    MODEL = "Model"
    TRAINING = "Training"
    HELP = "Help"


class Id(StrEnum):
    """Names of commands, as settings keep them."""

    OPEN_FOLDER = "open-folder"
    OPEN_FILE = "open-file"
    OPEN_DEMO = "open-demo"
    CHOOSE_ANNOTATIONS = "choose-annotations"
    EXPORT = "export-deidentified"
    CLOSE_CASE = "close-case"
    CLEAR_RECENT = "clear-recent"
    SETTINGS = "settings"
    QUIT = "quit"
    PREVIOUS_SLICE = "previous-slice"
    NEXT_SLICE = "next-slice"
    BACK_TEN = "back-ten"
    FORWARD_TEN = "forward-ten"
    FIRST_SLICE = "first-slice"
    LAST_SLICE = "last-slice"
    CINE = "cine"
    PREVIOUS_STACK = "previous-stack"
    NEXT_STACK = "next-stack"
    FILE_WINDOW = "file-window"
    AUTO_WINDOW = "auto-window"
    INVERT = "invert"
    FIT = "fit"
    MIP = "mip"
    AI_MARKS = "ai-marks"
    READER_MARKS = "reader-marks"
    ATTENTION = "attention"
    GRAPHICS = "graphics"
    CORNER_TEXT = "corner-text"
    GRADIENT = "gradient"
    LIGHT_THEME = "light-theme"
    FULL_SCREEN = "full-screen"
    PREVIOUS_FINDING = "previous-finding"
    NEXT_FINDING = "next-finding"
    ACCEPT = "accept"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    DRAW_BOX = "draw-box"
    UNDO = "undo"
    REDO = "redo"
    DELETE_BOX = "delete-box"
    DELETE_LESION = "delete-lesion"
    LABEL = "label"
    PROPAGATE = "propagate"
    LEAVE = "leave"
    REVIEWED = "reviewed"
    SUGGEST_NEXT = "suggest-next"
    SECOND_READER = "second-reader"
    COMMIT_READ = "commit-read"
    READER_NAME = "reader-name"
    BOXES_FOLDER = "boxes-folder"
    LAYOUT_READING = "layout-reading"
    LAYOUT_COMPARISON = "layout-comparison"
    RESET_LAYOUT = "reset-layout"
    OPEN_WEIGHTS = "open-weights"
    DETECT_AGAIN = "detect-again"
    MANAGE_MODELS = "manage-models"
    ROLL_BACK_MODEL = "roll-back-model"
    TRAIN = "train"
    REPORT = "report"
    KEYS = "keys"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the reader can do. keys: as Qt writes them, the first is shown. hint: what the tooltip says of it."""

    id: str
    text: str
    group: Group
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    hint: str = ""


def preset_id(number: int) -> str:
    """The command id of a window preset; number counts from 1, as its key does."""
    return f"preset-{number}"


_PRESETS = tuple(
    Command(preset_id(number), f"{preset.name}  {preset.window.width:.0f} / {preset.window.centre:.0f}", Group.WINDOW,
            (str(number),), hint=f"{preset.name} window")
    for number, preset in enumerate(PRESETS, start=1)
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    Command(Id.OPEN_FOLDER, "Open folder…", Group.FILE, ("Ctrl+O",), "folder-open", hint="Open a DICOM folder"),
    Command(Id.OPEN_FILE, "Open file, DICOMDIR or zip…", Group.FILE, ("Ctrl+Shift+O",)),
    Command(Id.OPEN_DEMO, "Open the demo patient", Group.FILE),
    Command(Id.CHOOSE_ANNOTATIONS, "Choose annotation folder…", Group.FILE),
    Command(Id.EXPORT, "Export de-identified…", Group.FILE, hint="Copy the case without what tells whose it is"),
    Command(Id.CLOSE_CASE, "Close", Group.FILE, ("Ctrl+W",)),
    Command(Id.CLEAR_RECENT, "Forget recent", Group.FILE),
    Command(Id.SETTINGS, "Settings…", Group.FILE, ("Ctrl+,",), "gear-six", hint="Settings"),
    Command(Id.QUIT, "Quit", Group.FILE, ("Ctrl+Q",)),
    Command(Id.PREVIOUS_SLICE, "Previous slice", Group.SLICES, ("Up",)),
    Command(Id.NEXT_SLICE, "Next slice", Group.SLICES, ("Down",)),
    Command(Id.BACK_TEN, "Ten slices back", Group.SLICES, ("PgUp",)),
    Command(Id.FORWARD_TEN, "Ten slices on", Group.SLICES, ("PgDown",)),
    Command(Id.FIRST_SLICE, "First slice", Group.SLICES, ("Home",)),
    Command(Id.LAST_SLICE, "Last slice", Group.SLICES, ("End",)),
    Command(Id.CINE, "Cine", Group.SLICES, ("C",), "play", True, "Run through the slices"),
    Command(Id.PREVIOUS_STACK, "Previous series", Group.SLICES, ("Ctrl+PgUp",)),
    Command(Id.NEXT_STACK, "Next series", Group.SLICES, ("Ctrl+PgDown",)),
    *_PRESETS,
    Command(Id.FILE_WINDOW, "Window from the file", Group.WINDOW, ("0",)),
    Command(Id.AUTO_WINDOW, "Automatic", Group.WINDOW),
    Command(Id.INVERT, "Invert", Group.VIEW, ("I",), "circle-half", True, "Swap black and white"),
    Command(Id.FIT, "Fit", Group.VIEW, ("F",), "corners-out", hint="Fit the slice into the pane"),
    Command(Id.MIP, "10 mm MIP", Group.VIEW, ("M",), "stack", True, "Brightest values of a 10 mm slab"),
    Command(Id.READER_MARKS, "Reader marks", Group.VIEW, ("R",), "user-square", True, "Boxes of the readers"),
    Command(Id.AI_MARKS, "AI marks", Group.VIEW, ("G",), "brain", True, "Boxes of the model"),
    Command(Id.ATTENTION, "Attention", Group.VIEW, ("T",), "fire-simple", True, "Where the model looked"),
    Command(Id.GRAPHICS, "The file's graphics", Group.VIEW, ("O",), is_checkable=True),
    Command(
        Id.CORNER_TEXT, "Patient identity", Group.VIEW, ("H",), is_checkable=True, hint="Names; hide for screenshots"
    ),
    Command(Id.GRADIENT, "Plain Sobel gradient", Group.VIEW, ("E",), is_checkable=True),
    Command(Id.LIGHT_THEME, "Light theme", Group.VIEW, is_checkable=True),
    Command(Id.FULL_SCREEN, "Full screen", Group.VIEW, ("F11",), is_checkable=True),
    Command(Id.NEXT_FINDING, "Next finding", Group.FINDINGS, ("N",)),
    Command(Id.PREVIOUS_FINDING, "Previous finding", Group.FINDINGS, ("Shift+N",)),
    Command(Id.ACCEPT, "Accept, go on", Group.FINDINGS, ("A",), "check", hint="Accept the finding and go to the next"),
    Command(Id.DISMISS, "Dismiss, go on", Group.FINDINGS, ("D",), "x", hint="Dismiss the finding and go to the next"),
    Command(Id.REOPEN, "Open again", Group.FINDINGS, ("U",), "arrow-counter-clockwise", hint="Take back the verdict"),
    Command(
        Id.DRAW_BOX, "Draw boxes", Group.MARKS, ("B",), "bounding-box", True, "Draw, move and resize your own boxes"
    ),
    Command(Id.UNDO, "Undo", Group.MARKS, ("Ctrl+Z",), "arrow-u-up-left", hint="Undo"),
    Command(Id.REDO, "Redo", Group.MARKS, ("Ctrl+Y", "Ctrl+Shift+Z"), "arrow-u-up-right", hint="Redo"),
    Command(Id.DELETE_BOX, "Delete box", Group.MARKS, ("Del",)),
    Command(Id.DELETE_LESION, "Delete lesion on all slices", Group.MARKS, ("Shift+Del",)),
    Command(Id.LABEL, "Label…", Group.MARKS, ("L",)),
    Command(Id.PROPAGATE, "Propagate to neighbouring slices…", Group.MARKS, ("P",)),
    Command(Id.LEAVE, "Deselect, put the tool away", Group.MARKS, ("Esc",)),
    Command(
        Id.REVIEWED, "Case reviewed", Group.MARKS, ("Ctrl+M",), "circle-wavy-check", True, "You are done with this case"
    ),
    Command(Id.SUGGEST_NEXT, "Suggest next case", Group.MARKS, ("Ctrl+J",)),
    Command(Id.SECOND_READER, "Second reader mode", Group.MARKS, is_checkable=True),
    Command(Id.COMMIT_READ, "Commit my read, show the model's", Group.MARKS, ("Ctrl+Return",)),
    Command(Id.READER_NAME, "Reader's name…", Group.MARKS),
    Command(Id.BOXES_FOLDER, "Folder for your boxes…", Group.MARKS),
    Command(Id.LAYOUT_READING, "Reading", Group.LAYOUT, ("Ctrl+1",), is_checkable=True),
    Command(Id.LAYOUT_COMPARISON, "Comparison", Group.LAYOUT, ("Ctrl+2",), is_checkable=True),
    Command(Id.RESET_LAYOUT, "Reset this layout", Group.LAYOUT),
    Command(Id.OPEN_WEIGHTS, "Open weights file…", Group.MODEL),
    Command(Id.DETECT_AGAIN, "Detect again", Group.MODEL, ("Ctrl+D",)),
    Command(Id.MANAGE_MODELS, "Models…", Group.MODEL, ("Ctrl+Shift+M",), hint="Keep, compare and choose models"),
    Command(Id.ROLL_BACK_MODEL, "Back to the default before", Group.MODEL),
    Command(Id.TRAIN, "Fine-tune…", Group.TRAINING, ("Ctrl+T",), "graduation-cap", hint="Fine-tune a model"),
    Command(Id.REPORT, "Geometry and files report", Group.HELP, ("Ctrl+R",)),
    Command(Id.KEYS, "Keys and mouse", Group.HELP, ("F1", "?"), "keyboard", hint="All keys and gestures"),
    Command(Id.ABOUT, "About LungView", Group.HELP),
)


@dataclass(frozen=True, slots=True)
class Gesture:
    """What one movement of the mouse does, per scheme."""

    movement: str
    standard: str
    pacs: str

    def meaning(self, scheme: MouseScheme) -> str:
        """What it does in a scheme."""
        return self.pacs if scheme is MouseScheme.PACS else self.standard


def _same(movement: str, meaning: str) -> Gesture:
    return Gesture(movement, meaning, meaning)


GESTURES: tuple[Gesture, ...] = (
    _same("Wheel", "One slice"),
    _same("Shift + wheel", "Five slices"),
    _same("Ctrl + wheel", "Zoom at the cursor"),
    Gesture("Left drag", "Window: across width, up and down centre", "Zoom"),
    _same("Middle drag", "Move the image"),
    Gesture("Right drag", "Zoom", "Window: across width, up and down centre"),
    _same("Right click", "Menu"),
    _same("Drag with the box tool", "Draw a box; move or resize the one under the cursor"),
    _same("Drag the selected box", "Move it, by a handle resize it"),
    _same("Double click", "Maximise the pane, again to restore"),
)


def keys_of(command: Command, changed: Keys) -> tuple[str, ...]:
    """The keys of a command, the reader's own where changed."""
    return changed.get(command.id, command.keys)


def clashes(changed: Keys) -> dict[str, tuple[Command, ...]]:
    """Keys that more than one command would answer to."""
    users: defaultdict[str, list[Command]] = defaultdict(list)
    for command in COMMANDS:
        for key in keys_of(command, changed):
            users[key].append(command)
    return {key: tuple(found) for key, found in users.items() if len(found) > 1}


def tooltip(command: Command, changed: Keys) -> str:
    """What a button of the command says when the mouse rests on it, with its keys."""
    text = command.hint or command.text.rstrip("…")
    keys = keys_of(command, changed)
    return f"{text} ({' or '.join(keys)})" if keys else text
