"""Viewer states that show small volumes with boxes on them."""

from collections.abc import Mapping, Sequence

from lungview.annotations.values import Annotations
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.finding import Finding
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.reading.case import Case
from lungview.reading.comparison import lesion_rows
from lungview.ui.state import ViewerState
from tests.support.volumes import make_scan, uid


def make_case(*stacks: Stack, findings: Mapping[str, tuple[Finding, ...]] | None = None) -> Case:
    """Return a case of these stacks; findings: by SOP Instance UID."""
    return Case(make_scan(*stacks), Annotations(findings=findings or {}))


def boxed(index: int, *boxes: Box, label: str = "A") -> dict[str, tuple[Finding, ...]]:
    """Return a reader's findings on one slice, by SOP Instance UID."""
    return {uid(index): tuple(Finding(uid(index), box, label) for box in boxes)}


def shown_state(
    volume: Volume,
    findings: Mapping[str, tuple[Finding, ...]] | None = None,
    detections: Mapping[int, Sequence[Detection]] | None = None,
    score_threshold: float = 0.0,
) -> ViewerState:
    """Return a state that shows a volume with readers' findings, a model's detections and their lesion rows."""
    state = ViewerState()
    state.open_case(make_case(volume.stack, findings=findings))
    state.choose_stack(volume.stack)
    state.set_volume(volume)
    for index, found in (detections or {}).items():
        state.add_detections(volume.stack.key, SliceDetections(index, tuple(found)))
    rows = lesion_rows(volume.stack, volume.geometry, state.findings, state.detections, score_threshold)
    state.set_rows(volume.stack.key, rows)
    return state
