"""Counts and long lists in lines for people."""

from collections.abc import Sequence

from lungview.domain.study import FileProblem, ProblemKind

MOST_LISTED = 10
"""So many names stand in one line, and so many sentences of one kind below each other; --json has them all."""


def plain(line: str) -> str:
    """The line without control characters: a name in a file must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def counted(count: int, word: str) -> str:
    """The count with its word, say "1 slice" or "2 slices"."""
    return f"{count} {word}" if count == 1 or word.endswith("series") else f"{count} {word}s"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def problem_lines(problems: Sequence[FileProblem]) -> list[str]:
    """A sentence for each file that could not be used; files that never were DICOM share a line."""
    lines: list[str] = []
    for kind in ProblemKind:
        of_kind = [problem for problem in problems if problem.kind is kind]
        if kind is ProblemKind.NOT_DICOM and len(of_kind) > 1:
            names = listed([problem.source.name for problem in of_kind])
            lines.append(f"{len(of_kind)} files are no DICOM files and were left out: {names}.")
            continue
        lines += [problem.message for problem in of_kind[:MOST_LISTED]]
        more = len(of_kind) - MOST_LISTED
        if more > 0:
            lines.append(f"So it is with {counted(more, 'more file')} ({kind}).")
    return lines
