"""Boxes of neighbouring slices seen as one thing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lungview.domain.box import Box
from lungview.domain.finding import Source


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion: its box on each slice it was seen on.

    boxes: slice index -> box. scores: slice index -> score, empty for readers' lesions and models without scores.
    size_mm: (across, down, through) extent: largest box width and height, and slice range along the normal
        including the thickness of one slice. score: the lesion's own, in [0, 1], None where nothing scored it.
    label: the reader's word, "" for a model's. is_echo: made of nothing but a model's boxes that a reader accepted.
    """

    source: Source
    boxes: Mapping[int, Box]
    size_mm: tuple[float, float, float]
    score: float | None = None
    scores: Mapping[int, float] = field(default_factory=dict)
    label: str = ""
    is_echo: bool = False

    @property
    def first(self) -> int:
        """Lowest slice index."""
        return min(self.boxes)

    @property
    def last(self) -> int:
        """Highest slice index."""
        return max(self.boxes)

    @property
    def key_slice(self) -> int:
        """The slice to jump to: best score, then largest box, then lowest index."""
        return self.best_of(self.boxes)

    def best_of(self, indices: Iterable[int]) -> int:
        """Of some of its slices, the one to jump to, by the same rule."""
        return max(indices, key=lambda index: (self.scores.get(index, 0.0), self.boxes[index].area, -index))
