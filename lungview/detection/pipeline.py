"""Batches worked on by several threads, handed back in order.

Two threads with a batch each, of one core apiece, beat one batch on two cores: they never wait for one another.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Batch = TypeVar("Batch")
Answer = TypeVar("Answer")


def in_order(
    batches: Iterator[Batch], work: Callable[[Batch], Answer], workers: int
) -> Iterator[tuple[Batch, Callable[[], Answer]]]:
    """Yield each batch with a call that waits for its answer, or raises what the work raised.

    A batch is drawn, in the caller's thread, only when a worker will be free for it: as many are under way as there
    are workers. One worker is the caller's own thread, at the moment of the call.
    """
    if workers < 2:
        for batch in batches:
            yield batch, lambda batch=batch: work(batch)  # type: ignore[misc]
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="detection")
    under_way: deque[tuple[Batch, Future[Answer]]] = deque()
    try:
        while True:
            under_way += [(batch, pool.submit(work, batch)) for batch in islice(batches, workers - len(under_way))]
            if not under_way:
                return
            batch, future = under_way.popleft()
            yield batch, future.result
    finally:
        pool.shutdown(cancel_futures=True)
