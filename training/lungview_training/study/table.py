"""The study's table, with its published figures beside ours."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from lungview_training.config import SplitKind
from lungview_training.split import LEAK
from lungview_training.study.config import STUDY_NETWORK

Plain = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ious:
    """Mean IoU of the best-scored box, 0 where there is none. before: fine-tuning, on all slices of the subtype.

    entire: all its slices, those learned from too. test: those that were not; None where there are none.
    """

    before: float | None
    entire: float | None
    test: float | None


PUBLISHED: Mapping[str, Ious] = {
    "B": Ious(None, None, 0.80),
    "A": Ious(0.07, 0.73, 0.67),
    "G": Ious(0.15, 0.77, 0.73),
    "E": Ious(0.17, 0.80, 0.73),
}
"""Pravdyvets, UOC 2023: 1000 slices each of B, A and G and all 201 of E, split by image."""


@dataclass(frozen=True, slots=True)
class Row:
    """One subtype. base: the subtype whose weights were gone on from, "" where learned from scratch."""

    network: str
    split: SplitKind
    subtype: str
    base: str
    patients: int
    slices: int
    test_slices: int
    epochs: int
    steps: int
    seconds: float
    ours: Ious


def to_plain(rows: Sequence[Row]) -> list[Plain]:
    """Rows as JSON takes them, the study's own figures with each of its network and split."""
    plain = []
    for row in rows:
        published = PUBLISHED.get(row.subtype) if _is_comparable(row) else None
        plain.append({**asdict(row), "published": asdict(published) if published else None})
    return plain


def to_markdown(rows: Sequence[Row]) -> str:
    """One table for each network and split."""
    parts = []
    for network, split in dict.fromkeys((row.network, row.split) for row in rows):
        own = [row for row in rows if (row.network, row.split) == (network, split)]
        note = LEAK if split is SplitKind.IMAGE else "Split by patient: nobody is learned from and tested on."
        lines = [
            f"**`{network}`, split by {split.value}.** {note}",
            "",
            "| subtype | learned | patients | slices (test) | IoU before | after: entire set | after: test part |",
            "|---|---|---|---|---|---|---|",
            *(_line(row) for row in own),
        ]
        if any(_is_comparable(row) for row in own):
            lines += ["", "In brackets: the study's own figures."]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _is_comparable(row: Row) -> bool:
    return row.network == STUDY_NETWORK and row.split is SplitKind.IMAGE and row.subtype in PUBLISHED


def _line(row: Row) -> str:
    published = PUBLISHED[row.subtype] if _is_comparable(row) else None
    how = f"{row.epochs} epochs" + (f" after {row.base}" if row.base else " from scratch")
    cells = [
        _cell(getattr(row.ours, name), getattr(published, name) if published else None)
        for name in ("before", "entire", "test")
    ]
    return f"| {row.subtype} | {how} | {row.patients} | {row.slices} ({row.test_slices}) | {' | '.join(cells)} |"


def _cell(ours: float | None, published: float | None) -> str:
    own = "–" if ours is None else f"{ours:.2f}"
    return own if published is None else f"{own} ({published:.2f})"
