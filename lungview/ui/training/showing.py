"""From a lesion gained or lost to its slice in the viewer."""

from typing import TYPE_CHECKING

from lungview.domain.study import Stack
from lungview_training.config import SourceConfig, SourceKind

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow
    from lungview_training.supervision.proof import Thumb


def show_lesion(window: "MainWindow", source: SourceConfig, thumb: "Thumb") -> None:
    """Open the folder if need be, choose the series, go to the slice."""
    if source.kind is SourceKind.IMAGES:
        window.centre.messages.tell("This lesion is of a picture folder, which the viewer does not open.")
        return
    if window.reading.path == source.path.resolve() or window.reading.path == source.path:
        _go(window, thumb)
        return

    def then(_path: object) -> None:
        window.reading.opened.disconnect(then)
        _go(window, thumb)

    window.reading.opened.connect(then)
    window.opening.open_path(source.path, source.annotations)


def _go(window: "MainWindow", thumb: "Thumb") -> None:
    stack = _stack_of(window, thumb)
    if stack is None:
        window.centre.messages.tell("The series of this lesion is not in the folder any more.")
        return
    window.reading.choose_stack(stack)
    window.state.go_to_slice(thumb.slice_index)
    window.activateWindow()


def _stack_of(window: "MainWindow", thumb: "Thumb") -> Stack | None:
    """The stack that evaluation named "study S, boxed series B" of this patient, counted as it counts."""
    from lungview_training.labelled import boxed_stacks

    case = window.state.case
    if case is None:
        return None
    numbers = [int(word) for word in thumb.scan.replace(",", " ").split() if word.isdigit()]
    for place, patient in enumerate(case.scan.patients, start=1):
        if (patient.id or f"patient {place}") == thumb.patient and len(numbers) == 2:
            studies, (study, number) = patient.studies, numbers
            stacks = boxed_stacks(studies[study - 1], case) if study <= len(studies) else []
            return stacks[number - 1][0] if number <= len(stacks) else None
    return None
