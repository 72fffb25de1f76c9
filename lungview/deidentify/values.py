"""What is asked of a copy, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What a copy keeps beyond the Basic Profile's least.

    shifts_dates: dates move by a number of days that nobody knows, the same for all of a patient, rather than go.
    boxes: the readers' boxes too, without who drew them. captures: pictures of screens too, which may show a name.
    """

    shifts_dates: bool = False
    boxes: bool = True
    captures: bool = False


class LeftOut(StrEnum):
    """Why something of the case is not in the copy."""

    CAPTURE = "pictures of screens, or with text in the picture, that may show a name"
    OTHER_OBJECT = "objects that are no images (reports, segmentations, plans), whose text cannot be checked"
    UNREADABLE = "files that could not be read or written"
    UNPLACED_BOXES = "readers' boxes that belong to no image of the copy"


@dataclass(frozen=True, slots=True)
class Exported:
    """A copy that was made. left_out: how many of what."""

    folder: Path
    patients: int
    images: int
    boxes: int
    left_out: dict[LeftOut, int]

    def in_words(self) -> tuple[str, ...]:
        """Sentences on what was written, what was not, and what to look at."""
        people = "1 patient" if self.patients == 1 else f"{self.patients} patients"
        boxes = f" and {self.boxes} boxes" if self.boxes else ""
        told = [f"{self.images} images of {people}{boxes} are in {self.folder.name}, de-identified."]
        told += [f"Left out: {count} {what.value}." for what, count in self.left_out.items() if count]
        told.append("Text burned into the pixels is not looked for: look through the copy before you pass it on.")
        return tuple(told)
