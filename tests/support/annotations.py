"""Annotation files in the dataset's layout, made on the spot."""

from collections.abc import Sequence
from pathlib import Path

OBJECT = """
  <object>
    <name>{name}</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <Difficult>0</Difficult>
    <bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox>
  </object>"""

Corners = tuple[object, object, object, object]


def voc_xml(boxes: Sequence[Corners], *, name: str = "A", width: int = 64, height: int = 64) -> str:
    """Return an annotation as the dataset writes it."""
    objects = "".join(OBJECT.format(*corners, name=name) for corners in boxes)
    return (
        '<annotation verified="no">\n  <folder>Unknow</folder>\n  <filename>Unknow</filename>\n  <path>Unknow</path>\n'
        "  <source>Unknow<database>Unknown</database>\n  </source>\n"
        f"  <size><width>{width}</width><height>{height}</height><depth>1</depth></size>\n"
        f"  <segmented>0</segmented>{objects}\n</annotation>"
    )


def write_voc(folder: Path, uid: str, *boxes: Corners, name: str = "A") -> Path:
    """Write folder/<uid>.xml and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uid}.xml"
    path.write_text(voc_xml(boxes, name=name), encoding="utf-8")
    return path
