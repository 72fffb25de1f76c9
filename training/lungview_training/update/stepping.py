"""One step: losses of a batch in as many passes as memory asks for, gradients clipped, weights moved."""

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import add

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from lungview.errors import TrainingError
from lungview_training.learners.protocol import Batch, Learner
from lungview_training.parallel.group import Group
from lungview_training.update.memory import is_out_of_memory, release

_MOST_SKIPPED = 30
"""Steps in a row without a finite gradient in half precision; its scaler has halved itself as often by then."""


class NotANumberError(TrainingError):
    """What was to be learned from, or kept, is infinite or no number."""


class OutOfMemoryError(TrainingError):
    """A step did not fit. micro_batch: what to try next, 0 where nothing smaller is left."""

    def __init__(self, message: str, micro_batch: int) -> None:
        super().__init__(message)
        self.micro_batch = micro_batch


@dataclass(slots=True)
class Stepper:
    """Moves a network's weights.

    forward: the network itself, or what stands before it. micro_batch: slices a pass over all processes, 0 for the
    whole batch. shrunk: told when memory ran out, with the slices a pass from then on.
    """

    learner: Learner
    network: nn.Module
    forward: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    clip_norm: float
    device: torch.device
    group: Group
    shrunk: Callable[[int], None]
    micro_batch: int = 0
    _skipped: int = 0

    def step(self, batch: Batch, learning_rate: float, seed: int) -> Mapping[str, float]:
        """Learn from a batch; returns the losses by name. seed: from which dropout is drawn anew after a failure."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        batch = batch.to(self.device)
        losses = self._attempt(batch)
        while losses is None:
            torch.manual_seed(seed)
            losses = self._attempt(batch)
        self._move(learning_rate)
        return losses

    def _attempt(self, batch: Batch) -> Mapping[str, float] | None:
        """Gradients of a batch; None where memory ran out, and passes are smaller from now on."""
        statistics = {name: value.clone() for name, value in self.network.named_buffers()}
        try:
            return self._gradients(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Only here, after the error has let go of them, can the tensors of the attempt be freed.
        self.optimizer.zero_grad(set_to_none=True)
        release(self.device)
        for name, value in self.network.named_buffers():
            value.copy_(statistics[name])
        self._shrink(len(batch))
        return None

    def _shrink(self, count: int) -> None:
        before = min(self.micro_batch or count, count)
        smallest = self.group.size
        if before <= smallest:
            raise OutOfMemoryError(
                f"The {self.device.type} device has too little memory for even one slice: lower image_size, choose a "
                'smaller network, close other programs, or set device = "cpu".',
                0,
            )
        after = max(before // 2, smallest)
        if not self.group.is_alone:
            raise OutOfMemoryError(
                f"The {self.device.type} device of process {self.group.rank} has too little memory for passes of "
                f"{before} slices. Started again (torchrun does so with --max-restarts), the run takes {after}.",
                after,
            )
        self.micro_batch = after
        self.shrunk(after)

    def _gradients(self, batch: Batch) -> Mapping[str, float]:
        self.optimizer.zero_grad(set_to_none=True)
        bounds = _bounds(len(batch), self.micro_batch)
        sums: dict[str, float] = {}
        for start, stop in pairwise(bounds):
            share = (stop - start) / len(batch)
            is_last = stop == len(batch)
            # Processes bring their gradients together once, after the last pass.
            inner = getattr(self.forward, "inner", None)
            waits = isinstance(inner, DistributedDataParallel) and not is_last
            with inner.no_sync() if waits else nullcontext():  # type: ignore[union-attr]
                for name, value in self._pass(batch if share == 1 else batch.part(start, stop), share).items():
                    sums[name] = sums.get(name, 0.0) + value * share
        return sums

    def _pass(self, part: Batch, share: float) -> dict[str, float]:
        losses: Mapping[str, Tensor] = self.learner.losses(self.forward, part)
        total = reduce(add, losses.values())
        if not math.isfinite(float(total.detach())):
            raise NotANumberError("The loss is no number")
        self.scaler.scale(total * share).backward()  # type: ignore[no-untyped-call]
        return {name: float(value.detach()) for name, value in losses.items()}

    def _move(self, learning_rate: float) -> None:
        """Clip the gradients and step, unless they are no numbers."""
        self.scaler.unscale_(self.optimizer)
        learning = [value for value in self.network.parameters() if value.grad is not None]
        if self.clip_norm:
            norm = torch.nn.utils.clip_grad_norm_(learning, self.clip_norm)
        else:
            norm = torch.nn.utils.get_total_norm([value.grad for value in learning if value.grad is not None])
        if math.isfinite(float(norm)):
            self._skipped = 0
        elif not self.scaler.is_enabled():
            raise NotANumberError("The gradient is no number")
        else:
            self._skipped += 1
            if self._skipped >= _MOST_SKIPPED:
                raise NotANumberError(
                    "The gradient is no number in half precision (mixed_precision = false avoids that)"
                )
        self.scaler.step(self.optimizer)
        self.scaler.update()


def _bounds(count: int, micro_batch: int) -> list[int]:
    """Where passes begin and end: as few as may be, as even as can be."""
    passes = 1 if not micro_batch else math.ceil(count / micro_batch)
    return [count * index // passes for index in range(passes + 1)]
