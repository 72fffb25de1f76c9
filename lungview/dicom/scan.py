"""Look into a folder, file, DICOMDIR or zip, and say which images are there."""

import logging
from pathlib import Path
from typing import Final

from lungview.dicom import archive, dicomdir, problems, walk
from lungview.dicom.entries import Entry
from lungview.dicom.grouping import group
from lungview.dicom.reading import FileReader
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileProblem, FileSource, ScanResult
from lungview.errors import DicomError
from lungview.task import Task

log = logging.getLogger(__name__)

_STEP: Final = 8
"""Files between two reports of progress: a report may cross threads, a header takes a tenth of a millisecond."""


def scan(path: Path, task: Task) -> ScanResult:
    """Return the images of a folder (all depths, any file names), file, DICOMDIR or zip, grouped and ordered.

    What is no image is listed as a problem and never ends the scan; a folder without images gives no patients. Readers'
    XML files are passed over. Raises DicomError where the path does not exist or cannot be opened at all, Cancelled
    when the task is.
    """
    if not path.exists():
        raise DicomError(f"{path.name or path} is not there (any more). Choose the folder or file again.")
    with SourceReader() as reader:
        sources, found = _list(path, reader, task)
        entries, more = _read(sources, reader, task)
    patients, duplicates = group(entries)
    result = ScanResult(path, patients, (*found, *more, *duplicates))
    log.info(
        "scanned %d files: %d series, %d planes, %d problems",
        len(sources), len(result.series), len(entries), len(result.problems),
    )  # fmt: skip
    return result


def _list(path: Path, reader: SourceReader, task: Task) -> tuple[list[FileSource], list[FileProblem]]:
    if path.is_dir():
        return walk.list_sources(path, reader, task)
    if not path.is_file():
        raise DicomError(f"{path.name} is neither a file nor a folder. Choose another.")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise DicomError(problems.unreadable(FileSource(path), error).message) from error
    if archive.is_zip(path):
        return walk.list_members(path, reader)
    if dicomdir.is_dicomdir(path):
        sources, found = walk.list_sources(path.parent, reader, task)
        return sources, [*found, *dicomdir.problems_of(path)]
    return [FileSource(path)], []


def _read(sources: list[FileSource], reader: SourceReader, task: Task) -> tuple[list[Entry], list[FileProblem]]:
    entries: list[Entry] = []
    found: list[FileProblem] = []
    files = FileReader(reader)
    total = len(sources)
    for done, source in enumerate(sources):
        if done % _STEP == 0:
            task.step(done, total)
        outcome = files.read(source)
        if isinstance(outcome, FileProblem):
            found.append(outcome)
        else:
            entries += outcome
    task.step(total, total)
    return entries, found
