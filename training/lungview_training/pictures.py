"""Folders of pictures with boxes.csv and dataset.toml: which slices there are, without decoding any."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from lungview.errors import TrainingError

Corners = tuple[int, int, int, int]

PACK = 1000
"""Pictures decoded and kept together: few enough for the memory, many enough for few files."""

_MAX_TABLE = 256 << 20
"""Bytes of boxes.csv: millions of rows."""

_MAX_NAME = 200
_FARTHEST = 1_000_000
"""Pixels: beyond any picture's edge."""

NEAR_NUMBERS, FAR_NUMBERS = (1, 6), (7, 12)
"""How many numbers away a slice stands for one at 5 mm, and at 10 mm, where positions are not recorded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One row, or several, of boxes.csv: a slice and its boxes in the picture's own pixels, none for lesion-free."""

    folder: Path
    subject: str
    name: str
    boxes: tuple[Corners, ...]

    @property
    def path(self) -> Path:
        """The slice itself."""
        return self.folder / "images" / self.subject / f"{self.name}.png"

    @property
    def mask_path(self) -> Path:
        """Where its mask is, if it has one."""
        return self.folder / "masks" / self.subject / f"{self.name}.png"

    @property
    def number(self) -> int | None:
        """Its place among the subject's slices, where its name is a number."""
        return int(self.name) if self.name.isdecimal() else None


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """dataset.toml. quarter_turns: counter-clockwise. is_grey: values are grey that must be turned into HU.

    offset: what makes stored values HU, where they are not grey: 16-bit pictures have no negative ones.
    """

    quarter_turns: int
    is_grey: bool
    offset: int = 0


def is_picture_folder(path: Path) -> bool:
    """Whether a folder is one of pictures rather than of DICOM files."""
    return path.is_dir() and (path / "boxes.csv").is_file()


def read_settings(folder: Path) -> PictureSettings:
    """Read dataset.toml."""
    path = folder / "dataset.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TrainingError(f"{folder.name}/dataset.toml cannot be read: {_why(error)}.") from error
    degrees, values = table.get("rotate", 0), table.get("values", "grey")
    if degrees not in (0, 90, 180, 270) or values not in ("grey", "hu"):
        raise TrainingError(f'{folder.name}/dataset.toml: rotate must be 0, 90, 180 or 270, values "grey" or "hu".')
    offset = table.get("offset", 0)
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > 1 << 16:
        raise TrainingError(f"{folder.name}/dataset.toml: offset must be a whole number, such as -1024.")
    return PictureSettings(degrees // 90, values == "grey", offset)


def read_pictures(folder: Path) -> list[Picture]:
    """Read boxes.csv, sorted by subject and name; pictures that are not there are listed all the same."""
    rows: dict[tuple[str, str], list[Corners]] = defaultdict(list)
    try:
        if (folder / "boxes.csv").stat().st_size > _MAX_TABLE:
            raise ValueError(f"it is larger than {_MAX_TABLE >> 20} MiB")
        with (folder / "boxes.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                boxes = rows[_plain_name(row["subject"]), _plain_name(row["slice"])]
                if row["xmin"]:
                    boxes.append((_pixel(row["xmin"]), _pixel(row["ymin"]), _pixel(row["xmax"]), _pixel(row["ymax"])))
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise TrainingError(f"{folder.name}/boxes.csv cannot be read: {_why(error)}.") from error
    return [Picture(folder, subject, name, tuple(boxes)) for (subject, name), boxes in sorted(rows.items())]


def _plain_name(written: str) -> str:
    """A name that stays in its folder; raises ValueError for others."""
    if written in {"", ".", ".."} or len(written) > _MAX_NAME or set(written) & set("/\\\0"):
        raise ValueError(f"{written[:40]!r} is no name of a subject or slice")
    return written


def _pixel(written: str) -> int:
    value = int(written)
    if abs(value) > _FARTHEST:
        raise ValueError(f"{written[:20]} is no pixel of any picture")
    return value


def _why(error: Exception) -> str:
    """A clause; never the path, which may name a patient."""
    if isinstance(error, OSError):
        return error.strerror or "the disk refuses it"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"the column {error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")


def packs(pictures: Sequence[Picture], size: int) -> Iterator[list[Picture]]:
    """Runs of about size pictures to be decoded together, of whole subjects where those are no larger."""
    pack: list[Picture] = []
    for subject in _subjects(pictures):
        if pack and len(pack) + len(subject) > size:
            yield pack
            pack = []
        for start in range(0, len(subject), size):
            pack += subject[start : start + size]
            if len(pack) >= size:
                yield pack
                pack = []
    if pack:
        yield pack


def around(picture: Picture, known: Mapping[tuple[str, int], Picture]) -> tuple[Picture | None, ...]:
    """The pictures that stand for -10, -5, 5 and 10 mm: within each span of numbers, the nearest."""
    number = picture.number
    if number is None:
        return ()

    def nearest(sign: int, span: tuple[int, int]) -> Picture | None:
        found = (known.get((picture.subject, number + sign * step)) for step in range(span[0], span[1] + 1))
        return next((each for each in found if each is not None), None)

    return nearest(-1, FAR_NUMBERS), nearest(-1, NEAR_NUMBERS), nearest(1, NEAR_NUMBERS), nearest(1, FAR_NUMBERS)


def by_number(pictures: Sequence[Picture]) -> dict[tuple[str, int], Picture]:
    """Pictures by subject and number."""
    return {(each.subject, each.number): each for each in pictures if each.number is not None}


def slices_key(pictures: Sequence[Picture], settings: PictureSettings, subtype: str, *, is_shrunk: bool = True) -> str:
    """What changes when the samples made of whole slices would."""
    return f"images {settings} {subtype} {is_shrunk} {identity(pictures)}"


def identity(pictures: Sequence[Picture]) -> str:
    """What changes when any of these pictures, masks or boxes does: names, sizes, times, and the first one's bytes."""
    digest = blake2b(digest_size=16)
    for picture in pictures:
        digest.update(repr((picture.subject, picture.name, picture.boxes)).encode())
        for path in (picture.path, picture.mask_path):
            digest.update(repr(file_state(path)).encode())
    for picture in pictures[:1]:
        digest.update(picture.path.read_bytes() if picture.path.is_file() else b"")
    return digest.hexdigest()


def file_state(path: Path) -> tuple[int, int] | None:
    """Size and time of last change; None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _subjects(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    """Each subject's pictures by number, so that a part of them holds most of its own neighbours."""
    found: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        found[picture.subject].append(picture)
    for name in sorted(found):
        yield sorted(found[name], key=lambda each: (each.number is None, each.number or 0, each.name))
