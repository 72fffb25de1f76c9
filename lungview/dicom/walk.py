"""List the files of a folder, deep down and in a stable order, zip files in it looked into."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lungview.dicom import archive, problems
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileProblem, FileSource, ProblemKind
from lungview.errors import DicomError
from lungview.task import Task

_CLUTTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "dirfile"})
_CLUTTER_FOLDERS: Final = frozenset({"__macosx", ".git", "$recycle.bin", "system volume information"})
_MAX_DEPTH: Final = 64
_STEP: Final = 256
_DIGITS: Final = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people count: 2 before 10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in _DIGITS.split(name) if part
    )


def is_skipped(name: str) -> bool:
    """Whether a file is passed over in silence: readers' XML, read elsewhere, and what systems leave in folders."""
    lower = name.lower()
    return lower.endswith(".xml") or lower in _CLUTTER or lower.startswith("._")


def list_sources(root: Path, reader: SourceReader, task: Task) -> tuple[list[FileSource], list[FileProblem]]:
    """Return the files under a folder, members of zip files included, and problems met on the way.

    Links are followed, each folder once. Raises Cancelled when the task is.
    """
    sources: list[FileSource] = []
    found: list[FileProblem] = []
    for path in _walk(os.fspath(root), set(), found, task, 0):
        if len(sources) % _STEP == 0:
            task.step(len(sources), 0)
        source = FileSource(Path(path))
        if path.lower().endswith(".zip") and archive.is_zip(source.path):
            try:
                members, refused = list_members(source.path, reader)
            except DicomError as error:
                found.append(FileProblem(source, ProblemKind.BROKEN, str(error)))
                continue
            sources += members
            found += refused
        else:
            sources.append(source)
    return sources, found


def list_members(path: Path, reader: SourceReader) -> tuple[list[FileSource], list[FileProblem]]:
    """Return the files inside a zip file and those refused; raises DicomError where it cannot be opened."""
    sources: list[FileSource] = []
    found: list[FileProblem] = []
    members = [member for member in reader.archive(path).infolist() if not member.is_dir()]
    for member in sorted(members, key=lambda member: natural_key(member.filename)):
        source = FileSource(path, member.filename)
        folders = member.filename.lower().split("/")[:-1]
        if is_skipped(source.name) or _CLUTTER_FOLDERS.intersection(folders):
            continue
        reason = archive.refusal(member)
        if reason:
            found.append(problems.unsupported(source, reason, "Unpack the zip file and open the folder."))
        elif source.name.lower().endswith(".zip"):
            found.append(problems.unsupported(source, "is a zip file inside another", "Unpack it and open the folder."))
        else:
            sources.append(source)
    return sources, found


def _walk(folder: str, seen: set[tuple[int, int]], found: list[FileProblem], task: Task, depth: int) -> Iterator[str]:
    """Yield the paths of regular files, folder by folder, in natural order."""
    task.check()
    try:
        status = os.stat(folder)  # noqa: PTH116 - thousands of entries: plain strings are several times faster
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError as error:
        found.append(problems.unreadable(FileSource(Path(folder)), error))
        return
    identity = (status.st_dev, status.st_ino)
    if identity in seen or depth > _MAX_DEPTH:
        return
    seen.add(identity)
    folders: list[str] = []
    names: list[str] = []
    for entry in entries:
        if _is_folder(entry):
            folders.append(entry.name)
        elif entry.is_file() and not is_skipped(entry.name):
            names.append(entry.name)
    for name in sorted(names, key=natural_key):
        yield folder + os.sep + name
    for name in sorted(folders, key=natural_key):
        if name.lower() not in _CLUTTER_FOLDERS:
            yield from _walk(folder + os.sep + name, seen, found, task, depth + 1)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
