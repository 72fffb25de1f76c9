"""Drawing the next batch while a GPU works on this one."""

from concurrent.futures import Future, ThreadPoolExecutor

from lungview_training.learners.protocol import Batch, BatchSource


class Ahead:
    """A source that draws one batch ahead, in a thread of its own; batches depend on their step alone."""

    def __init__(self, source: BatchSource, steps: int) -> None:
        self._source, self._steps = source, steps
        self._pool = ThreadPoolExecutor(1, "batches")
        self._next: tuple[int, Future[Batch]] | None = None

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        is_drawn = self._next is not None and self._next[0] == step
        drawn = self._next[1].result() if self._next is not None and is_drawn else self._source.batch(step)
        after = step + 1
        self._next = (after, self._pool.submit(self._source.batch, after)) if after < self._steps else None
        return drawn
