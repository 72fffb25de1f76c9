"""Pascal VOC XML as Lung-PET-CT-Dx has it, and the study's own form with the box inside size and a dicom_num."""

import re
import xml.etree.ElementTree as ElementTree  # only to write; reading goes through defusedxml
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as SafeTree
from defusedxml import DefusedXmlException

from lungview.annotations.elements import child, children, coordinate, number, text, use_plain_tags
from lungview.annotations.values import AnnotationFile, AnnotationIssue, AnnotationNote
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from lungview.files import write_atomically

MAX_BYTES = 1 << 20
"""Largest annotation file that is read; the dataset's are under 2 kB."""
_LONGEST_WORDS = 80

OWN_DATABASE = "LungView"
"""What source/database says in the files that this program wrote, and in no other."""

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_UID = re.compile(r"\d+(?:\.\d+)+")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_annotation(source: FileSource, data: bytes) -> AnnotationFile:
    """Read one annotation file; what is odd about single boxes stands in its notes.

    Raises AnnotationError where the file is too large, does not parse or is no annotation.
    """
    root = _parse(source, data)
    reader = _BoxReader(source, default_author=text(root, "author"), default_time=text(root, "time"))
    findings = tuple(reader.read(root))
    width, height = (number(text(child(root, "size"), name)) or 0 for name in ("width", "height"))
    return AnnotationFile(
        source=source,
        uids=_uids(source, root),
        findings=findings,
        size=(int(height), int(width)) if min(width, height) >= 1 else None,
        is_own=text(child(root, "source"), "database") == OWN_DATABASE,
        has_frames=next(root.iter("frame"), None) is not None,
        notes=tuple(reader.notes),
    )


def is_own_file(path: Path) -> bool:
    """Whether this program wrote the annotation file at path, so that it may write it again."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return read_annotation(FileSource(path), data).is_own
    except (OSError, AnnotationError):
        return False


def write_findings(
    folder: Path, sop_instance_uid: str, findings: Sequence[Finding], *, rows: int, columns: int, depth: int = 1
) -> Path:
    """Write a reader's findings of one image as folder/<SOP Instance UID>.xml and return that path.

    All earlier findings in that file are replaced; no findings means the reader saw none. Atomic.
    Raises AnnotationError where the folder holds files that this program did not write: originals are never touched.
    """
    if not _UID.fullmatch(sop_instance_uid) or len(sop_instance_uid) > 64:
        raise AnnotationError("Boxes can't be saved for an image without a SOP Instance UID: its file names none.")
    _refuse_originals(folder)
    path = folder / f"{sop_instance_uid}.xml"
    try:
        write_atomically(path, _document(findings, rows, columns, depth))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AnnotationError(
            f"{path.name} could not be saved ({reason}); free space or choose another folder."
        ) from error
    return path


def write_copied(folder: Path, sop_instance_uid: str, findings: Sequence[Finding], *, rows: int, columns: int) -> Path:
    """Write findings of one image as any reader's, telling neither who drew them nor when; raises OSError."""
    path = folder / f"{sop_instance_uid}.xml"
    plain = [replace(finding, author="", time="") for finding in findings]
    write_atomically(path, _document(plain, rows, columns, depth=1, database="Unknown"))
    return path


def _refuse_originals(folder: Path) -> None:
    """Refuse a folder that holds annotation files of others, whichever image they are about."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".xml" and not is_own_file(path):
            raise AnnotationError(
                f"{folder.name} holds {path.name}, which LungView did not write; "
                "originals are never changed, so choose another folder for your own boxes."
            )


def _brief(words: str) -> str:
    """Return words out of a file so that a sentence can hold them: a name may be as long as the file."""
    return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 3]}..."


def _parse(source: FileSource, data: bytes) -> Element:
    if len(data) > MAX_BYTES:
        raise AnnotationError(
            f"{source.name} is larger than {MAX_BYTES >> 20} MB, so it is no box annotation; move it elsewhere."
        )
    try:
        root: Element = SafeTree.fromstring(data)
    except DefusedXmlException as error:
        raise AnnotationError(
            f"{source.name} defines XML entities, which can be harmful and are not read; save it without them."
        ) from error
    # An unknown encoding is a LookupError, one that expat can't read a ValueError.
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise AnnotationError(
            f"{source.name} is not well-formed XML ({_brief(str(error))}); its boxes are left out: mend the file or"
            " export it again."
        ) from error
    use_plain_tags(root)
    if root.tag != "annotation":
        raise AnnotationError(
            f"{source.name} is XML but no Pascal VOC annotation (it holds <{_brief(root.tag)}>); move it elsewhere."
        )
    return root


def _uids(source: FileSource, root: Element) -> tuple[str, ...]:
    """SOP Instance UIDs the file may mean: its own name, the study's dicom_num, then the filename tag."""
    told = [element.text or "" for element in root.iter("dicomnum")]
    names = [PurePosixPath(source.name).stem, *told, text(root, "filename")]
    found = [match.group() for name in names if (match := _UID.search(name)) and match.group().count(".") >= 2]
    return tuple(dict.fromkeys(found))


class _BoxReader:
    """Reads the boxes of one file, noting what is odd about them."""

    def __init__(self, source: FileSource, default_author: str, default_time: str) -> None:
        self._source = source
        self._defaults = default_author, default_time
        self.notes: list[AnnotationNote] = []

    def read(self, root: Element) -> Iterator[Finding]:
        """Yield a finding for each box: those of the objects, else those inside size."""
        objects = children(root, "object")
        held = [(owner, element) for owner in objects for element in children(owner, "bndbox") or [owner]]
        if not any(children(owner, "bndbox") for owner in objects):
            held = [(objects[0] if objects else root, element) for element in self._boxes_in_size(root)]
        for number_, (owner, element) in enumerate(held, start=1):
            box = self._box(element, number_)
            if box is not None:
                yield self._finding(owner, box)
        if not held:
            self._note(AnnotationIssue.NO_BOX, "holds no box")

    @staticmethod
    def _boxes_in_size(root: Element) -> list[Element]:
        """The study's own form: corners in size, or in a bndbox in size."""
        held = [element for size in children(root, "size") for element in (size, *children(size, "bndbox"))]
        return [element for element in held if any(coordinate(element, name) for name in _CORNERS)]

    def _box(self, element: Element, place: int) -> Box | None:
        corners = [value for name in _CORNERS if (value := number(coordinate(element, name))) is not None]
        if len(corners) < len(_CORNERS):
            self._note(AnnotationIssue.BAD_COORDINATES, f"gives no four numbers for box {place}; that box is left out")
            return None
        xmin, ymin, xmax, ymax = corners
        if xmax < xmin or ymax < ymin:
            self._note(AnnotationIssue.INVERTED, f"has the corners of box {place} in the wrong order; they are swapped")
        box = Box(min(xmin, xmax), min(ymin, ymax), max(xmin, xmax), max(ymin, ymax))
        if box.area == 0:
            corner = f"({box.xmin:g}, {box.ymin:g}) to ({box.xmax:g}, {box.ymax:g})"
            self._note(AnnotationIssue.NO_AREA, f"has a box without area, {corner}; it counts but can't be drawn")
        return box

    def _finding(self, owner: Element, box: Box) -> Finding:
        frame = number(text(owner, "frame")) or 1
        author, time = self._defaults
        return Finding(
            sop_instance_uid="",
            box=box,
            label=text(owner, "name", "label", "class", "subtype"),
            author=text(owner, "author") or author,
            time=text(owner, "time") or time,
            frame=max(0, int(frame) - 1),
        )

    def _note(self, issue: AnnotationIssue, predicate: str) -> None:
        self.notes.append(AnnotationNote(issue, self._source, f"{self._source.name} {predicate}."))


def _document(findings: Sequence[Finding], rows: int, columns: int, depth: int, database: str = OWN_DATABASE) -> bytes:
    """The dataset's layout, its tags in its order, with reader, time and frame beside each object's name."""
    root = Element("annotation", verified="yes")
    for name in ("folder", "filename", "path"):
        _add(root, name, "Unknow")  # the dataset's own word; the file's name is the only link
    _add(_add(root, "source"), "database", database)
    size = _add(root, "size")
    for name, value in (("width", columns), ("height", rows), ("depth", depth)):
        _add(size, name, str(value))
    _add(root, "segmented", "0")
    for finding in findings:
        _add_object(root, finding)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_object(root: Element, finding: Finding) -> None:
    element = _add(root, "object")
    for name, value in (("name", finding.label), ("pose", "Unspecified"), ("truncated", "0"), ("Difficult", "0")):
        _add(element, name, value)
    for name, value in (("author", finding.author), ("time", finding.time), ("frame", str(finding.frame + 1))):
        _add(element, name, value)  # DICOM counts frames from 1
    corners = _add(element, "bndbox")
    for name, corner in zip(_CORNERS, finding.box.as_tuple(), strict=True):
        _add(corners, name, str(int(corner)) if corner == int(corner) else repr(float(corner)))


def _add(parent: Element, tag: str, value: str = "") -> Element:
    added = ElementTree.SubElement(parent, tag)
    added.text = " ".join(_NOT_XML.sub("", value).split())
    return added
