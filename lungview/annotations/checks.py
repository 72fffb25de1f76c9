"""What is odd about an annotation file once the image it belongs to is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lungview.annotations.values import AnnotationFile, AnnotationIssue, AnnotationNote
from lungview.domain.box import Box
from lungview.domain.study import Instance, Stack, StackKind


@dataclass(frozen=True, slots=True)
class LinkedImage:
    """An image that annotations may belong to: one instance (any frame of it) in its stack."""

    instance: Instance
    stack: Stack

    @property
    def is_capture(self) -> bool:
        """Whether it shows no measured values."""
        return self.stack.kind is StackKind.CAPTURE or self.instance.pixels.is_colour


def notes_on(file: AnnotationFile, image: LinkedImage) -> Iterator[AnnotationNote]:
    """Yield what reading the file and comparing it with its image brought up."""
    uid, name = image.instance.sop_instance_uid, file.source.name
    for note in file.notes:
        yield AnnotationNote(note.issue, note.source, note.message, uid)
    for issue, predicate in _oddities(file, image):
        yield AnnotationNote(issue, file.source, f"{name} {predicate}.", uid)


def _oddities(file: AnnotationFile, image: LinkedImage) -> Iterator[tuple[AnnotationIssue, str]]:
    rows, columns = image.instance.pixels.rows, image.instance.pixels.columns
    if image.is_capture:
        yield (
            AnnotationIssue.ON_CAPTURE,
            "boxes a secondary capture, which holds no CT values; it is only shown",
        )
    if file.size is not None and file.size != (rows, columns):
        yield (
            AnnotationIssue.SIZE_DIFFERS,
            f"was drawn on {file.size[1]} x {file.size[0]} pixels, its image has {columns} x {rows}; boxes may be off",
        )
    if image.instance.frames > 1 and file.findings and not file.has_frames:
        yield (
            AnnotationIssue.FRAME_UNKNOWN,
            f"doesn't say which of the {image.instance.frames} frames it means; its boxes are shown on the first",
        )
    for place, finding in enumerate(file.findings, start=1):
        yield from _place(finding.box, place, rows, columns)


def _place(box: Box, place: int, rows: int, columns: int) -> Iterator[tuple[AnnotationIssue, str]]:
    """Say where a box leaves the image; a point box counts as outside only beyond the edges."""
    corners = f"({box.xmin:g}, {box.ymin:g}) to ({box.xmax:g}, {box.ymax:g})"
    if box.xmax < 0 or box.ymax < 0 or box.xmin >= columns or box.ymin >= rows:
        yield AnnotationIssue.OUTSIDE, f"has box {place}, {corners}, outside its image of {columns} x {rows} pixels"
    elif box != box.clipped(rows, columns):
        yield AnnotationIssue.PARTLY_OUTSIDE, f"has box {place}, {corners}, partly outside its image"


def chosen_of(files: Sequence[AnnotationFile]) -> tuple[AnnotationFile, AnnotationNote | None]:
    """The file to use among several about one image: the newest, or the first by name, and what to tell of it."""
    first = min(files, key=lambda file: (-_modified(file), str(file.source.path), file.source.member))
    if len(files) == 1:
        return first, None
    boxes = {tuple((finding.box, finding.label, finding.frame) for finding in file.findings) for file in files}
    places = ", ".join(sorted(_place_name(file) for file in files))
    if len(boxes) == 1:
        message = f"{first.source.name} stands in {len(files)} places ({places}) with the same boxes; one is used."
        return first, AnnotationNote(AnnotationIssue.SAME_TWICE, first.source, message)
    message = (
        f"{first.source.name} stands in {len(files)} places ({places}) with different boxes; "
        f"the newest, in {_place_name(first)}, is used."
    )
    return first, AnnotationNote(AnnotationIssue.DIFFERENT_TWICE, first.source, message)


def _modified(file: AnnotationFile) -> float:
    try:
        return file.source.path.stat().st_mtime
    except OSError:
        return 0.0


def _place_name(file: AnnotationFile) -> str:
    """The last folder's name: enough to tell two places apart without showing a private path."""
    parts = file.source.member.split("/") if file.source.member else file.source.path.parts
    return parts[-2] if len(parts) > 1 else file.source.path.name
