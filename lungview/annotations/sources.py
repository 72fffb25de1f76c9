"""Annotation files where they lie: in folders, or inside zip files."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from lungview.annotations.folders import is_xml, xml_files
from lungview.annotations.values import AnnotationIssue, AnnotationNote
from lungview.annotations.voc import MAX_BYTES
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from lungview.zips import ZIP_ERRORS, open_bounded


def annotation_sources(stores: Iterable[Path]) -> tuple[list[FileSource], list[AnnotationNote]]:
    """XML files of folders, zip files and single files, each once, and a note for each place that can't be read."""
    sources: dict[FileSource, None] = {}
    notes = []
    for store in stores:
        try:
            sources.update(dict.fromkeys(_in_store(store)))
        except AnnotationError as error:
            notes.append(AnnotationNote(AnnotationIssue.UNREADABLE, FileSource(store), str(error)))
    return list(sources), notes


def read_sources(sources: Iterable[FileSource]) -> Iterator[tuple[FileSource, bytes | AnnotationError]]:
    """Yield each file's bytes (one more than the limit at most), or why it can't be read; zip files are opened once."""
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
