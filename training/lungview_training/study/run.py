"""Runs the study's experiment, one training after another; finished ones are not done again."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lungview.detection.build import build_network
from lungview.detection.device import choose_device
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview_training.config import SplitKind, TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.engine import train_out
from lungview_training.evaluate import judge, measure
from lungview_training.events import Event
from lungview_training.learners.choose import make_learner
from lungview_training.learners.study import steps_per_epoch
from lungview_training.samples import Sample
from lungview_training.split import Part, Shares, Split, split_images, split_patients
from lungview_training.study.config import StudyConfig
from lungview_training.study.slices import StudySlice, read_slices
from lungview_training.study.table import Ious, Row, to_markdown, to_plain

log = logging.getLogger(__name__)

TABLE_FILE, RESULT_FILE = "table.md", "study.json"


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    split: Split
    train: list[Sample]
    test: list[Sample]

    @property
    def entire(self) -> list[Sample]:
        return self.train + self.test


@dataclass(frozen=True, slots=True)
class _Trained:
    weights: Path
    steps: int
    seconds: float


def run_study(
    config: StudyConfig, emit: Callable[[Event], None] = lambda _: None, should_stop: Callable[[], bool] = lambda: False
) -> str:
    """Do every training and write table.md and study.json into the output folder; returns the table.

    The table is written anew after each subtype. Raises TrainingError where it was stopped before the end; called again
    with the same settings, it goes on from there.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    slices = read_slices(config)
    for subtype, found in slices.items():
        patients = len({each.whole.patient for each in found})
        log.info("subtype %s: %d slices of %d patients", subtype, len(found), patients)
    rows: list[Row] = []
    for network in config.networks:
        for split in config.splits:
            experiment = _Experiment(config, network, split, emit, should_stop)
            for row in experiment.rows(slices):
                rows.append(row)
                _write(config, rows)
    if not rows:
        raise TrainingError("A split by patient needs two patients of a subtype: add some, or split by image.")
    return to_markdown(rows)


class _Experiment:
    """All subtypes with one network and one split."""

    def __init__(
        self,
        config: StudyConfig,
        network: str,
        split: SplitKind,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._config, self._network, self._split = config, network, split
        self._emit, self._should_stop = emit, should_stop

    def rows(self, slices: Mapping[str, Sequence[StudySlice]]) -> "list[Row]":
        """Learn the first subtype that can be split from scratch, and go on from it with each of the others."""
        rows: list[Row] = []
        base: tuple[str, Path] | None = None
        for subtype, found in slices.items():
            parts = self._parts(found)
            if not parts.train or not parts.test:
                log.warning("subtype %s cannot be split by %s: left out", subtype, self._split.value)
                continue
            row, trained = self._row(subtype, parts, base)
            rows.append(row)
            base = base or (subtype, trained.weights)
        return rows

    def _parts(self, found: Sequence[StudySlice]) -> _Parts:
        is_whole = self._network == SimpleCancerCNN.key
        samples = [each.whole if is_whole else each.small for each in found]
        shares = Shares(0.0, self._config.test_share, self._config.seed)
        if self._split is SplitKind.IMAGE:
            split = split_images(samples, (), shares)
        else:
            patients = {sample.patient for sample in samples}
            # One in five of two to four patients would round to none.
            share = max(shares.test, 1 / len(patients)) if len(patients) > 1 else 0.0
            split = split_patients(patients, (), Shares(0.0, share, shares.seed))
        by_part = {
            part: [sample for sample in samples if split.part_of_sample(sample) is part]
            for part in (Part.TRAIN, Part.TEST)
        }
        return _Parts(split, by_part[Part.TRAIN], by_part[Part.TEST])

    def _row(self, subtype: str, parts: _Parts, base: tuple[str, Path] | None) -> tuple[Row, _Trained]:
        before = self._iou(base[1], parts.entire) if base else None
        epochs = self._config.epochs_of(self._network, is_fine_tuned=base is not None)
        trained = self._trained(subtype, parts, epochs, base[1] if base else None)
        ours = Ious(before, self._iou(trained.weights, parts.entire), self._iou(trained.weights, parts.test))
        row = Row(
            network=self._network,
            split=self._split,
            subtype=subtype,
            base=base[0] if base else "",
            patients=len({sample.patient for sample in parts.entire}),
            slices=len(parts.entire),
            test_slices=len(parts.test),
            epochs=epochs,
            steps=trained.steps,
            seconds=trained.seconds,
            ours=ours,
        )
        log.info("%s, split by %s, subtype %s: %s", self._network, self._split.value, subtype, ours)
        return row, trained

    def _trained(self, subtype: str, parts: _Parts, epochs: int, start_from: Path | None) -> _Trained:
        batch = self._settings(subtype, 1, start_from).batch_size
        steps = epochs * steps_per_epoch(len(parts.train), batch)
        config = self._settings(subtype, steps, start_from)
        data = TrainingData(parts.split, parts.train, [], parts.test)
        stopped = "The study was stopped: start it again with the same settings to go on."
        ended = train_out(config, self._emit, self._should_stop, data, stopped)
        return _Trained(Path(ended.weights), steps, ended.seconds)

    def _settings(self, subtype: str, steps: int, start_from: Path | None) -> TrainingConfig:
        return self._config.run(self._network, self._split, subtype, steps, start_from)

    def _iou(self, weights: Path, samples: list[Sample]) -> float:
        learner = make_learner(self._settings("", 1, None))
        results = learner.predict(build_network(weights).to(choose_device(self._config.device)), samples)
        return measure([judge(result) for result in results], score_threshold=0.0).mean_iou


def _write(config: StudyConfig, rows: Sequence[Row]) -> None:
    plain = {"name": config.name, "slices_per_subtype": config.slices, "rows": to_plain(rows)}
    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    try:
        write_atomically(config.output / RESULT_FILE, text.encode("utf-8"))
        write_atomically(config.output / TABLE_FILE, to_markdown(rows).encode("utf-8"))
    except OSError as error:
        raise TrainingError(f"The study's table cannot be written: {error.strerror or error}.") from error
