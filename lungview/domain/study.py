"""DICOM's levels as found in a folder: patient, study, series, stack, instance."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lungview.domain.geometry import Point
from lungview.domain.geometry_report import GeometryReport
from lungview.domain.window import Window


@dataclass(frozen=True, slots=True)
class FileSource:
    """Where an instance's bytes are: a file, or a member of a zip file."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """The short name to show a reader, without folders."""
        return Path(self.member).name if self.member else self.path.name


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of an instance are stored (DICOM PS3.3 C.7.6.3) and become values (C.11.1.1.2).

    value = stored * slope + intercept. padding: first and last stored value that stand for "no measurement".
    offset: where uncompressed pixel data of this plane begin in the file, bytes; -1 where only a full parser can say.
    is_packed: whether offset counts in the file as unpacked, since it is a gzip file or deflated.
    fragments_offset: where the items of compressed pixel data begin, bytes; -1 likewise. shift: bits by which old files
    keep values above the lowest one, as their High Bit says.
    """

    rows: int
    columns: int
    bits_allocated: int = 16
    bits_stored: int = 16
    is_signed: bool = False
    samples: int = 1
    photometric: str = "MONOCHROME2"
    transfer_syntax_uid: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    padding: tuple[int, int] | None = None
    has_modality_lut: bool = False
    offset: int = -1
    fragments_offset: int = -1
    shift: int = 0
    is_packed: bool = False

    @property
    def is_colour(self) -> bool:
        """Whether a pixel is a colour rather than a measured value."""
        return self.samples > 1 or self.photometric.startswith(("PALETTE", "RGB", "YBR"))


@dataclass(frozen=True, slots=True)
class Instance:
    """One plane as filed: a single-frame SOP Instance, or one frame of a multi-frame one.

    frame: zero-based frame inside the file. position: patient position of the first pixel's centre, mm.
    orientation: row cosines then column cosines. pixel_spacing_mm: (between rows, between columns).
    has_overlay: whether graphics come with it (PS3.3 C.9.2).
    """

    source: FileSource
    sop_instance_uid: str
    pixels: PixelFormat
    frame: int = 0
    frames: int = 1
    instance_number: int | None = None
    acquisition_number: int | None = None
    position: Point | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    slice_thickness_mm: float | None = None
    slice_location_mm: float | None = None
    windows: tuple[Window, ...] = ()
    has_overlay: bool = False


class StackKind(StrEnum):
    """What a stack shows, which decides where it may be used."""

    VOLUME = "volume"
    """Measured slices that form a volume."""
    SINGLE_POSITION = "single-position"
    """Several slices at one place, as in bolus tracking."""
    LOCALIZER = "localizer"
    CAPTURE = "capture"
    """A secondary capture or derived colour picture: no measured values."""
    UNPLACED = "unplaced"
    """Slices whose files say nothing of position."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Instances of one series that are read as one run of slices, in their order along the normal.

    key: unique in a scan and stable between scans of the same files. name: what tells it from its neighbours.
    unit: "HU" for CT values, else the DICOM unit ("BQML") or "" where the numbers mean nothing absolute.
    """

    key: str
    series_uid: str
    name: str
    kind: StackKind
    modality: str
    instances: tuple[Instance, ...]
    report: GeometryReport
    unit: str = "HU"
    kernel: str = ""
    frame_of_reference_uid: str = ""

    @property
    def is_detectable(self) -> bool:
        """Whether a chest CT detector may be asked about it: measured CT slices, not captures or localizers.

        Where a slice lies does not matter: a network that looks at one slice finds what it finds without knowing.
        """
        measured = {StackKind.VOLUME, StackKind.SINGLE_POSITION, StackKind.UNPLACED}
        return self.modality == "CT" and self.unit == "HU" and self.kind in measured

    @property
    def slice_count(self) -> int:
        """How many planes."""
        return len(self.instances)

    @property
    def has_overlays(self) -> bool:
        """Whether graphics come with any of its planes."""
        return any(instance.has_overlay for instance in self.instances)


@dataclass(frozen=True, slots=True)
class Series:
    """A DICOM series, split into the stacks found in it."""

    uid: str
    modality: str
    description: str
    number: int | None
    stacks: tuple[Stack, ...]
    body_part: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """A DICOM study. date: as YYYYMMDD, "" where absent."""

    uid: str
    description: str
    date: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the files name them; identity is shown on screen and never logged."""

    id: str
    name: str
    sex: str
    birth_date: str
    studies: tuple[Study, ...]


class ProblemKind(StrEnum):
    """Why a file of the folder is not among the images."""

    NOT_DICOM = "not-dicom"
    NOT_AN_IMAGE = "not-an-image"
    """DICOM of another kind: SR, SEG, RTSTRUCT, a presentation state, a DICOMDIR."""
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    DUPLICATE = "duplicate"
    """The same SOP Instance UID again; the first file found is used."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One file that is not among the images, and why, in a sentence."""

    source: FileSource
    kind: ProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a folder, file, DICOMDIR or zip holds."""

    root: Path
    patients: tuple[Patient, ...]
    problems: tuple[FileProblem, ...] = field(default=())

    @property
    def series(self) -> tuple[Series, ...]:
        """All series, patient by patient, study by study."""
        return tuple(series for patient in self.patients for study in patient.studies for series in study.series)

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """All stacks, in the order of their series."""
        return tuple(stack for series in self.series for stack in series.stacks)
