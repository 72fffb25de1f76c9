"""The losses that are learned by, on validation slices as they are."""

import torch

from lungview_training.preparing import Run
from lungview_training.update.memory import is_out_of_memory, release


def validation_loss(run: Run) -> float | None:
    """Mean over batches of the averaged weights' summed losses; None where there is nothing to measure it on.

    No augmentation and no dropout: it starts lower than the loss of the steps, and tells by rising that slices are
    learned by heart.
    """
    try:
        mine = _measured(run)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        release(run.device)
        mine = []
    measured = run.group.gather(mine)
    count = sum(slices for _, slices in measured)
    return sum(loss * slices for loss, slices in measured) / count if count else None


@torch.inference_mode()
def _measured(run: Run) -> list[tuple[float, int]]:
    """Loss and slices of each batch that falls to this process."""
    found = []
    for number, batch in enumerate(run.learner.held_batches(run.data.validation)):
        if number % run.group.size == run.group.rank:
            losses = run.learner.losses(run.average, batch.to(run.device))
            found.append((float(sum(value.float() for value in losses.values())), len(batch)))
    return found
