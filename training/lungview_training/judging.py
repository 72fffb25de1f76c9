"""How a run does on its validation patients, in figures and in pictures."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import nn

from lungview.domain.arrays import FloatArray
from lungview_training.config import TrainingConfig
from lungview_training.evaluate import SliceResult, measure_located
from lungview_training.events import CheckpointFailed, EvaluationDone, Event, ExamplesSaved
from lungview_training.keeping import Keeper
from lungview_training.preparing import Run
from lungview_training.record.examples import choose, save_examples
from lungview_training.samples import Sample
from lungview_training.validation_loss import validation_loss


@runtime_checkable
class ShowsAttention(Protocol):
    """A learner whose network says where it looked."""

    def attention(self, network: nn.Module, sample: Sample) -> FloatArray:
        """(h, w) in [0, 1], over the whole sample."""
        ...


class Judge:
    """Evaluates the averaged weights, keeps the best, and draws examples every so often."""

    def __init__(self, config: TrainingConfig, tell: Callable[[Event], None], keeper: Keeper) -> None:
        self._config, self._tell, self._keeper = config, tell, keeper
        self._evaluations = 0

    def evaluate(self, run: Run) -> None:
        """Measure, tell, and save the weights where they beat all before."""
        results = _predicted(run)
        figures = measure_located(results)
        score = run.learner.score(figures, results)
        before = run.best.score, run.best.step
        is_best = run.best.take(score, run.step)
        run.evaluated_step = run.step
        found = (figures.mean_iou, figures.ap50, figures.sensitivity_at_one, figures.flagged)
        self._tell(EvaluationDone(run.step, *found, score, run.best.waited, validation_loss(run)))
        if is_best and not self._keeper.save_best(run):
            run.best.score, run.best.step = before  # the file is still that one's
        every = self._config.examples_every
        is_over = run.step == self._config.steps or run.best.is_over
        if every and run.group.is_main and (self._evaluations % every == 0 or is_over):
            self._illustrate(run)
        self._evaluations += 1

    def _illustrate(self, run: Run) -> None:
        learner, average = run.learner, run.average

        def predict(sample: Sample) -> SliceResult:
            return learner.predict(average, [sample])[0]

        def attend(sample: Sample) -> FloatArray:
            assert isinstance(learner, ShowsAttention)
            return learner.attention(average, sample)

        samples = choose(run.data.validation)
        shows = attend if isinstance(learner, ShowsAttention) else None
        try:
            paths = save_examples(self._config.output, run.step, samples, predict, shows)
        except OSError as error:
            self._tell(CheckpointFailed(run.step, f"Example pictures could not be written: {error.strerror}."))
        else:
            self._tell(ExamplesSaved(run.step, paths))


def _predicted(run: Run) -> list[SliceResult]:
    """The averaged weights' boxes on validation slices, shared out among processes."""
    samples = run.data.validation
    if run.group.is_alone:
        return run.learner.predict(run.average, samples)
    shapes_together = sorted(samples, key=lambda sample: sample.hu.shape)
    mine = shapes_together[run.group.rows(len(samples))]
    return run.group.gather(run.learner.predict(run.average, mine) if mine else [])
