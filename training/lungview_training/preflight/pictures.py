"""Folders of pictures, looked at before a training: which are there, whole, grey, and the same twice."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import chain

from lungview.task import Task
from lungview_training.config import SourceConfig
from lungview_training.picture_files import ColouredPictureError, PictureFileError, grey_size
from lungview_training.pictures import (
    PACK,
    Picture,
    file_state,
    packs,
    read_pictures,
    read_settings,
    slices_key,
)
from lungview_training.preflight.look import Look, SliceFact, count
from lungview_training.preflight.report import Topic
from lungview_training.samples import subtype_of
from lungview_training.shard_store import ShardStore

_CROP_BYTES = 60 * 60 * 3


def look_at_pictures(source: SourceConfig, store: ShardStore | None, look: Look, task: Task) -> None:
    """Whole slices."""
    settings, pictures = read_settings(source.path), read_pictures(source.path)
    sizes = _readable(pictures, look, task)
    within = _within(sizes, settings.quarter_turns, look)
    look.slices = [_fact(picture, source.subtype) for picture in within]
    if not look.slices:
        look.stop(Topic.SOURCE, f"{source.path.name} holds no slices that its boxes.csv names and that can be read.")
    _tie_twins(within, look, task)
    for pack in packs(pictures, PACK):
        needed = sum(_bytes(sizes[picture]) for picture in pack if picture in sizes)
        look.held_bytes += needed
        if store is not None and not store.has(slices_key(pack, settings, source.subtype)):
            look.cache_bytes += needed


def look_at_crops(source: SourceConfig, store: ShardStore | None, look: Look, task: Task) -> None:
    """Single nodules with their masks."""
    read_settings(source.path)
    pictures = read_pictures(source.path)
    masked = [picture for picture in pictures if picture.path.is_file() and picture.mask_path.is_file()]
    look.crops = len(_readable(masked, look, task))
    if len(masked) < len(pictures):
        missing = len(pictures) - len(masked)
        look.note(Topic.SOURCE, f"{count(missing, 'crop')} of {source.path.name} without a mask will be left out.")
    if not look.crops:
        look.warn(Topic.SOURCE, f"{source.path.name} holds no crops with masks: no lesion will be pasted from it.")
    look.held_bytes = look.crops * _CROP_BYTES
    look.cache_bytes = look.held_bytes if store is not None else 0


def _readable(pictures: Sequence[Picture], look: Look, task: Task) -> dict[Picture, tuple[int, int]]:
    """Size (rows, columns) of each picture that is there, whole and grey; the rest is told."""
    sizes: dict[Picture, tuple[int, int]] = {}
    missing, broken, coloured = [], [], []
    for done, picture in enumerate(pictures):
        task.step(done, len(pictures))
        if not picture.path.is_file():
            missing.append(picture.path.name)
            continue
        try:
            sizes[picture] = grey_size(picture.path)
        except ColouredPictureError:
            coloured.append(picture.path.name)
        except PictureFileError:
            broken.append(picture.path.name)
    if missing:
        number = count(len(missing), "slice")
        look.warn(Topic.SOURCE, f"boxes.csv names {number} not in the folder; left out. Add them.", tuple(missing))
    if broken:
        number = count(len(broken), "picture")
        look.warn(Topic.UNREADABLE, f"{number} cannot be read; left out. Copy them again.", tuple(broken))
    if coloured:
        number = count(len(coloured), "picture")
        look.warn(Topic.UNREADABLE, f"{number} in colour; left out. Save them as grey.", tuple(coloured))
    return sizes


def _within(sizes: dict[Picture, tuple[int, int]], turns: int, look: Look) -> list[Picture]:
    """Pictures that are learned from: without boxes, or with one inside. Boxes are in the picture as it is stored."""
    kept, outside = [], []
    for picture, (rows, columns) in sizes.items():
        inside = [box for box in picture.boxes if _is_inside(box, rows, columns)]
        if len(inside) < len(picture.boxes):
            outside.append(picture.path.name)
        if inside or not picture.boxes:
            kept.append(replace(picture, boxes=tuple(inside)))
    if outside:
        look.warn(
            Topic.OUTSIDE,
            f"{count(len(outside), 'picture')} with a box outside it, or of no area; those boxes are left out, and "
            "pictures with no other. Check the numbers in boxes.csv.",
            tuple(outside),
        )
    return kept


def _is_inside(box: tuple[int, int, int, int], rows: int, columns: int) -> bool:
    """Whether something is left of a box once cut to the picture."""
    xmin, ymin, xmax, ymax = box
    return min(xmax, columns) > max(xmin, 0) and min(ymax, rows) > max(ymin, 0)


def _fact(picture: Picture, subtype: str) -> SliceFact:
    return SliceFact(
        patient=picture.subject,
        name=picture.name,
        subtype=subtype_of(picture.subject, subtype),
        boxes=len(picture.boxes),
        has_lesion=bool(picture.boxes),
    )


def _tie_twins(pictures: Sequence[Picture], look: Look, task: Task) -> None:
    """Compare files of one size, and tie patients together who hold the same one."""
    by_size: dict[int, list[Picture]] = defaultdict(list)
    for picture in pictures:
        state = file_state(picture.path)
        if state is not None:
            by_size[state[0]].append(picture)
    suspects = chain.from_iterable(
        found for found in by_size.values() if len({picture.subject for picture in found}) > 1
    )
    for picture in suspects:
        task.check()
        digest = blake2b(picture.path.read_bytes(), digest_size=12).hexdigest()
        look.links.append((picture.subject, f"file {digest}"))


def _bytes(size: tuple[int, int]) -> int:
    """Of a slice and its labels once decoded."""
    longest = max(size)
    factor = 256 / longest if longest > 320 else 1.0
    return int(size[0] * size[1] * factor * factor * 3)
