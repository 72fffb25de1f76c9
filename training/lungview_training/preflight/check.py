"""The look at everything before a training: check(config) tells what would be learned from and whether it can be."""

import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungview.errors import LungViewError
from lungview.files import nearest_existing
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.config import Role, SplitKind, TrainingConfig
from lungview_training.grouping import joined, links_of
from lungview_training.opened_once import OpenCase
from lungview_training.preflight.look import Look, SliceFact, count, look_at
from lungview_training.preflight.remarks import remarks_on_slices, remarks_on_split
from lungview_training.preflight.report import PatientRow, PreflightReport, Remark, Severity, Tally, Topic
from lungview_training.shard_store import open_store, store_folder
from lungview_training.split import LEAK, Part, Split, split_of_run

_BASE_BYTES = 700 << 20
"""Of the program with torch, before any slice."""

_BYTES_AT_512 = 112 << 20
"""Of a slice in training at 512 x 512: activations, gradients and averages of the compact network, as measured."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """All sources together."""

    looks: tuple[Look, ...]
    shared: tuple[SliceFact, ...]
    only_train: tuple[SliceFact, ...]

    @property
    def slices(self) -> tuple[SliceFact, ...]:
        return self.shared + self.only_train


def check(
    config: TrainingConfig,
    seconds_per_step: float | None = None,
    task: Task | None = None,
    opened: OpenCase = open_case,
) -> PreflightReport:
    """Look at headers, tables and XML of all sources, share patients out as training would, and tell what was found.

    Nothing is decoded or written; no source, however spoilt, makes this fail. seconds_per_step: where known, for how
    long training takes. Raises Cancelled where the task is.
    """
    task = task or Task()
    store = open_store(config)
    looks = [look_at(source, store, task, opened) for source in config.sources]
    whole = _together(config, looks)
    split, remarks = _split(config, whole)
    cache_bytes = sum(look.cache_bytes for look in looks)
    free = None if store is None else free_bytes(store_folder(config) or Path())
    memory = _memory(config, 0 if store is not None else sum(look.held_bytes for look in looks))
    remarks = [
        *(remark for look in looks for remark in look.remarks),
        *_on_slices(whole, config),
        *remarks,
        *_on_disk(config, cache_bytes, free),
        *_on_memory(memory),
        *_on_output(config.output),
    ]
    return PreflightReport(
        name=config.name,
        remarks=tuple(sorted(remarks, key=lambda remark: list(Severity).index(remark.severity))),
        patients=_patients(whole, split),
        parts=_parts(whole, split),
        subtypes=_tallies(whole.slices, lambda fact: fact.subtype),
        crops=sum(look.crops for look in looks),
        split=_sentence(config),
        cache_bytes=cache_bytes,
        free_bytes=free,
        memory_bytes=memory,
        seconds=None if seconds_per_step is None else seconds_per_step * config.steps,
    )


def _on_slices(whole: _Whole, config: TrainingConfig) -> list[Remark]:
    """Whether there is enough to learn from; why there is nothing at all has been told of the sources already."""
    is_told = any(remark.severity is Severity.STOP for look in whole.looks for remark in look.remarks)
    return remarks_on_slices(whole.slices, config) if whole.slices or not is_told else []


def free_bytes(folder: Path) -> int | None:
    """Free space where a folder is, or will be; None where that cannot be told."""
    try:
        return shutil.disk_usage(nearest_existing(folder)).free
    except OSError:
        return None


def _together(config: TrainingConfig, looks: Sequence[Look]) -> _Whole:
    pairs = list(zip(config.sources, looks, strict=True))
    shared = (fact for source, look in pairs if source.role is not Role.TRAIN for fact in look.slices)
    only = (fact for source, look in pairs if source.role is Role.TRAIN for fact in look.slices)
    return _Whole(tuple(looks), tuple(shared), tuple(only))


def _split(config: TrainingConfig, whole: _Whole) -> tuple[Split | None, list[Remark]]:
    links = [link for look in whole.looks for link in look.links]
    owner = joined([*links_of(whole.slices), *links])
    try:
        split = split_of_run(config, whole.shared, whole.only_train, links)
        for fact in whole.slices:
            split.part_of_sample(fact)
    except LungViewError as error:
        return None, [Remark(Severity.STOP, Topic.SPLIT, str(error))]
    return split, remarks_on_split(split, whole.slices, owner, config)


def _sentence(config: TrainingConfig) -> str:
    if config.split is SplitKind.IMAGE:
        return LEAK
    if config.folds:
        return f"Split by patient, fold {config.fold + 1} of {config.folds} is the test part."
    return "Split by patient: nobody is learned from and tested on."


def _patients(whole: _Whole, split: Split | None) -> tuple[PatientRow, ...]:
    left_out: dict[str, int] = {}
    for look in whole.looks:
        for name, number in look.left_out.items():
            left_out[name] = left_out.get(name, 0) + number
    rows = []
    for name, own in sorted(_groups(whole.slices, lambda fact: fact.patient).items()):
        tally = _tally(name, own)
        parts = {split.part_of_sample(fact).value for fact in own} if split is not None else set()
        rows.append(
            PatientRow(
                name=name,
                subtype=next((fact.subtype for fact in own if fact.subtype), ""),
                part=parts.pop() if len(parts) == 1 else "",
                slices=tally.slices,
                with_lesion=tally.with_lesion,
                lesion_free=tally.lesion_free,
                left_out=left_out.get(name, 0),
            )
        )
    return tuple(rows)


def _parts(whole: _Whole, split: Split | None) -> tuple[Tally, ...]:
    if split is None:
        return ()
    found = {tally.name: tally for tally in _tallies(whole.slices, lambda fact: split.part_of_sample(fact).value)}
    return tuple(found.get(part.value, Tally(part.value, 0, 0, 0, 0, 0)) for part in Part)


def _tallies(facts: Iterable[SliceFact], key: Callable[[SliceFact], str]) -> tuple[Tally, ...]:
    groups = _groups(facts, key)
    return tuple(_tally(name, groups[name]) for name in sorted(groups))


def _groups(facts: Iterable[SliceFact], key: Callable[[SliceFact], str]) -> dict[str, list[SliceFact]]:
    groups: dict[str, list[SliceFact]] = {}
    for fact in facts:
        groups.setdefault(key(fact), []).append(fact)
    return groups


def _tally(name: str, facts: Sequence[SliceFact]) -> Tally:
    lesions = sum(fact.has_lesion for fact in facts)
    return Tally(
        name=name,
        patients=len({fact.patient for fact in facts}),
        slices=len(facts),
        with_lesion=lesions,
        lesion_free=len(facts) - lesions,
        boxes=sum(fact.boxes for fact in facts),
    )


def _memory(config: TrainingConfig, held: int) -> int:
    at_once = config.micro_batch or config.batch_size
    return int(_BASE_BYTES + held + at_once * _BYTES_AT_512 * (config.image_size / 512) ** 2)


def _on_disk(config: TrainingConfig, needed: int, free: int | None) -> list[Remark]:
    folder = store_folder(config)
    if folder is None:
        return []
    wrong = _why_unwritable(folder)
    if wrong:
        return [
            Remark(
                Severity.STOP,
                Topic.DISK,
                f"Decoded slices cannot be kept in {folder.name} ({wrong}): name another folder with "
                'cache = "FOLDER", or hold them in memory with cache = "off".',
            )
        ]
    if free is not None and needed > free:
        text = (
            f"Decoded slices need {size(needed)} in {folder.name}, {size(free)} are free: free space, or name a folder "
            'on another disk with cache = "FOLDER".'
        )
        return [Remark(Severity.STOP, Topic.DISK, text)]
    if needed > config.cache_gib * (1 << 30):
        text = (
            f"Decoded slices need {size(needed)}, more than cache_gib = {config.cache_gib:g} allows: those of other "
            "trainings are deleted, these are kept. Raise cache_gib to keep both."
        )
        return [Remark(Severity.NOTE, Topic.DISK, text)]
    return []


def _on_memory(needed: int) -> list[Remark]:
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return []
    if needed <= there * 9 // 10:
        return []
    text = (
        f"Training may take {size(needed)} of memory, this machine has {size(there)}: lower batch_size or image_size, "
        'or keep slices on disk with cache = "on".'
    )
    return [Remark(Severity.WARNING, Topic.MEMORY, text)]


def _on_output(folder: Path) -> list[Remark]:
    wrong = _why_unwritable(folder)
    if not wrong:
        return []
    text = f"The run cannot be written into {folder.name} ({wrong}): name another output, or change its permissions."
    return [Remark(Severity.STOP, Topic.OUTPUT, text)]


def _why_unwritable(folder: Path) -> str:
    """Why nothing can be written where a folder is, or will be made; "" where it can."""
    place = nearest_existing(folder)
    if not place.is_dir():
        return f"{place.name} is not a folder"
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".lungview-"):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def size(number: int) -> str:
    """Bytes in words, rounded up: 0.1 GB, 29 GB."""
    gigabytes = number / 1e9
    return f"{math.ceil(gigabytes * 10) / 10:.1f} GB" if gigabytes < 10 else f"{math.ceil(gigabytes):,} GB"


def summary(report: PreflightReport) -> str:
    """One sentence: whether training can start."""
    stops = sum(remark.severity is Severity.STOP for remark in report.remarks)
    if stops:
        return f"Training cannot start: {count(stops, 'thing')} to put right."
    warnings = sum(remark.severity is Severity.WARNING for remark in report.remarks)
    return "Training can start." if not warnings else f"Training can start; {count(warnings, 'warning')}."
