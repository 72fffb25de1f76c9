"""List the files of a folder, deep down and in a stable order, zip files in it looked into."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lungview.dicom import archive, problems
from lungview.dicom.sources import SourceReader
from lungview.dicom.stalls import Patience
from lungview.domain.study import FileProblem, FileSource, ProblemKind
from lungview.errors import DicomError
from lungview.patience import StalledError, watched
from lungview.task import Task

_CLUTTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "dirfile"})
_CLUTTER_FOLDERS: Final = frozenset({"__macosx", ".git", "$recycle.bin", "system volume information"})
_MAX_DEPTH: Final = 64
_STEP: Final = 256
_ZIP: Final = -1
"""Stands for the depth of a zip file."""
_DIGITS: Final = re.compile(r"(\d+)")

Listed = FileSource | FileProblem


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people count: 2 before 10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part.casefold())
        for part in _DIGITS.split(name)
        if part
    )


def is_skipped(name: str) -> bool:
    """Whether a file is passed over in silence: readers' XML, read elsewhere, and what systems leave in folders."""
    lower = name.lower()
    return lower.endswith(".xml") or lower in _CLUTTER or lower.startswith("._")


def list_sources(root: Path, task: Task) -> tuple[list[FileSource], list[FileProblem]]:
    """Return the files under a folder, members of zip files included, and problems met on the way.

    Links are followed, each folder once; what is neither file nor folder is passed over. A folder or zip file that does
    not answer is left out. Raises Cancelled when the task is.
    """
    sources: list[FileSource] = []
    found: list[FileProblem] = []
    walk, patience = _Walk([(os.fspath(root), 0)]), Patience()
    task.step(0, 0)
    while True:
        try:
            for listed in watched(walk.run, task, patience.seconds):
                patience.answered()
                for each in listed:
                    if isinstance(each, FileProblem):
                        found.append(each)
                    else:
                        sources.append(each)
                        if len(sources) % _STEP == 0:
                            task.step(len(sources), 0)
            return sources, found
        except StalledError:
            found.append(problems.stalled(FileSource(Path(walk.current)), patience.seconds))
            patience.stalled(walk.current)
            walk = walk.without_current()


def list_members(path: Path, reader: SourceReader) -> tuple[list[FileSource], list[FileProblem]]:
    """Return the files inside a zip file and those refused; raises DicomError where it cannot be opened."""
    sources: list[FileSource] = []
    found: list[FileProblem] = []
    met: set[str] = set()
    members = [member for member in reader.archive(path).infolist() if not member.filename.endswith("/")]
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
        elif member.filename in met:
            remedy = "Pack the files again, each under a name of its own."
            found.append(problems.unsupported(source, "stands in its zip file more than once", remedy))
        else:
            met.add(member.filename)
            sources.append(source)
    return sources, found


@dataclass(slots=True)
class _Walk:
    """A way through folders that can be gone on with where one of them does not answer.

    pending: folders and zip files still to be looked into, the next one last, each with how deep it lies. current: what
    is being looked at. seen: device and number of folders that were met.
    """

    pending: list[tuple[str, int]]
    seen: set[tuple[int, int]] = field(default_factory=set)
    current: str = ""

    def without_current(self) -> "_Walk":
        """The rest of the way, for another thread: the one that waits may still wake up."""
        return _Walk(list(self.pending), set(self.seen))

    def run(self) -> Iterator[list[Listed]]:
        """Yield what is found, folder by folder and zip file by zip file, in natural order."""
        with SourceReader() as reader:
            while self.pending:
                self.current, depth = self.pending.pop()
                yield _opened(self.current, reader) if depth == _ZIP else self._look_into(self.current, depth)

    def _look_into(self, folder: str, depth: int) -> list[Listed]:
        """Return the regular files in a folder, and note the folders and zip files in it."""
        try:
            status = os.stat(folder)  # noqa: PTH116 - thousands of entries: plain strings are several times faster
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError as error:
            return [problems.unreadable(FileSource(Path(folder)), error)]
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            return []
        if depth > _MAX_DEPTH:
            return [problems.too_deep(FileSource(Path(folder)), _MAX_DEPTH)]
        self.seen.add(identity)
        folders = [entry.name for entry in entries if _is_folder(entry) and entry.name.lower() not in _CLUTTER_FOLDERS]
        names = [entry.name for entry in entries if not is_skipped(entry.name) and _is_file(entry)]
        zips = {name for name in names if name.lower().endswith(".zip")}
        later = [(name, _ZIP) for name in sorted(zips, key=natural_key)]
        later += [(name, depth + 1) for name in sorted(folders, key=natural_key)]
        self.pending += [(folder + os.sep + name, kind) for name, kind in reversed(later)]
        return [FileSource(Path(folder + os.sep + name)) for name in sorted(set(names) - zips, key=natural_key)]


def _opened(path: str, reader: SourceReader) -> list[Listed]:
    """Return the members of a zip file, those refused as problems; the file itself where it is none but in name."""
    source = FileSource(Path(path))
    if not archive.is_zip(source.path):
        return [source]
    try:
        members, refused = list_members(source.path, reader)
    except DicomError as error:
        return [FileProblem(source, ProblemKind.BROKEN, str(error))]
    return [*members, *refused]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: "os.DirEntry[str]") -> bool:
    """Whether this is a plain file: pipes and devices are not read, since they may never end."""
    try:
        return entry.is_file()
    except OSError:
        return False
