"""Dropout that leaves out the same whatever the number of processes."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_NAMES = ("input", "p", "training", "inplace")
_KINDS = frozenset({functional.dropout, functional.dropout1d, functional.dropout2d, functional.dropout3d})


class SharedDropout(TorchFunctionMode):
    """While it is entered, dropout draws for the whole batch and uses this process's rows of that.

    All processes hold the same random state, so together they draw what one would have drawn.
    """

    def __init__(self, total: int, rows: slice) -> None:
        super().__init__()
        self._total, self._rows = total, rows

    def __torch_function__(
        self,
        func: Callable[..., Tensor],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Stand in for dropout; leave all else as it is."""
        named = dict(kwargs or {})
        if func in _KINDS:
            given: dict[str, object] = {"p": 0.5, "training": True, **dict(zip(_NAMES, args, strict=False)), **named}
            x, share = given["input"], given["p"]
            if isinstance(x, Tensor) and isinstance(share, float) and given["training"] and self._is_mine(x):
                return x * func(self._ones(x), share, True)[self._rows]
        return func(*args, **named)

    def _is_mine(self, x: Tensor) -> bool:
        return bool(len(x) == self._rows.stop - self._rows.start)

    def _ones(self, x: Tensor) -> Tensor:
        """The whole batch's ones in the memory order of x, which is the order in which torch draws."""
        ones = x.new_ones((self._total, *x.shape[1:]))
        is_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        return ones.contiguous(memory_format=torch.channels_last) if is_last else ones
