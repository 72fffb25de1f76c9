"""Looking things up in XML whose tags vary in case, joining marks and place."""

import re
from functools import lru_cache
from xml.etree.ElementTree import Element

FARTHEST = 1e6
"""Numbers beyond this are no pixels of any image."""


def use_plain_tags(root: Element) -> None:
    """Rid a tree's tags of namespace, case and joining marks: Difficult, x_min and dicomNum are met in the wild."""
    for element in root.iter():
        element.tag = _plain(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=512)  # files share their few tags
def _plain(tag: str) -> str:
    return re.sub(r"[_-]", "", tag.rpartition("}")[2]).lower()


def children(element: Element | None, *names: str) -> list[Element]:
    """Direct children with one of these plain tags."""
    return [] if element is None else [child for child in element if child.tag in names]


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
