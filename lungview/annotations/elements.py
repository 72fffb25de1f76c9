"""Looking things up in XML whose tags vary in case, joining marks and place."""

import re
from xml.etree.ElementTree import Element

FARTHEST = 1e6
"""Numbers beyond this are no pixels of any image."""


def plain_tag(element: Element) -> str:
    """The tag without namespace, case and joining marks: Difficult, x_min and dicomNum are met in the wild."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return re.sub(r"[_-]", "", tag.rpartition("}")[2]).lower()


def children(element: Element | None, *names: str) -> list[Element]:
    """Direct children whose plain tag is among names."""
    return [] if element is None else [child for child in element if plain_tag(child) in names]


def child(element: Element | None, name: str) -> Element | None:
    """The first direct child with this plain tag."""
    found = children(element, name)
    return found[0] if found else None


def text(element: Element | None, *names: str) -> str:
    """Text of the first child with text among those named, in the names' order; "" where there is none."""
    texts = [(found.text or "").strip() for name in names for found in children(element, name)]
    return next((each for each in texts if each), "")


def coordinate(element: Element, name: str) -> str:
    """A corner written as a child or as an attribute, "" where it is neither."""
    return text(element, name) or (element.get(name) or "").strip()


def number(written: str) -> float | None:
    """A finite number of pixels, None for anything else; decimal commas occur."""
    try:
        value = float(written.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) <= FARTHEST else None
