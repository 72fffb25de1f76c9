"""What a look at the data before a training has found: figures, and sentences that say what to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a remark matters."""

    STOP = "stop"
    """Training cannot start, or would learn nothing."""
    WARNING = "warning"
    """It can, but something is lost or will be measured badly."""
    NOTE = "note"
    """Good to know; nothing need be done."""


class Topic(StrEnum):
    """What a remark is about."""

    SOURCE = "source"
    """A folder, or its table or settings, cannot be used."""
    NO_XML = "no-xml"
    NO_MATCH = "no-match"
    """XML files that belong to none of the images."""
    CAPTURES = "captures"
    """Boxes on secondary captures, which hold no CT numbers."""
    LABELS = "labels"
    """XML files that are odd: no box, no area, another image size, a subtype that is not the patient's."""
    OUTSIDE = "outside"
    UNREADABLE = "unreadable"
    UNBOXED = "unboxed"
    """Patients without a single box."""
    DUPLICATES = "duplicates"
    FEW = "few"
    """Too few slices to learn from."""
    ONE_PATIENT = "one-patient"
    VALIDATION = "validation"
    """Nobody, or too few, to choose the weights by or to test on."""
    SUBTYPES = "subtypes"
    LEAK = "leak"
    SPLIT = "split"
    DISK = "disk"
    MEMORY = "memory"
    OUTPUT = "output"
    DEVICE = "device"
    DRY_BATCH = "dry-batch"


@dataclass(frozen=True, slots=True)
class Remark:
    """What was found, what is done about it and what the reader can do. names: files or patients, by short name."""

    severity: Severity
    topic: Topic
    message: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryBatch:
    """What a trial step took. seconds: of one step. device: cpu, cuda or mps.

    memory_bytes: of the process, at its most; 0 where unknown. device_bytes: of the graphics card's. micro_batch:
    slices a pass, where a whole batch did not fit; 0 where it did. remark: why not the best device was taken.
    """

    seconds: float
    device: str
    memory_bytes: int = 0
    device_bytes: int = 0
    micro_batch: int = 0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class PatientRow:
    """What one patient brings. part: "" where slices stand in several. left_out: slices that nobody vouches for."""

    name: str
    subtype: str
    part: str
    slices: int
    with_lesion: int
    lesion_free: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over a part, or over a subtype."""

    name: str
    patients: int
    slices: int
    with_lesion: int
    lesion_free: int
    boxes: int


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """All of it. crops: nodules to be pasted.

    cache_bytes: decoded slices still to be put on disk, estimated; 0 where they are there, or kept in memory.
    free_bytes: on that disk, None where that is not known. memory_bytes: what training may take, estimated.
    seconds: of all steps, None where nobody told how long one takes.
    """

    name: str
    remarks: tuple[Remark, ...]
    patients: tuple[PatientRow, ...] = ()
    parts: tuple[Tally, ...] = ()
    subtypes: tuple[Tally, ...] = ()
    crops: int = 0
    split: str = ""
    cache_bytes: int = 0
    free_bytes: int | None = None
    memory_bytes: int = 0
    seconds: float | None = None

    @property
    def can_train(self) -> bool:
        """Whether nothing stops it."""
        return not any(remark.severity is Severity.STOP for remark in self.remarks)

    def about(self, topic: Topic) -> tuple[Remark, ...]:
        """Remarks on a topic."""
        return tuple(remark for remark in self.remarks if remark.topic is topic)

    def as_plain(self) -> Mapping[str, object]:
        """As JSON takes it."""
        return {"can_train": self.can_train, **asdict(self)}
