"""DICOMDIR files (DICOM PS3.10 section 8.6): which they are, and which of the files they list are missing."""

import logging
from pathlib import Path
from typing import Final

from lungview.dicom.pydicom_quiet import quiet
from lungview.domain.study import FileProblem, FileSource, ProblemKind

log = logging.getLogger(__name__)

_CLASS: Final = b"1.2.840.10008.1.3.10"
_REFERENCED_FILE: Final = 0x00041500
_RECORDS: Final = 0x00041220


def is_dicomdir(path: Path) -> bool:
    """Whether a file is the index of a disc, by its name or its class."""
    if path.name.upper() == "DICOMDIR":
        return True
    try:
        with path.open("rb") as stream:
            return _CLASS in stream.read(1024)[132:]
    except OSError:
        return False


def problems_of(path: Path) -> tuple[FileProblem, ...]:
    """Return what is wrong with a DICOMDIR: files it lists that are not there, or that it cannot be read.

    Neither matters much: its folder is looked through whatever it says.
    """
    source = FileSource(path)
    try:
        listed = _listed_files(path)
    except Exception:  # a broken index can raise nearly anything inside the parser, and is not needed
        log.info("a DICOMDIR cannot be parsed; its folder is scanned all the same")
        text = f"{path.name} is damaged; the folder it stands in was looked through instead. Nothing need be done."
        return (FileProblem(source, ProblemKind.BROKEN, text),)
    missing = [parts for parts in listed if not _exists(path.parent, parts)]
    if not missing:
        return ()
    are = "is" if len(missing) == 1 else "are"
    text = (
        f"{path.name} lists {len(listed)} files, of which {len(missing)} {are} not in its folder."
        " Copy the whole disc, then open it again."
    )
    return (FileProblem(source, ProblemKind.BROKEN, text),)


def _listed_files(path: Path) -> list[tuple[str, ...]]:
    from pydicom import dcmread

    with quiet():
        dataset = dcmread(path)
        listed = []
        for record in dataset[_RECORDS].value:
            if _REFERENCED_FILE in record:
                value = record[_REFERENCED_FILE].value
                listed.append((value,) if isinstance(value, str) else tuple(value or ()))
    return [parts for parts in listed if parts]


def _exists(folder: Path, parts: tuple[str, ...]) -> bool:
    """Whether a listed file is there; discs keep upper case, copies on other systems often lower."""
    return folder.joinpath(*parts).exists() or folder.joinpath(*(part.lower() for part in parts)).exists()
