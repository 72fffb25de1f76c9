"""Annotation files where they lie: in folders, or inside zip files; a drive that does not answer is left behind."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from lungview.annotations.folders import is_xml, xml_files
from lungview.annotations.values import AnnotationIssue, AnnotationNote
from lungview.annotations.voc import MAX_BYTES
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from lungview.patience import StalledError, answer, watched
from lungview.task import Task
from lungview.zips import ZIP_ERRORS, open_bounded

PATIENCE_S: Final = 20.0
"""How long one file or folder is waited for; a drive that sleeps takes some seconds to wake up."""


def annotation_sources(stores: Iterable[Path], task: Task) -> tuple[list[FileSource], list[AnnotationNote]]:
    """XML files of folders, zip files and single files, each once, and a note for each place that can't be read.

    Raises Cancelled when the task is.
    """
    sources: dict[FileSource, None] = {}
    notes = []
    for store in stores:
        try:
            sources.update(dict.fromkeys(answer(partial(_in_store, store), task, PATIENCE_S)))
        except StalledError:
            notes.append(AnnotationNote(AnnotationIssue.UNREADABLE, FileSource(store), str(_stalled(store.name))))
        except AnnotationError as error:
            notes.append(AnnotationNote(AnnotationIssue.UNREADABLE, FileSource(store), str(error)))
    return list(sources), notes


def read_sources(sources: Sequence[FileSource], task: Task) -> Iterator[tuple[FileSource, bytes | AnnotationError]]:
    """Yield each file's bytes (one more than the limit at most), or why it can't be read; zip files are opened once.

    Where one does not answer, those after it are not tried. Raises Cancelled soon after the task is.
    """
    done = 0
    try:
        for each in watched(partial(_read_each, sources), task, PATIENCE_S):
            yield each
            done += 1
    except StalledError:
        yield from ((source, _stalled(source.name)) for source in sources[done:])


def _read_each(sources: Iterable[FileSource]) -> Iterator[tuple[FileSource, bytes | AnnotationError]]:
    for (path, is_zipped), group in groupby(sources, key=lambda source: (source.path, bool(source.member))):
        with ExitStack() as stack:
            try:
                archive = stack.enter_context(open_bounded(path)) if is_zipped else None
            except ZIP_ERRORS as error:
                yield from ((source, _unreadable(source, error)) for source in group)
                continue
            for source in group:
                yield source, _read(source, archive)


def _read(source: FileSource, archive: zipfile.ZipFile | None) -> bytes | AnnotationError:
    try:
        with archive.open(source.member) if archive is not None else source.path.open("rb") as file:
            data: bytes = file.read(MAX_BYTES + 1)
        return data
    except ZIP_ERRORS as error:
        return _unreadable(source, error)


def _unreadable(source: FileSource, error: Exception) -> AnnotationError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return AnnotationError(
        f"{source.name} can't be read ({reason}); its boxes are left out: check its rights, or copy it again."
    )


def _stalled(name: str) -> AnnotationError:
    return AnnotationError(
        f"{name} lies where nothing answers any more; its boxes are left out: check the drive or the network, then open"
        " the case again."
    )


def _in_store(store: Path) -> list[FileSource]:
    if store.is_dir():
        return [FileSource(path) for path in xml_files(store)]
    if not store.exists():
        raise AnnotationError(f"The annotation folder {store.name} does not exist; name another one.")
    if is_xml(store.name):
        return [FileSource(store)]
    try:
        with open_bounded(store) as archive:
            return [FileSource(store, name) for name in sorted(archive.namelist()) if is_xml(name)]
    except ZIP_ERRORS as error:
        raise AnnotationError(f"{store.name} is neither a folder nor a zip file with XML; name another one.") from error
