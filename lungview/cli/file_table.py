"""What becomes of each file of a path: opened, or refused with which sentence; its pixels are read to know."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lungview.cli.wording import counted
from lungview.dicom.load import load_volume
from lungview.dicom.syntaxes import name_of
from lungview.domain.study import FileSource, ScanResult, Stack
from lungview.errors import LungViewError
from lungview.task import Task


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file. file: its place below the path looked into. text: what it shows, or why it is not shown, in full."""

    file: str
    is_opened: bool
    text: str


def file_table(scan: ScanResult, task: Task) -> list[FileLine]:
    """Read every stack of a scan, one after the other, and return a line for each file, in order of their places.

    Raises Cancelled when the task is.
    """
    lines = [FileLine(_place(scan.root, problem.source), False, problem.message) for problem in scan.problems]
    stacks = scan.stacks
    for done, stack in enumerate(stacks):
        task.step(done, len(stacks))
        lines += _lines_of(scan.root, stack, task)
    return sorted(lines, key=lambda line: line.file)


def table_text(lines: list[FileLine]) -> Iterator[str]:
    """The table for people, with its sum as the last line."""
    width = min(60, max((len(line.file) for line in lines), default=0))
    for line in lines:
        yield f"{line.file:{width}}  {'opened ' if line.is_opened else 'refused'}  {line.text}"
    opened = sum(line.is_opened for line in lines)
    yield f"{counted(len(lines), 'file')}: {opened} opened, {len(lines) - opened} refused"


def _lines_of(root: Path, stack: Stack, task: Task) -> list[FileLine]:
    failures: dict[int, str] = {}
    try:
        failures.update(load_volume(stack, Task()).unreadable)
    except LungViewError as error:
        failures.update(dict.fromkeys(range(stack.slice_count), str(error)))
    task.check()
    slices: dict[FileSource, list[int]] = {}
    for k, instance in enumerate(stack.instances):
        slices.setdefault(instance.source, []).append(k)
    return [_line(root, stack, source, own, failures) for source, own in slices.items()]


def _line(root: Path, stack: Stack, source: FileSource, own: list[int], failures: dict[int, str]) -> FileLine:
    """Say what the slices of one file are; failures: sentences by slice."""
    place, failed = _place(root, source), [failures[k] for k in own if k in failures]
    if len(failed) == len(own):
        return FileLine(place, False, failed[0])
    pixels = stack.instances[own[0]].pixels
    unit = f" in {stack.unit}" if stack.unit else ""
    text = (
        f"{counted(len(own), 'slice')} of {pixels.columns} x {pixels.rows}{unit},"
        f" {name_of(pixels.transfer_syntax_uid)}, {stack.kind}"
    )
    return FileLine(place, True, f"{text}. {counted(len(failed), 'slice')} unread: {failed[0]}" if failed else text)


def _place(root: Path, source: FileSource) -> str:
    """Where a file lies below the path that was looked into; only its name where that is the file itself."""
    path = source.path
    below = path.relative_to(root).as_posix() if path != root and path.is_relative_to(root) else path.name
    return f"{below}/{source.member}" if source.member else below
