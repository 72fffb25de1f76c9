"""What one source holds, seen without decoding a slice."""

from collections import defaultdict
from dataclasses import dataclass, field

from lungview.errors import LungViewError
from lungview.task import Task
from lungview_training.config import SourceConfig, SourceKind
from lungview_training.grouping import Link
from lungview_training.opened_once import OpenCase
from lungview_training.preflight.report import Remark, Severity, Topic
from lungview_training.shard_store import ShardStore


@dataclass(frozen=True, slots=True)
class SliceFact:
    """One slice that would be learned from. digest: of its file's bytes, where another patient's is as large."""

    patient: str
    name: str
    subtype: str = ""
    study: str = ""
    digest: str = ""
    boxes: int = 0
    has_lesion: bool = False


@dataclass(slots=True)
class Look:
    """What was seen. links: more that ties patients together. left_out: slices by patient that nobody vouches for.

    cache_bytes: still to be decoded. held_bytes: of all slices once decoded.
    """

    slices: list[SliceFact] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    crops: int = 0
    cache_bytes: int = 0
    held_bytes: int = 0

    def stop(self, topic: Topic, message: str, names: tuple[str, ...] = ()) -> None:
        """Note what no training can get over."""
        self.remarks.append(Remark(Severity.STOP, topic, message, names))

    def warn(self, topic: Topic, message: str, names: tuple[str, ...] = ()) -> None:
        """Note what is lost or measured badly."""
        self.remarks.append(Remark(Severity.WARNING, topic, message, names))

    def note(self, topic: Topic, message: str, names: tuple[str, ...] = ()) -> None:
        """Note what is good to know."""
        self.remarks.append(Remark(Severity.NOTE, topic, message, names))


def look_at(source: SourceConfig, store: ShardStore | None, task: Task, opened: OpenCase) -> Look:
    """Look through a source; whatever is wrong with it is told in the result. Raises Cancelled where the task is."""
    from lungview_training.preflight.case import look_at_case, look_at_labels
    from lungview_training.preflight.pictures import look_at_crops, look_at_pictures

    look = Look()
    if not source.path.exists():
        look.stop(Topic.SOURCE, f"{source.path.name} is not there: check the path of the source.")
        return look
    try:
        if source.kind is SourceKind.IMAGES:
            look_at_pictures(source, store, look, task)
        elif source.kind is SourceKind.CROPS:
            look_at_crops(source, store, look, task)
        elif source.kind is SourceKind.LABELS:
            look_at_labels(source, look, task)
        else:
            look_at_case(source, store, look, opened(source.path, task, source.annotations))
    except LungViewError as error:
        look.stop(Topic.SOURCE, str(error))
    return look


def count(number: int, one: str) -> str:
    """A number with its word: 1 slice, 12,000 slices."""
    return f"{number:,} {one if number == 1 else one + 's'}"
