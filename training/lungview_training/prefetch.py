"""Batches drawn in processes of their own, ahead of the step that needs them, so that no step waits for one.

Batch k depends on the settings and k alone, so it does not matter who draws it: a run with them is the run without.
Processes are started anew (spawn), as Windows and CUDA need it; each reads the samples for itself, as views of the
files of decoded slices, which the system keeps in memory once for all.
"""

import logging
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Self

import torch

from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig
from lungview_training.data import read_data
from lungview_training.learners.choose import make_learner
from lungview_training.learners.protocol import Batch, BatchSource

log = logging.getLogger(__name__)

AHEAD = 2
"""Batches each process may have drawn and not handed over: enough to bridge an uneven step, few enough for memory."""


class Prefetch:
    """A source whose batches others draw; a batch that was not foreseen, as after going back, is asked for then.

    make_source: builds the source in each process; it and the batches must be picklable. steps: of the whole run, so
    that nothing is drawn beyond it.
    """

    def __init__(self, make_source: Callable[[], BatchSource], steps: int, processes: int) -> None:
        self._steps, self._most = steps, AHEAD * processes
        self._under_way: dict[int, Future[bytes]] = {}
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(make_source,))

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        for passed in [each for each in self._under_way if not step <= each < step + self._most]:
            self._under_way.pop(passed).cancel()
        try:
            for each in range(step, max(step + 1, min(step + self._most, self._steps))):
                if each not in self._under_way:
                    self._under_way[each] = self._pool.submit(_draw, each)
            drawn: Batch = pickle.loads(self._under_way.pop(step).result())  # of our own child, over a pipe
        except BrokenProcessPool as error:
            raise TrainingError(
                "A process that prepares batches ended before its time, mostly for want of memory: use fewer of them."
            ) from error
        return drawn

    def close(self) -> None:
        """End the processes; what they are drawing is lost."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._under_way.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SourceOf:
    """Makes the source that a run's settings describe, in whatever process calls it; the split must be on disk."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def __call__(self) -> BatchSource:
        """Read the samples and make the source."""
        return make_learner(self._config).make_source(read_data(self._config, on_left_out=_told_already))


_source: BatchSource | None = None
"""In a process that draws: what it draws from."""


def _begin(make_source: Callable[[], BatchSource]) -> None:
    global _source
    torch.set_num_threads(1)
    _source = make_source()


def _draw(step: int) -> bytes:
    """A batch as bytes: torch would hand tensors over in shared memory, of which containers allow little."""
    assert _source is not None
    return pickle.dumps(_source.batch(step), protocol=pickle.HIGHEST_PROTOCOL)


def _told_already(sentence: str) -> None:
    log.debug("left out: %s", sentence)
