"""What annotation files say once read and once linked: data, with a sentence where a reader is shown it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lungview.domain.finding import Finding
from lungview.domain.study import FileSource


class AnnotationIssue(StrEnum):
    """What can be odd about an annotation file."""

    UNREADABLE = "unreadable"
    """The file or folder can't be read, or holds no annotation; its boxes are missing."""
    NO_LINK = "no-link"
    """Neither the file's name nor its text is a SOP Instance UID."""
    NO_BOX = "no-box"
    BAD_COORDINATES = "bad-coordinates"
    """A box whose corners are not numbers; it is left out, the file's other boxes are kept."""
    INVERTED = "inverted"
    """Corners in the wrong order; the box is turned round."""
    NO_AREA = "no-area"
    OUTSIDE = "outside"
    PARTLY_OUTSIDE = "partly-outside"
    SIZE_DIFFERS = "size-differs"
    """The file was written for an image of another size."""
    FRAME_UNKNOWN = "frame-unknown"
    """The image has several frames and the file doesn't say which one is meant."""
    SAME_TWICE = "same-twice"
    DIFFERENT_TWICE = "different-twice"
    """Two files about one image differ; the newest is used."""
    ON_CAPTURE = "on-capture"
    """The boxed image is a secondary capture, not measured CT values."""


@dataclass(frozen=True, slots=True)
class AnnotationNote:
    """One oddity of one file, in a sentence that says what was done about it."""

    issue: AnnotationIssue
    source: FileSource
    message: str
    sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """One annotation file as read, not yet linked.

    uids: SOP Instance UIDs it may mean, likeliest first. size: (rows, columns) it says its image has, None where it
    doesn't. is_own: written by LungView. has_frames: its boxes say which frame they lie on.
    """

    source: FileSource
    uids: tuple[str, ...]
    findings: tuple[Finding, ...]
    size: tuple[int, int] | None = None
    is_own: bool = False
    has_frames: bool = False
    notes: tuple[AnnotationNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotations:
    """Readers' findings linked to the images of one scan, and all that could not be linked.

    folders: where they were looked for. findings: by SOP Instance UID, only of images in the scan, boxes without area
    included. linked: files used. unmatched: files that belong to no image here. unboxed: stack key -> file names of
    its instances without an annotation file. captures: UIDs of boxed secondary captures.
    """

    folders: tuple[Path, ...] = ()
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    linked: tuple[FileSource, ...] = ()
    unmatched: tuple[FileSource, ...] = ()
    unboxed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    captures: frozenset[str] = frozenset()
    problems: tuple[AnnotationNote, ...] = ()

    @property
    def unboxed_count(self) -> int:
        """How many images have no annotation file."""
        return sum(len(names) for names in self.unboxed.values())

    @property
    def box_count(self) -> int:
        """How many boxes were linked."""
        return sum(len(findings) for findings in self.findings.values())
