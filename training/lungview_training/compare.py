"""Networks side by side: same patients, same split, same number of steps; size, time and finds in one table."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from lungview.detection.build import STUDY, build_network
from lungview.detection.device import choose_device
from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview_training.config import Optimizer, Schedule, TrainingConfig
from lungview_training.data import TrainingData, read_data
from lungview_training.engine import train_out
from lungview_training.evaluate import measure_located, presence_auc
from lungview_training.events import Event
from lungview_training.learners.choose import make_learner
from lungview_training.learners.protocol import Learner
from lungview_training.samples import Sample

TABLE_FILE, RESULT_FILE = "compare.md", "compare.json"
_TIMED = 12


@dataclass(frozen=True, slots=True)
class Compared:
    """One network on the test part; figures as in evaluate.Metrics. milliseconds: a slice, from HU to boxes, alone.

    best_iou: mean IoU of the best-scored box. presence_auc: None for networks that say nothing of the whole slice.
    """

    network: str
    parameters: int
    megabytes: float
    milliseconds: float
    training_minutes: float
    best_iou: float
    ap50: float
    sensitivity_at_eighth: float
    sensitivity_at_half: float
    sensitivity_at_one: float
    flagged: float
    presence_auc: float | None


def compare(
    config: TrainingConfig,
    networks: Sequence[str],
    *,
    study_size: int = 512,
    emit: Callable[[Event], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    data: TrainingData | None = None,
) -> str:
    """Train each network in a folder of its own under the run's, and measure it; returns the table.

    The settings are the run's; the study's network keeps its own optimiser, and sees slices of study_size pixels. Best
    weights are chosen on validation patients. compare.md and compare.json are written anew after each network.
    """
    data = data or read_data(config)
    if not data.test:
        raise TrainingError("There are no test slices to compare networks on: raise test_share.")
    rows = []
    for network in networks:
        own = settings_for(config, network, study_size)
        rows.append(_compared(own, data, emit, should_stop))
        _write(config, rows, data)
    return to_markdown(rows, data)


def settings_for(config: TrainingConfig, network: str, study_size: int = 512) -> TrainingConfig:
    """The run's settings for another network."""
    own = replace(config, network=network, name=f"{config.name}-{network}", output=config.output / network)
    if network == STUDY:
        own = replace(
            own,
            image_size=study_size,
            learning_rate=1e-4,
            optimizer=Optimizer.ADAM,
            schedule=Schedule.CONSTANT,
            ema_decay=0.0,
            clip_norm=0.0,
            checkpoint_every=max(config.checkpoint_every, config.steps // 5),
        )
    # Only the default network's weights can be gone on from, and they would give it a start.
    return replace(own, start_from=None, in_channels=3) if network in _ALONE else replace(own, start_from=None)


_ALONE = frozenset({STUDY, "mil-attention"})
"""Networks that look at one slice without its neighbours."""


def to_markdown(rows: Sequence[Compared], data: TrainingData) -> str:
    """The table, and what it was measured on."""
    patients = len({sample.patient for sample in data.test})
    lines = [
        "| network | weights | MB | ms a slice | IoU of best box | AP50 | found at 1/8, 1/2, 1 false mark a slice | "
        "lesion-free slices marked |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        found = ", ".join(
            f"{value:.2f}" for value in (row.sensitivity_at_eighth, row.sensitivity_at_half, row.sensitivity_at_one)
        )
        lines.append(
            f"| `{row.network}` | {row.parameters:,} | {row.megabytes:.1f} | {row.milliseconds:.1f} | "
            f"{row.best_iou:.2f} | {row.ap50:.2f} | {found} | {row.flagged:.2f} |"
        )
    lines += ["", f"{len(data.test)} test slices of {patients} patients; split by {data.split.kind.value}."]
    return "\n".join(lines) + "\n"


def _compared(
    config: TrainingConfig, data: TrainingData, emit: Callable[[Event], None], should_stop: Callable[[], bool]
) -> Compared:
    stopped = "The comparison was stopped: start it again with the same settings to go on."
    ended = train_out(config, emit, should_stop, data, stopped)
    weights = Path(ended.weights)
    learner = make_learner(config)
    network = build_network(weights).to(choose_device(config.device))
    results = learner.predict(network, data.test)
    figures = measure_located(results)
    says_presence = any(result.presence is not None for result in results)
    return Compared(
        network=config.network,
        parameters=sum(value.numel() for value in network.parameters()),
        megabytes=weights.stat().st_size / 1e6,
        milliseconds=_milliseconds(learner, network, data.test),
        training_minutes=ended.seconds / 60,
        best_iou=figures.mean_iou,
        ap50=figures.ap50,
        sensitivity_at_eighth=figures.sensitivity_at_eighth,
        sensitivity_at_half=figures.sensitivity_at_half,
        sensitivity_at_one=figures.sensitivity_at_one,
        flagged=figures.flagged,
        presence_auc=presence_auc(results) if says_presence else None,
    )


def _milliseconds(learner: Learner, network: nn.Module, samples: Sequence[Sample]) -> float:
    """Median over slices asked one by one."""
    took = []
    for sample in [samples[place % len(samples)] for place in range(_TIMED)]:
        began = time.perf_counter()
        learner.predict(network, [sample])
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took[2:])


def _write(config: TrainingConfig, rows: Sequence[Compared], data: TrainingData) -> None:
    plain: Mapping[str, object] = {
        "name": config.name,
        "steps": config.steps,
        "split": data.split.kind.value,
        "test_slices": len(data.test),
        "rows": [asdict(row) for row in rows],
    }
    _write_file(config.output / RESULT_FILE, json.dumps(plain, indent=1) + "\n")
    _write_file(config.output / TABLE_FILE, to_markdown(rows, data))


def _write_file(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode("utf-8"))
    except OSError as error:
        raise TrainingError(f"{path.name} cannot be written: {error.strerror or error}.") from error
