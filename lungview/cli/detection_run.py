"""The work behind `detect`: every CT stack of a case read, looked at and reported."""

from dataclasses import dataclass
from pathlib import Path

from lungview.app import load_detector, load_volume
from lungview.cli.exit_codes import ExitCode
from lungview.cli.progress import Progress
from lungview.domain.detection import Detector
from lungview.domain.study import Stack
from lungview.errors import DicomError
from lungview.reading.case import Case
from lungview.reading.report import StackResult, build_report
from lungview.reading.report_entries import Report
from lungview.reading.report_files import write_report


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be detected with, and where the report goes. score_threshold: None takes the model's own."""

    out: Path
    model: str = ""
    device: str = "auto"
    is_cached: bool = True
    is_thorough: bool = False
    score_threshold: float | None = None


def detect_all(case: Case, asked: Asked, progress: Progress) -> ExitCode:
    """Write the report on all CT stacks; one that cannot be read is told and left out, and the exit code says so."""
    progress.begin("Loading the model")
    detector = load_detector(asked.model, asked.device, is_cached=asked.is_cached, is_thorough=asked.is_thorough)
    stacks = [stack for stack in case.scan.stacks if stack.is_detectable]
    results, failures = [], 0
    for place, stack in enumerate(stacks, start=1):
        try:
            results.append(_detect_stack(stack, f"series {place} of {len(stacks)}", detector, progress))
        except DicomError as error:
            failures += 1
            progress.tell(str(error))
    report = build_report(case, results, detector.info, detector.device, asked.score_threshold)
    write_report(asked.out, report)
    progress.tell(_summary(report, asked.out.name))
    return ExitCode.TROUBLE if failures else ExitCode.OK


def _detect_stack(stack: Stack, which: str, detector: Detector, progress: Progress) -> StackResult:
    progress.begin(f"Reading {which}")
    volume = load_volume(stack, progress.task)
    for _, message in volume.unreadable:
        progress.tell(message)
    progress.begin(f"Looking for lesions in {which}")
    answers = {}
    for answer in detector.detect(volume, range(volume.slice_count), progress.task):
        answers[answer.index] = answer
        progress.task.step(len(answers), volume.slice_count)
    progress.end()
    return StackResult(stack, volume.geometry, answers)


def _summary(report: Report, name: str) -> str:
    boxes = sum(len(entry["boxes"]) for series in report["series"] for entry in series["slices"])
    lesions = sum(len(series["lesions"]) for series in report["series"])
    linked = report["annotations"]["linked"]
    return (
        f"{len(report['series'])} series: {boxes} boxes, linked into {lesions} lesions; "
        f"{linked} annotation files linked. Written to {name}."
    )
