"""The loss on validation slices: measured beside the steps' own, told, drawn, and no part of what is learned."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lungview.detection.build import MIL, STUDY
from lungview.detection.networks.catalogue import network_names
from lungview_training.config import TrainingConfig
from lungview_training.engine import train
from lungview_training.events import EvaluationDone, Event, StepDone, from_line, to_line
from lungview_training.held_slices import held_slices, holds_lesion
from lungview_training.learners.choose import make_learner
from lungview_training.learners.mil import MilBatch
from lungview_training.record.curves import plots
from lungview_training.record.history import History
from lungview_training.record.page import build_page
from lungview_training.sampling import held_batch
from lungview_training.supervision.progress import Progress
from tests.training.phantoms import phantom, phantom_config, phantom_data


def _never() -> bool:
    return False


def _trained(config: TrainingConfig) -> list[EvaluationDone]:
    torch.set_num_threads(1)
    events: list[Event] = []
    train(config, events.append, _never, phantom_data(validation=2))
    return [event for event in events if isinstance(event, EvaluationDone)]


@pytest.mark.parametrize("network", [*network_names()[:1], MIL, STUDY])
def test_every_kind_of_network_tells_a_finite_validation_loss(tmp_path: Path, network: str) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 4), network=network, learning_rate=1e-4)
    [found] = _trained(config)
    assert found.loss is not None
    assert np.isfinite(found.loss)
    assert found.loss > 0


def test_it_falls_while_the_network_learns_and_lands_in_table_and_page(tmp_path: Path) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 24), ema_decay=0.5, sheet_share=0.0)
    losses = [each.loss for each in _trained(config)]
    assert len(losses) == 6
    assert losses[-1] is not None
    assert losses[0] is not None
    assert losses[-1] < losses[0]
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert f"<td>{losses[-1]:.3f}</td>" in page
    assert ">validation</text>" in page
    head, *rows = (tmp_path / "curves.csv").read_text(encoding="utf-8").splitlines()
    column = head.split(",").index("validation_loss")
    assert [row.split(",")[column] for row in rows if row.split(",")[column]] == [f"{loss:.6g}" for loss in losses]


def test_held_slices_come_out_as_they_are_and_the_same_every_time(tmp_path: Path) -> None:
    config, samples = phantom_config(tmp_path, 1), phantom_data(validation=2).validation
    learner = make_learner(config)
    once, again = (list(learner.held_batches(samples)) for _ in range(2))
    assert sum(map(len, once)) == len(held_slices(samples, config.negative_share))
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(once, again, strict=True))  # type: ignore[attr-defined]
    sample = next(each for each in samples if each.has_lesion)
    batch = held_batch([sample], config)
    assert np.array_equal(batch.boxes[0], sample.boxes)


def test_bags_of_held_slices_hold_one_series_each(tmp_path: Path) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 1), network=MIL)
    for batch in make_learner(config).held_batches(phantom_data(validation=2).validation):
        assert isinstance(batch, MilBatch)
        assert batch.inputs.shape[1:] == (3, 64, 64)
        assert not batch.labels.isnan().any()


def test_held_slices_are_mixed_shared_out_among_patients_and_few() -> None:
    samples = [phantom(f"P{number % 10}", number, has_lesion=number % 4 == 0) for number in range(400)]
    chosen = held_slices(samples, 0.25, most=40)
    free = [sample for sample in chosen if not sample.has_lesion]
    assert (len(chosen), len(free)) == (40, 10)
    assert len({sample.patient for sample in free}) == 10
    assert all(any(sample.has_lesion for sample in chosen[start : start + 4]) for start in range(0, 40, 4))
    assert held_slices(samples, 0.25, most=40) == chosen
    assert held_slices([], 0.25) == []


def test_slices_nobody_vouches_for_are_left_out() -> None:
    unknown = dataclasses.replace(phantom("P", 1, has_lesion=False), is_negative_known=False)
    assert holds_lesion(unknown) is None
    assert held_slices([unknown], 0.3) == []
    told = dataclasses.replace(unknown, label=False)
    assert held_slices([told], 0.3) == [told]


def test_logs_of_before_it_was_measured_are_read_and_drawn_without_it() -> None:
    old = (
        '{"event": "EvaluationDone", "step": 4, "mean_iou": 0.5, "ap50": 0.4, "sensitivity_at_one": 0.3, "flagged": 0}'
    )
    event = from_line(old)
    assert isinstance(event, EvaluationDone)
    assert event.loss is None
    history, progress = History(), Progress()
    for each in (StepDone(1, 2.0, 0.1, 1.0), event):
        history.add(each)
        progress.take(each)
    assert history.validation_loss == []
    assert progress.validation_loss.steps == []
    assert "validation" not in plots(history)[0]
    assert "<td>4</td><td></td><td>0.500</td>" in build_page("a", "", {}, history, [], [])


def test_a_loss_beside_that_of_the_steps_is_drawn_with_its_name() -> None:
    history, progress = History(), Progress()
    new = from_line(to_line(EvaluationDone(4, 0.5, 0.4, 0.3, 0.0, loss=1.25)))
    for each in (StepDone(4, 2.0, 0.1, 1.0), new):
        history.add(each)
        progress.take(each)
    assert json.loads(to_line(new))["loss"] == 1.25
    assert progress.validation_loss.values == [1.25]
    assert ">training</text>" in plots(history)[0]
    assert ">validation</text>" in plots(history)[0]
