"""Tell files that repeat an image from those that only bear its name.

A SOP Instance UID should be one image's own. Folders hold copies of files all the same, and some programs that strip
names from files give one UID to all slices of a series, at times without place and number. So files of one UID are one
image only where place, number and size agree too, and, as far as that can be told quickly, the pixels.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import SEEK_END
from typing import Final

from lungview.dicom import problems
from lungview.dicom.entries import Entry
from lungview.dicom.sources import SourceReader
from lungview.dicom.stalls import FIRST_S
from lungview.domain.study import FileProblem, FileSource, Instance
from lungview.errors import DicomError
from lungview.patience import StalledError, watched
from lungview.task import Task

_SAMPLES: Final = 5
"""Places of a plane that are compared; noise alone makes those of two slices differ."""
_SAMPLE: Final = 1 << 10
"""Bytes at each."""

_Identity = tuple[object, ...]
_Print = tuple[str, bytes]
"""A transfer syntax, and a digest of pixels: those of one image can be compared within one syntax only."""


def without_duplicates(entries: Sequence[Entry], task: Task) -> tuple[list[Entry], tuple[FileProblem, ...]]:
    """Return the planes without those that another file has already brought, and which files those are.

    entries: in the order in which files were listed, so that the first of two equal images is kept. Pixels are looked
    at only where all else agrees; where they cannot be read, all else decides. Raises Cancelled soon after the task is.
    """
    identities = [_identity(entry) for entry in entries]
    counts = Counter(identities)
    suspects = {k for k, identity in enumerate(identities) if counts[identity] > 1 and identity[0]}
    if not suspects:
        return list(entries), ()
    asked = sorted(suspects)
    prints = dict(zip(asked, _prints([entries[k].instance for k in asked], task), strict=False))
    met: dict[_Identity, dict[_Print | None, FileSource]] = {}
    unique: list[Entry] = []
    repeated: dict[FileSource, FileProblem] = {}
    for k, entry in enumerate(entries):
        if k not in suspects:
            unique.append(entry)
            continue
        source, known, pixels = entry.instance.source, met.setdefault(identities[k], {}), prints.get(k)
        first = _same_among(known, pixels)
        if first is None:
            unique.append(entry)
        else:
            repeated.setdefault(source, problems.duplicate(source, first))
        known.setdefault(pixels, source if first is None else first)
    return unique, tuple(repeated.values())


def _same_among(known: dict[_Print | None, FileSource], pixels: _Print | None) -> FileSource | None:
    """Return the file of an image met before that this one is; None where its pixels are others of the same syntax."""
    if not known or pixels in known:
        return known.get(pixels)
    is_another = pixels is not None and any(other is not None and other[0] == pixels[0] for other in known)
    return None if is_another else next(iter(known.values()))


def _identity(entry: Entry) -> _Identity:
    """What two files of one image have in common, the UID first."""
    one = entry.instance
    return (
        one.sop_instance_uid,
        one.frame,
        entry.facts.series_uid,
        one.instance_number,
        one.acquisition_number,
        one.position,
        one.orientation,
        one.pixels.rows,
        one.pixels.columns,
        entry.acquisition_time,
    )


def _prints(instances: Sequence[Instance], task: Task) -> Iterator[_Print | None]:
    """Yield a print of each plane's pixels, as many as a drive answers for."""
    try:
        yield from watched(lambda: _each_print(instances), task, FIRST_S)
    except StalledError:
        return


def _each_print(instances: Sequence[Instance]) -> Iterator[_Print | None]:
    with SourceReader() as sources:
        for instance in instances:
            try:
                digest = _digest(instance, sources)
            except (OSError, DicomError, MemoryError):
                digest = b""
            yield (instance.pixels.transfer_syntax_uid, digest) if digest else None


def _digest(instance: Instance, sources: SourceReader) -> bytes:
    """Digest of some places of a plane's pixels as filed, b"" where only a full parser knows where they lie."""
    pixels = instance.pixels
    begin = pixels.offset if pixels.offset >= 0 else pixels.fragments_offset
    if begin < 0:
        return b""
    digest = sha256()
    with sources.stream(instance.source) as stream:
        if pixels.offset >= 0:
            length = pixels.rows * pixels.columns * pixels.samples * pixels.bits_allocated // 8
        else:
            length = stream.seek(0, SEEK_END) - begin
            digest.update(str(length).encode())  # compressed, other pixels are hardly ever of the same length
        for number in range(_SAMPLES):
            stream.seek(begin + max(0, length - _SAMPLE) * (number + 1) // (_SAMPLES + 1))
            digest.update(stream.read(_SAMPLE))
    return digest.digest()
