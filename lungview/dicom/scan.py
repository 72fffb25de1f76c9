"""Look into a folder, file, DICOMDIR or zip, and say which images are there."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import partial
from pathlib import Path

from lungview.dicom import archive, dicomdir, problems, syntaxes, walk
from lungview.dicom.duplicates import without_duplicates
from lungview.dicom.entries import Entry
from lungview.dicom.grouping import group
from lungview.dicom.reading import FileReader
from lungview.dicom.sources import SourceReader
from lungview.dicom.stalls import FIRST_S, Patience
from lungview.domain.study import FileProblem, FileSource, ScanResult
from lungview.errors import DicomError
from lungview.patience import StalledError, answer, watched_together
from lungview.task import Task

log = logging.getLogger(__name__)


def scan(path: Path, task: Task, *, readies_decoders: bool = False) -> ScanResult:
    """Return the images of a folder (all depths, any file names), file, DICOMDIR or zip, grouped and ordered.

    What is no image is listed as a problem and never ends the scan, and so is what does not answer; a folder without
    images gives no patients. Readers' XML files are passed over. Raises DicomError where the path does not exist or
    cannot be opened at all, Cancelled soon after the task is. readies_decoders: whether pixels are asked for next, so
    that a decoding process may start while the scan goes on, if the files are compressed.
    """
    try:
        sources, found = _list(path, task)
    except StalledError as error:
        raise DicomError(problems.stalled(FileSource(path), FIRST_S).message) from error
    entries, more = _read(sources, task, _ready_decoder if readies_decoders else None)
    unique, repeated = without_duplicates(entries, task)
    result = ScanResult(path, group(unique), (*found, *more, *repeated))
    log.info(
        "scanned %d files: %d series, %d planes, %d problems",
        len(sources), len(result.series), len(entries), len(result.problems),
    )  # fmt: skip
    return result


def _list(path: Path, task: Task) -> tuple[list[FileSource], list[FileProblem]]:
    kind = answer(lambda: _kind_of(path), task, FIRST_S)
    if kind is _Kind.FOLDER:
        return walk.list_sources(path, task)
    if kind is _Kind.ZIP:
        return answer(lambda: _members(path), task, FIRST_S)
    if kind is _Kind.INDEX:
        sources, found = walk.list_sources(path.parent, task)
        return sources, [*found, *_problems_of_index(path, task)]
    return [FileSource(path)], []


class _Kind(Enum):
    FOLDER, FILE, ZIP, INDEX = range(4)


def _kind_of(path: Path) -> _Kind:
    """Look at what was chosen; raises DicomError where it is not there or cannot be opened."""
    if not path.exists():
        raise DicomError(f"{path.name or path} is not there (any more). Choose the folder or file again.")
    if path.is_dir():
        return _Kind.FOLDER
    if not path.is_file():
        raise DicomError(f"{path.name} is neither a file nor a folder. Choose another.")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise DicomError(problems.unreadable(FileSource(path), error).message) from error
    if archive.is_zip(path):
        return _Kind.ZIP
    return _Kind.INDEX if dicomdir.is_dicomdir(path) else _Kind.FILE


def _members(path: Path) -> tuple[list[FileSource], list[FileProblem]]:
    with SourceReader() as reader:
        return walk.list_members(path, reader)


def _problems_of_index(path: Path, task: Task) -> tuple[FileProblem, ...]:
    """What is wrong with a DICOMDIR; one that takes long to read is not needed."""
    try:
        return answer(lambda: dicomdir.problems_of(path), task, FIRST_S)
    except StalledError:
        return (problems.stalled(FileSource(path), FIRST_S),)


def _ready_decoder(entry: Entry) -> None:
    """Start a decoding process where a plane needs one: it takes as long to start as many headers to read."""
    codec = syntaxes.codec_of(entry.instance.pixels.transfer_syntax_uid)
    if codec is not None:
        from lungview.dicom.decoding.pool import decoding_pool

        decoding_pool().warm(codec)


def _read(
    sources: Sequence[FileSource], task: Task, on_first: Callable[[Entry], None] | None
) -> tuple[list[Entry], list[FileProblem]]:
    """Read the headers; files that do not answer are left behind, and the others go on.

    on_first: called with the first plane found.
    """
    entries: list[Entry] = []
    found: list[FileProblem] = []
    patience, done, total = Patience(), 0, len(sources)
    task.step(0, total)
    while done < total:
        if patience.is_given_up(os.fspath(sources[done].path)):
            found.append(problems.given_up(sources[done]))
            done += 1
            continue
        try:
            for outcomes in watched_together(partial(_outcomes, sources[done:]), task, patience.seconds):
                patience.answered()
                done += len(outcomes)
                had_none = not entries
                for outcome in outcomes:
                    if isinstance(outcome, FileProblem):
                        found.append(outcome)
                    else:
                        entries += outcome
                if had_none and entries and on_first is not None:
                    on_first(entries[0])
                task.step(done, total)
        except StalledError:
            found.append(problems.stalled(sources[done], patience.seconds))
            patience.stalled(os.fspath(sources[done].path))
            done += 1
    task.step(total, total)
    return entries, found


def _outcomes(sources: Sequence[FileSource]) -> Iterator[list[Entry] | FileProblem]:
    with SourceReader() as reader:
        yield from map(FileReader(reader).read, sources)
