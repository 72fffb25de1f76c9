"""The processes that share a run, as torchrun started them; alone where it did not."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from lungview.detection.device import choose_device
from lungview.errors import TrainingError
from lungview_training.parallel.meeting import fresh_part

Value = TypeVar("Value")

_PATIENCE = timedelta(hours=1)
"""How long a process waits for the others: reading data and evaluating take one much longer than another."""


@dataclass(frozen=True, slots=True)
class Group:
    """This process's place among those that share a run.

    rank: 0 for the one that writes. control: carries plain values beside the tensors, over gloo.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    control: distributed.ProcessGroup | None = None

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and tells events."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there are no others."""
        return self.size == 1

    def counts(self, total: int) -> list[int]:
        """How many of total items each process takes, as evenly as can be."""
        return [total * (rank + 1) // self.size - total * rank // self.size for rank in range(self.size)]

    def rows(self, total: int) -> slice:
        """Which of total items this process takes."""
        return slice(total * self.rank // self.size, total * (self.rank + 1) // self.size)

    def agree(self, value: Value) -> Value:
        """What the first process holds, for all."""
        if self.is_alone:
            return value
        box: list[object] = [value]
        distributed.broadcast_object_list(box, src=0, group=self.control)
        return cast(Value, box[0])

    def gather(self, values: Sequence[Value]) -> list[Value]:
        """All processes' values, in the order of their ranks; on each."""
        if self.is_alone:
            return list(values)
        parts: list[list[Value] | None] = [None] * self.size
        distributed.all_gather_object(parts, list(values), group=self.control)
        return [value for part in parts if part is not None for value in part]


ALONE = Group()


def device_of(name: str, group: Group) -> torch.device:
    """The device that the settings name; each process of a machine takes its own GPU."""
    device = choose_device(name)
    if group.is_alone or device.type != "cuda":
        return device
    if group.local_rank >= torch.cuda.device_count():
        raise TrainingError(
            f"There are {torch.cuda.device_count()} GPUs for more processes: lower torchrun's --nproc-per-node to that."
        )
    return torch.device("cuda", group.local_rank)


@contextmanager
def joined(device_name: str) -> Iterator[Group]:
    """Join the processes that torchrun started: nccl between GPUs, gloo between CPUs."""
    size = int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1
    if size == 1:
        yield ALONE
        return
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    is_cuda = choose_device(device_name).type == "cuda"
    if is_cuda:
        torch.cuda.set_device(local_rank % torch.cuda.device_count())
    store, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
    place = fresh_part(store, rank, size, _PATIENCE)
    backend = "nccl" if is_cuda else "gloo"
    distributed.init_process_group(backend, store=place, rank=rank, world_size=size, timeout=_PATIENCE)
    control = distributed.new_group(backend="gloo", timeout=_PATIENCE) if is_cuda else distributed.group.WORLD
    try:
        yield Group(distributed.get_rank(), size, local_rank, control)
    finally:
        distributed.destroy_process_group()
