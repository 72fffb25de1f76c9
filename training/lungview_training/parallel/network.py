"""A network that works through its process's slices and answers for all of them."""

import inspect
from collections.abc import Callable

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import FunctionCtx
from torch.nn.parallel import DistributedDataParallel

from lungview_training.parallel.dropout import SharedDropout
from lungview_training.parallel.group import Group
from lungview_training.tensors import each_tensor

_BUFFERS = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")  # newer torch has the former for the latter
    if name in inspect.signature(DistributedDataParallel).parameters
)
"""Whether statistics are sent round before each pass; they are all processes' already."""


class SharedNetwork(nn.Module):
    """Stands before a network during training: takes its own rows of a batch, and gives back what all made of theirs.

    Every process then works out the same losses of the whole batch, whatever they are divided by, and the gradients
    that DistributedDataParallel brings together are those of one process with the whole batch.
    """

    def __init__(self, network: nn.Module, group: Group, device: torch.device) -> None:
        super().__init__()
        devices = [device] if device.type == "cuda" else None
        wrap: Callable[..., DistributedDataParallel] = DistributedDataParallel
        self.inner = wrap(network, device_ids=devices, **{_BUFFERS: False})
        self._group = group

    def forward(self, x: Tensor) -> object:
        """x: the whole batch, its first axis slices that do not depend on each other but by normalisation."""
        rows = self._group.rows(len(x))
        with SharedDropout(len(x), rows):
            answer: object = self.inner(x[rows])
        counts = self._group.counts(len(x))
        return each_tensor(answer, _gathering(counts, self._group.rank))


def _gathering(counts: list[int], rank: int) -> Callable[[Tensor], Tensor]:
    def gather(own: Tensor) -> Tensor:
        whole: Tensor = _Gather.apply(own, counts, rank)  # type: ignore[no-untyped-call]
        return whole

    return gather


class _Gather(torch.autograd.Function):
    """Put all processes' rows together; only the gradient of the own rows goes back, for the others take theirs.

    DistributedDataParallel divides gradients by the number of processes, so they are multiplied by it here.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, own: Tensor, counts: list[int], rank: int) -> Tensor:
        padded = own.new_zeros((max(counts), *own.shape[1:]))
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(parts, padded)
        start = sum(counts[:rank])
        ctx.rows, ctx.size = slice(start, start + counts[rank]), len(counts)  # type: ignore[attr-defined]
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: FunctionCtx, slope: Tensor) -> tuple[Tensor, None, None]:
        return slope[ctx.rows].contiguous() * ctx.size, None, None  # type: ignore[attr-defined]
