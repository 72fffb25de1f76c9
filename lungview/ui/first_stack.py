"""Which stack of an opened folder to show first."""

from collections.abc import Mapping, Sequence

from lungview.domain.study import Stack, StackKind


def best_first_stack(stacks: Sequence[Stack], box_counts: Mapping[str, int]) -> Stack | None:
    """The stack with readers' boxes, measured CT before captures, else the largest CT volume, else the largest.

    box_counts: stack key -> readers' boxes.
    """

    def rank(stack: Stack) -> tuple[bool, bool, bool, bool, int]:
        is_boxed = box_counts.get(stack.key, 0) > 0
        is_volume = stack.kind is StackKind.VOLUME
        return is_boxed and stack.is_detectable, is_boxed, stack.is_detectable, is_volume, stack.slice_count

    return max(stacks, key=rank, default=None)
