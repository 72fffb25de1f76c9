"""Where the processes of a start meet: a part of torchrun's store that holds nothing of an earlier start.

torchrun keeps one store for all its starts and gives it out as it is. Without a part of their own, processes that start
again may read where those before them could be reached, and find nobody there.
"""

import secrets
import time
from datetime import timedelta

from torch.distributed.distributed_c10d import PrefixStore, Store

from lungview.errors import TrainingError

_PAUSE_S = 0.05


def fresh_part(store: Store, rank: int, size: int, patience: timedelta) -> PrefixStore:
    """The same part for all size processes of this start, and for no others; waits for all of them.

    Each calls by a word of its own, which the first answers with the part's name until the other has said that it
    knows it: so no answer to an earlier caller is taken for one's own.
    """
    until = time.monotonic() + patience.total_seconds()
    name = _invite(store, size, until) if rank == 0 else _answer(store, rank, until)
    return PrefixStore(name, store)


def _invite(store: Store, size: int, until: float) -> str:
    name = secrets.token_hex(8)
    awaited = set(range(1, size))
    while awaited:
        for rank in sorted(awaited):
            if (call := _read(store, f"call/{rank}")) is not None:
                store.set(f"answer/{rank}", f"{call} {name}")
        awaited = {rank for rank in awaited if _read(store, f"{name}/here/{rank}") is None}
        if awaited:
            _pause(until)
    return name


def _answer(store: Store, rank: int, until: float) -> str:
    call = secrets.token_hex(8)
    store.set(f"call/{rank}", call)
    while True:
        to, _, name = (_read(store, f"answer/{rank}") or "").partition(" ")
        if to == call:
            store.set(f"{name}/here/{rank}", "yes")
            return name
        _pause(until)


def _read(store: Store, key: str) -> str | None:
    return store.get(key).decode() if store.check([key]) else None


def _pause(until: float) -> None:
    if time.monotonic() > until:
        raise TrainingError("The processes of this run did not find each other: start it again.")
    time.sleep(_PAUSE_S)
