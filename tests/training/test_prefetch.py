"""Batches drawn by processes are those that the run itself would draw."""

import os
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from lungview.errors import TrainingError
from lungview_training.learners.study import StudyBatch
from lungview_training.prefetch import AHEAD, Prefetch

STEPS, FATAL = 6, 99


class Numbers:
    """A source whose batch k is drawn from k; ends its process at one step."""

    def __init__(self, ends_at: int = -1) -> None:
        self._ends_at = ends_at

    def batch(self, step: int) -> StudyBatch:
        if step == self._ends_at:
            os._exit(1)
        random = torch.Generator().manual_seed(step)
        inputs = torch.rand(2, 3, 4, 4, generator=random).contiguous(memory_format=torch.channels_last)
        return StudyBatch(inputs, torch.full((2, 4), float(os.getpid())))


@pytest.fixture(scope="module")
def source() -> Iterator[Prefetch]:
    # One for all tests: a process takes a while to import torch.
    with Prefetch(partial(Numbers, ends_at=FATAL), STEPS, processes=1) as prefetch:
        yield prefetch


def _same(prefetch: Prefetch, step: int) -> bool:
    batch, wanted = prefetch.batch(step), Numbers().batch(step)
    assert isinstance(batch, StudyBatch)
    assert batch.boxes[0, 0] != os.getpid()
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    return torch.equal(batch.inputs, wanted.inputs)


def test_each_step_gets_its_own_batch_in_whatever_order_it_is_asked_for(source: Prefetch) -> None:
    assert all(_same(source, step) for step in (0, 1, 2, 3, 4, 5, 2, 0, 5, 5))


def test_nothing_is_drawn_beyond_the_run_or_further_ahead_than_agreed(source: Prefetch) -> None:
    source.batch(0)
    assert sorted(source._under_way) == list(range(1, AHEAD))
    source.batch(STEPS - 2)
    assert sorted(source._under_way) == [STEPS - 1]


def test_a_process_that_dies_is_told_with_the_remedy(source: Prefetch) -> None:
    # The last test: nothing comes out of this source any more.
    with pytest.raises(TrainingError, match="use fewer"):
        source.batch(FATAL)
