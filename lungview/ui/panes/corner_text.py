"""What is written in the corners of the large pane."""

from dataclasses import dataclass

from lungview.domain.arrays import VoxelArray
from lungview.domain.study import Instance, Patient, Series, Stack, Study
from lungview.domain.volume import Volume
from lungview.domain.window import PRESETS, Window
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState

_IMPLAUSIBLE_THICKNESS_MM = 50.0
"""A header of the study's dataset claims 410.5 mm; such a number is not repeated to a reader."""


@dataclass(frozen=True, slots=True)
class CornerText:
    """Lines by corner, from the top down."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


def corner_text(state: ViewerState, display: DisplayState, zoom: float, probe: str) -> CornerText:
    """Word the corners. zoom: px per slice column. probe: what lies under the cursor, "" for nothing."""
    stack = state.stack
    if stack is None:
        return CornerText()
    patient, study = _identity(state, stack, is_shown=display.shows_corner_text)
    return CornerText(
        top_left=patient,
        top_right=study,
        bottom_left=(
            *([probe] if probe else []),
            *_slice_lines(stack, state.volume, state.slice_index, display.is_mip),
        ),
        bottom_right=(*_window_lines(state.volume, display), f"Zoom {zoom:.0%}"),
    )


def _identity(state: ViewerState, stack: Stack, *, is_shown: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whose slice it is, and of which study and series; empty where the reader hides it."""
    if not is_shown or state.case is None:
        return (), ()
    for patient in state.case.scan.patients:
        for study in patient.studies:
            for series in study.series:
                if any(each.key == stack.key for each in series.stacks):
                    return _patient_lines(patient), _study_lines(study, series, stack)
    return (), ()


def _patient_lines(patient: Patient) -> tuple[str, ...]:
    born = f"born {as_date(patient.birth_date)}" if patient.birth_date else ""
    about = "  ".join(part for part in (patient.sex, born) if part)
    name = as_name(patient.name)
    return tuple(line for line in (name, patient.id if patient.id != name else "", about) if line)


def _study_lines(study: Study, series: Series, stack: Stack) -> tuple[str, ...]:
    about = "  ".join(part for part in (study.description, as_date(study.date)) if part)
    number = f"Series {series.number}" if series.number is not None else ""
    named = "  ".join(part for part in (number, series.description) if part)
    part = stack.name if len(series.stacks) > 1 else ""
    return tuple(line for line in (about, named, part) if line)


def as_name(name: str) -> str:
    """A DICOM person name (PS3.5 6.2.1) as people write it: family name first, with its other scripts behind it."""
    groups = [", ".join(part for part in group.split("^") if part.strip()) for group in name.split("=")]
    return "  ".join(group for group in groups if group)


def as_date(date: str) -> str:
    """YYYYMMDD as YYYY-MM-DD; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _slice_lines(stack: Stack, volume: Volume | None, index: int, is_mip: bool) -> tuple[str, ...]:
    instance = stack.instances[index]
    place = f"Slice {index + 1} / {stack.slice_count}"
    if volume is not None and volume.geometry.is_known:
        place += f"   {_signed(float(volume.geometry.positions_mm[index]))} mm"
    slab = "10 mm MIP" if is_mip and volume is not None and not volume.is_colour else ""
    return tuple(line for line in (slab, place, _acquired(stack, instance)) if line)


def _acquired(stack: Stack, instance: Instance) -> str:
    thickness = instance.slice_thickness_mm
    thick = f"{thickness:g} mm thick" if thickness and 0 < thickness < _IMPLAUSIBLE_THICKNESS_MM else ""
    kernel = f"kernel {stack.kernel}" if stack.kernel else ""
    return "   ".join(part for part in (thick, kernel) if part)


def _window_lines(volume: Volume | None, display: DisplayState) -> tuple[str, ...]:
    if volume is not None and volume.is_colour:
        return ("Colour, no window",)
    inverted = ("Inverted",) if display.is_inverted else ()
    return (*inverted, describe_window(display.window))


def describe_window(window: Window) -> str:
    """Width and centre, with the preset's name where it is one."""
    name = next((f"{preset.name}   " for preset in PRESETS if preset.window == window), "")
    return f"{name}W {window.width:g}   C {_signed(window.centre, 'g')}"


def _signed(value: float, form: str = ".1f") -> str:
    """A number with a minus sign as wide as a figure."""
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")


def describe_probe(values: VoxelArray, unit: str, row: int, column: int) -> str:
    """What lies at a pixel of a slice: its place, and its value in a unit or its colour."""
    if values.ndim == 3:
        shown = "RGB " + " ".join(str(part) for part in values[row, column])
    else:
        shown = f"{_signed(float(values[row, column]), 'g')} {unit}".rstrip()
    return f"x {column}   y {row}   {shown}"
