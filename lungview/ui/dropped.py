"""Telling what was dropped: images, annotations or weights. No Qt."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_WEIGHTS = {".safetensors", ".pt", ".pth"}
_MOST_FILES = 300
"""Files looked at in a folder to tell what it holds; the answer must not keep the reader waiting."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped, sorted: images to open, annotations for them, a model."""

    images: tuple[Path, ...] = ()
    annotations: Path | None = None
    weights: Path | None = None


def sort_dropped(paths: Sequence[Path]) -> Dropped:
    """Tell folders of XML and weights files from the rest, which are taken for images."""
    images = []
    annotations, weights = None, None
    for path in paths:
        if path.suffix.lower() in _WEIGHTS and path.is_file():
            weights = path
        elif path.suffix.lower() == ".xml":
            annotations = path.parent
        elif is_annotation_folder(path):
            annotations = path
        else:
            images.append(path)
    return Dropped(tuple(images), annotations, weights)


def is_annotation_folder(path: Path) -> bool:
    """Whether a folder holds XML files and nothing else, as far as a short look tells."""
    if not path.is_dir():
        return False
    suffixes = [Path(name).suffix.lower() for name in islice(_names(path), _MOST_FILES)]
    return ".xml" in suffixes and all(suffix == ".xml" for suffix in suffixes)


def _names(folder: Path) -> Iterator[str]:
    for _root, _folders, names in os.walk(folder):
        yield from (name for name in names if not name.startswith("."))
