"""Learners: each network is fed as it must be, learns by the same loop, and is loaded by its name afterwards."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from lungview.detection.build import MIL, STUDY, build_network
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.domain.study import PixelFormat
from lungview.errors import TrainingError
from lungview_training.config import Optimizer, Schedule, TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.engine import train
from lungview_training.evaluate import SliceResult, presence_auc
from lungview_training.events import Event, RunEnded, StepDone
from lungview_training.learners.choose import make_learner
from lungview_training.learners.mil import MilBatch, MilSource, label_of
from lungview_training.learners.study import StudySource, inputs_of, targets_of
from lungview_training.run_files import LAST_FILE
from lungview_training.samples import Sample
from tests.training.phantoms import phantom, phantom_config, phantom_data


def _study_config(output: Path, steps: int) -> TrainingConfig:
    return dataclasses.replace(
        phantom_config(output, steps),
        network=STUDY,
        learning_rate=1e-4,
        optimizer=Optimizer.ADAM,
        schedule=Schedule.CONSTANT,
        ema_decay=0.0,
        clip_norm=0.0,
    )


def _never() -> bool:
    return False


def _losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, StepDone)]


def test_the_study_s_input_is_stored_values_over_their_maximum() -> None:
    sample = dataclasses.replace(phantom("P", 1), pixels=PixelFormat(64, 64, intercept=-1000.0, slope=2.0))
    stored = (sample.hu.astype(np.float32) + 1000) / 2
    assert torch.allclose(inputs_of([sample], 64)[0, 0], torch.from_numpy(stored / stored.max()), atol=1e-6)


def test_the_study_s_target_is_the_first_box_cut_to_whole_pixels() -> None:
    boxes = np.array([[10.7, 20.2, 30.9, 41.0], [1, 2, 3, 4]], dtype=np.float32)
    sample = dataclasses.replace(phantom("P", 1), boxes=boxes)
    assert targets_of([sample], 64).tolist() == [[10, 20, 30, 41]]
    assert targets_of([sample], 128).tolist() == [[21, 40, 61, 82]]


def test_every_boxed_slice_is_seen_once_an_epoch() -> None:
    samples = [phantom("P", number) for number in range(7)]
    source = StudySource(samples, 64, 3, seed=1)
    assert source.steps_per_epoch == 3
    seen = torch.cat([source.batch(step).inputs for step in range(3)])
    assert len(seen) == 7
    wanted = inputs_of(samples, 64)
    assert all(any(torch.equal(each, other) for other in seen) for each in wanted)
    assert torch.equal(source.batch(4).inputs, StudySource(samples, 64, 3, seed=1).batch(4).inputs)


def test_the_study_s_network_learns_and_is_loaded_with_the_size_it_learned_at(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    events: list[Event] = []
    path = train(_study_config(tmp_path, 12), events.append, _never, phantom_data())
    losses = _losses(events)
    assert losses[-1] < losses[0]
    network = build_network(path)
    assert isinstance(network, SimpleCancerCNN)
    assert network.input_size == 64


def test_the_study_s_network_needs_boxes(tmp_path: Path) -> None:
    data = phantom_data()
    bare = dataclasses.replace(data, train=[sample for sample in data.train if not sample.has_lesion])
    with pytest.raises(TrainingError, match="boxed slices"):
        make_learner(_study_config(tmp_path, 1)).make_source(bare)


@pytest.mark.parametrize("network", [STUDY, MIL])
def test_a_stopped_run_of_these_networks_goes_on_as_if_it_had_not_been(tmp_path: Path, network: str) -> None:
    torch.set_num_threads(1)
    config = dataclasses.replace(_study_config(tmp_path / "whole", 4), network=network)
    data = phantom_data()
    whole = train(config, lambda _: None, _never, data)
    parts = dataclasses.replace(config, output=tmp_path / "parts")
    events: list[Event] = []
    train(parts, events.append, lambda: len(_losses(events)) == 2, data)
    assert any(isinstance(event, RunEnded) and event.stopped for event in events)
    resumed = train(parts, lambda _: None, _never, data)
    a, b = (build_network(path.with_name(LAST_FILE)).state_dict() for path in (whole, resumed))
    assert all(torch.equal(a[name], b[name]) for name in a)


def _labelled(sample: Sample, *, series: bool = False) -> Sample:
    """Forget the box; keep the label of the slice, or of the series alone."""
    bare = dataclasses.replace(sample, boxes=np.zeros((0, 4), np.float32), labels=np.zeros_like(sample.labels))
    if series:
        return dataclasses.replace(bare, is_negative_known=False, series_label=True)
    return dataclasses.replace(bare, label=sample.has_lesion)


def test_labels_come_from_boxes_or_a_table_or_are_unknown() -> None:
    boxed, free = phantom("P", 1), phantom("P", 2, has_lesion=False)
    assert [label_of(each) for each in (boxed, free, _labelled(boxed), _labelled(free))] == [1, 0, 1, 0]
    assert math.isnan(label_of(_labelled(boxed, series=True)))


def test_a_bag_free_of_lesions_holds_no_slice_with_one(tmp_path: Path) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 1), network=MIL, batch_size=8)
    batch = MilSource(phantom_data().train, config).batch(3)
    assert batch.bags.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert batch.labels[0] == 1
    assert batch.labels[4:].sum() == 0
    assert torch.equal(MilSource(phantom_data().train, config).batch(3).inputs, batch.inputs)


def test_a_series_label_teaches_the_bag_and_not_its_slices(tmp_path: Path) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 1), network=MIL)
    learner = make_learner(config)
    data = phantom_data()
    told = dataclasses.replace(data, train=[_labelled(each, series=True) for each in data.train])
    batch = learner.make_source(told).batch(0)
    assert isinstance(batch, MilBatch)
    assert batch.labels.isnan().all()
    losses = learner.losses(learner.make_network(), batch)
    assert losses["presence"] == 0
    assert losses["series"] > 0


def test_learning_from_labels_alone_tells_slices_apart(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    steps = 120  # after 40 it depends on the machine's rounding whether it has begun to
    config = dataclasses.replace(
        phantom_config(tmp_path, steps),
        network=MIL,
        batch_size=8,
        evaluate_every=steps,
        checkpoint_every=steps,
        ema_decay=0.8,
    )
    data = phantom_data()
    bare = TrainingData(data.split, [_labelled(each) for each in data.train], [], [], [], [])
    path = train(config, lambda _: None, _never, bare)
    results = make_learner(config).predict(build_network(path), data.train)
    assert presence_auc(results) > 0.9


def test_the_share_of_pairs_in_the_right_order_is_counted_with_ties_as_halves() -> None:
    def result(presence: float, label: bool) -> SliceResult:
        none = np.zeros((0, 4), np.float32)
        return SliceResult("P", none, np.zeros(0, np.float32), none, presence, label)

    results = [result(0.9, True), result(0.5, True), result(0.5, False), result(0.1, False)]
    assert presence_auc(results) == pytest.approx(3.5 / 4)
    assert presence_auc(results[:2]) == 0.5
    assert [each.is_located for each in results] == [False, False, True, True]
