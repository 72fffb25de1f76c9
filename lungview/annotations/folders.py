"""Find the readers' XML from the DICOM tree, without help and without walking a disk."""

import os
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from lungview.zips import ZIP_ERRORS, open_bounded

PARENTS = 3
"""How many parents of the opened folder have their neighbours looked at: series, study and patient in the dataset."""

MAX_ENTRIES = 200_000
"""Directory entries looked at in one search; the whole collection has about 285,000 files in 5,000 folders."""

MAX_DEPTH = 8

_NAMED = re.compile(r"^(.*[ _.-])?annotations?$|^annotations?[ _.-]|annotations?\W+xml|^(xmls?|voc)$", re.IGNORECASE)
"""Annotation, annotations, my-annotations, Lung-PET-CT-Dx-Annotations-XML-Files-rev12222020, XML."""

_SHORTEST_NAME = 2


def find_annotation_folders(
    dicom_root: Path, patient_ids: Iterable[str] = (), *, is_narrowed: bool = True
) -> tuple[Path, ...]:
    """Folders and zip files that hold annotation XML for a DICOM folder, file or zip; best guess first.

    Looked for inside the tree itself, then in annotation folders beside it or beside one of its next three parents.
    is_narrowed: of an annotation folder with one sub-folder per patient (A0001 for Lung_Dx-A0001), return only the
    patients' own where the folders' names or patient_ids name them.
    """
    root = dicom_root.resolve()
    inside = _inside(root) if root.is_dir() else _zip_itself(root)
    start = root if root.is_dir() else root.parent
    nearby = [found for found in _beside(start, include_own=start != root) if found not in inside]
    if not is_narrowed:
        return tuple(dict.fromkeys((*inside, *nearby)))
    names = {*patient_ids, *names_around(root)}
    return tuple(dict.fromkeys(each for folder in (*inside, *nearby) for each in narrow(folder, names)))


def narrow(folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The sub-folders of an annotation folder that belong to patients so named; the folder itself where none does."""
    wanted = {_key(name) for name in names} - {""}
    subfolders = [Path(entry.path) for entry in _entries(folder) if _is_dir(entry)]
    matching = sorted(each for each in subfolders if any(_same_patient(_key(each.name), name) for name in wanted))
    has_loose = any(is_xml(entry.name) for entry in _entries(folder))
    return (folder,) if has_loose or not matching else tuple(matching)


def xml_files(folder: Path) -> Iterator[Path]:
    """XML files in a folder and below, in a settled order, within the search's bounds; links aren't followed."""
    for _, found in _walk(folder):
        yield from found


def holds_xml(path: Path) -> bool:
    """Whether a folder (or zip file) holds any XML."""
    if path.is_dir():
        return next(xml_files(path), None) is not None
    return zipfile.is_zipfile(path) and any(is_xml(name) for name in _zip_names(path))


def _inside(root: Path) -> list[Path]:
    """Folders inside the tree: those named for annotations as a whole, others that hold XML each for itself."""
    named: list[Path] = []
    loose: list[Path] = []
    for folder, found in _walk(root):
        if any(above in named for above in (folder, *folder.parents)):
            continue
        if folder != root and _is_named(folder.name) and holds_xml(folder):
            named.append(folder)
        elif found:
            loose.append(folder)
    return named + loose


def _beside(start: Path, *, include_own: bool) -> list[Path]:
    """Annotation folders and zip files next to start and next to its parents."""
    found: list[Path] = []
    searched = [start] if include_own else []
    for folder in [*searched, *list(start.parents)[: PARENTS + 1]]:
        named = [Path(entry.path) for entry in _entries(folder) if _is_named(entry.name)]
        found += [path for path in sorted(named) if path != start and path not in start.parents and _is_store(path)]
    return found


def _is_named(name: str) -> bool:
    return _NAMED.search(name.removesuffix(".zip")) is not None


def _is_store(path: Path) -> bool:
    return (path.is_dir() or path.suffix.lower() == ".zip") and holds_xml(path)


def _zip_itself(path: Path) -> list[Path]:
    return [path] if path.is_file() and holds_xml(path) else []


def names_around(root: Path) -> Iterator[str]:
    """Folder names that may hold a patient's: the root's, its parents', and those in the tree's first two levels."""
    yield root.stem if root.is_file() else root.name
    yield from (parent.name for parent in list(root.parents)[:PARENTS])
    for entry in _entries(root):
        if _is_dir(entry) and not _is_named(entry.name):
            yield entry.name
            yield from (below.name for below in _entries(Path(entry.path)) if _is_dir(below))


def _key(name: str) -> str:
    return name.strip().lower()


def _same_patient(one: str, other: str) -> bool:
    """Whether one name is the other, or its end after a joining mark: lung_dx-a0001 and a0001."""
    short, long = sorted((one, other), key=len)
    if len(short) < _SHORTEST_NAME or not long.endswith(short):
        return False
    return len(long) == len(short) or not long[-len(short) - 1].isalnum()


def _walk(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Breadth first, each folder with the XML files directly in it."""
    waiting = deque([(root, 0)])
    budget = MAX_ENTRIES
    while waiting and budget > 0:
        folder, depth = waiting.popleft()
        entries = _entries(folder)
        budget -= len(entries)
        yield folder, [Path(entry.path) for entry in entries if is_xml(entry.name) and _is_file(entry)]
        if depth < MAX_DEPTH:
            waiting.extend((Path(entry.path), depth + 1) for entry in entries if _is_dir(entry, follow=False))


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What stands in a folder by name; nothing where it can't be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
    except OSError:
        return []


def _is_dir(entry: "os.DirEntry[str]", *, follow: bool = True) -> bool:
    """Whether this is a folder; links that go round in circles are none."""
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False


def _is_file(entry: "os.DirEntry[str]") -> bool:
    """Whether this is a plain file: pipes and devices are none, since reading them may never end."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _zip_names(path: Path) -> list[str]:
    try:
        with open_bounded(path) as archive:
            return archive.namelist()
    except ZIP_ERRORS:
        return []


def is_xml(name: str) -> bool:
    """Whether a file or zip member is XML by its name; hidden ones don't count."""
    return name.lower().endswith(".xml") and not name.rpartition("/")[2].startswith(".")
