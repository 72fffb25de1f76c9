"""From settings and data to a run that can take its next step, and back to what is kept of it."""

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lungview.detection.build import require_fit
from lungview.detection.weights import read_shapes, read_weights
from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview_training.checkpoint import RunState, load_state
from lungview_training.config import TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.early_stopping import Best
from lungview_training.events import RunStarted
from lungview_training.fingerprint import data_hash, fingerprint
from lungview_training.learners.choose import make_learner
from lungview_training.learners.protocol import BatchSource, Learner
from lungview_training.parallel.group import Group, device_of
from lungview_training.parallel.network import SharedNetwork
from lungview_training.parallel.norm import share_norms
from lungview_training.run_files import MICRO_BATCH_FILE
from lungview_training.update.ahead import Ahead
from lungview_training.update.freezing import freeze, set_modes
from lungview_training.update.half_precision import HalfPrecision
from lungview_training.update.optimizers import make_optimizer
from lungview_training.update.stepping import Stepper


@dataclass(slots=True)
class Run:
    """A training between two steps. seconds: spent on it before it was last gone on with. saved_step: 0 for never."""

    config: TrainingConfig
    data: TrainingData
    learner: Learner
    source: BatchSource
    network: nn.Module
    average: nn.Module
    stepper: Stepper
    best: Best
    device: torch.device
    group: Group
    fingerprint: str
    step: int = 0
    seconds: float = 0.0
    saved_step: int = 0
    evaluated_step: int = -1


def prepare(config: TrainingConfig, data: TrainingData, group: Group, shrunk: Callable[[int], None]) -> Run:
    """Build what the settings ask for, and go on from the folder's checkpoint where there is one."""
    if config.batch_size < group.size:
        raise TrainingError(f"batch_size must be at least {group.size}, the number of processes that share it.")
    torch.manual_seed(config.seed)
    device = device_of(config.device, group)
    learner = make_learner(config)
    network = learner.make_network().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.start_from is not None:
        require_fit(network, read_shapes(config.start_from), config.start_from)
        network.load_state_dict(read_weights(config.start_from))
    average = copy.deepcopy(network)
    average.eval().requires_grad_(False)
    key = fingerprint(config, data)
    state = group.agree(load_state(config.output, key) if group.is_main else None)
    if state is not None:
        network.load_state_dict(state.network)
        average.load_state_dict(state.average)
    stepper = _stepper(config, learner, network, device, group, shrunk)
    source = learner.make_source(data)
    run = Run(
        config,
        data,
        learner,
        Ahead(source, config.steps) if device.type == "cuda" else source,
        network,
        average,
        stepper,
        Best(config.patience, config.min_delta),
        device,
        group,
        key,
    )
    if state is not None:
        _go_on(run, state)
    set_modes(network, config, stepper.micro_batch or config.batch_size)
    return run


def _stepper(
    config: TrainingConfig,
    learner: Learner,
    network: nn.Module,
    device: torch.device,
    group: Group,
    shrunk: Callable[[int], None],
) -> Stepper:
    freeze(network, config.freeze)
    is_half = config.mixed_precision and device.type == "cuda"
    optimizer = make_optimizer(config, network)
    forward = network
    if not group.is_alone:
        share_norms(network, device)
    if is_half:
        forward = HalfPrecision(forward)
    if not group.is_alone:
        forward = SharedNetwork(forward, group, device)
    scaler = torch.amp.GradScaler(device.type, enabled=is_half)
    micro_batch = group.agree(_micro_batch(config))
    clip_norm = config.clip_norm
    return Stepper(learner, network, forward, optimizer, scaler, clip_norm, device, group, shrunk, micro_batch)


def _go_on(run: Run, state: RunState) -> None:
    """Take up what the checkpoint holds beside the weights."""
    run.stepper.optimizer.load_state_dict(state.optimizer)
    if state.scaler and run.stepper.scaler.is_enabled():
        run.stepper.scaler.load_state_dict(state.scaler)
    if state.micro_batch:
        wanted = run.stepper.micro_batch or state.micro_batch
        run.stepper.micro_batch = min(wanted, state.micro_batch)
    run.best.score, run.best.step = state.best_score, state.best_step
    run.best.reference, run.best.waited = state.reference, state.waited
    run.step, run.seconds, run.saved_step = state.step, state.seconds, state.step


def state_of(run: Run, seconds: float) -> RunState:
    """What is kept of a run; seconds: spent on it since it was last gone on with."""
    return RunState(
        run.step,
        run.network.state_dict(),
        run.average.state_dict(),
        run.stepper.optimizer.state_dict(),
        run.best.score,
        run.fingerprint,
        run.best.step,
        run.best.reference,
        run.best.waited,
        run.stepper.micro_batch,
        run.seconds + seconds,
        run.stepper.scaler.state_dict(),
    )


def remember_smaller(folder: Path, micro_batch: int) -> None:
    """Leave word of how many slices a pass may hold."""
    with contextlib.suppress(OSError):
        write_atomically(folder / MICRO_BATCH_FILE, str(micro_batch).encode())


def _micro_batch(config: TrainingConfig) -> int:
    """The settings' slices a pass, or what a process that ran out of memory left word of."""
    try:
        found = int((config.output / MICRO_BATCH_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return config.micro_batch
    return min(found, config.micro_batch or found)


def started(run: Run) -> RunStarted:
    """What is told at the start."""
    split = run.data.split
    return RunStarted(
        name=run.config.name,
        device=run.device.type,
        parameters=sum(value.numel() for value in run.network.parameters()),
        steps=run.config.steps,
        first_step=run.step,
        train_patients=len(split.train),
        validation_patients=len(split.validation),
        test_patients=len(split.test),
        train_slices=len(run.data.train),
        trainable=sum(value.numel() for value in run.network.parameters() if value.requires_grad),
        batch_size=run.config.batch_size,
        micro_batch=run.stepper.micro_batch,
        processes=run.group.size,
        mixed_precision=run.stepper.scaler.is_enabled(),
        data_hash=data_hash(run.data),
    )
