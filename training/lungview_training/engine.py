"""The training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import torch
from torch import Tensor, nn

from lungview.detection.build import require_fit
from lungview.detection.device import choose_device
from lungview.detection.weights import read_shapes, read_weights
from lungview.errors import TrainingError
from lungview_training.checkpoint import (
    BEST_FILE,
    LAST_FILE,
    RunState,
    load_state,
    save_state,
    save_weights,
)
from lungview_training.config import Optimizer, Schedule, TrainingConfig
from lungview_training.data import TrainingData, read_data
from lungview_training.evaluate import judge, measure
from lungview_training.events import CheckpointSaved, EvaluationDone, Event, RunEnded, RunStarted, StepDone
from lungview_training.fingerprint import fingerprint
from lungview_training.learners.choose import make_learner
from lungview_training.learners.protocol import BatchSource, Learner


@dataclass(slots=True)
class _Run:
    config: TrainingConfig
    data: TrainingData
    learner: Learner
    source: BatchSource
    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    fingerprint: str
    step: int = 0
    best_score: float = -1.0


def train(
    config: TrainingConfig,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    data: TrainingData | None = None,
) -> Path:
    """Run to the last step or until asked to stop, going on from the run's checkpoint; return the weights' path.

    data: where the samples are in memory already; read from the config's sources otherwise.
    """
    began = time.monotonic()
    if config.threads:
        torch.set_num_threads(config.threads)
    config.output.mkdir(parents=True, exist_ok=True)
    run = _prepare(config, data or read_data(config))
    emit(_started(run))
    stopped = False
    while run.step < config.steps and not stopped:
        emit(_advance(run))
        is_last = run.step == config.steps
        stopped = should_stop()
        if run.step % config.evaluate_every == 0 or is_last:
            _evaluate(run, emit)
        if run.step % config.checkpoint_every == 0 or is_last or stopped:
            _save(run, emit, is_best=False)
    weights = config.output / (BEST_FILE if run.data.validation else LAST_FILE)
    if not weights.is_file():
        weights = config.output / LAST_FILE
    emit(RunEnded(run.step, str(weights), stopped and run.step < config.steps, time.monotonic() - began))
    return weights


def _prepare(config: TrainingConfig, data: TrainingData) -> _Run:
    torch.manual_seed(config.seed)
    device = choose_device(config.device)
    learner = make_learner(config)
    network = _untrained(learner, device)
    if config.start_from is not None:
        require_fit(network, read_shapes(config.start_from), config.start_from)
        network.load_state_dict(read_weights(config.start_from))
    average = _untrained(learner, device)
    average.load_state_dict(network.state_dict())
    average.eval().requires_grad_(False)
    run = _Run(
        config,
        data,
        learner,
        learner.make_source(data),
        network.train(),
        average,
        _optimizer(config, network),
        device,
        fingerprint(config, data),
    )
    state = load_state(config.output, run.fingerprint)
    if state is not None:
        network.load_state_dict(state.network)
        average.load_state_dict(state.average)
        run.optimizer.load_state_dict(state.optimizer)
        run.step, run.best_score = state.step, state.best_score
    return run


def _untrained(learner: Learner, device: torch.device) -> nn.Module:
    network = learner.make_network()
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _optimizer(config: TrainingConfig, network: nn.Module) -> torch.optim.Optimizer:
    if config.optimizer is Optimizer.ADAM:
        return torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    return torch.optim.AdamW(_groups(network, config.weight_decay), lr=config.learning_rate)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay the kernels; leave biases and normalisation alone."""
    kernels = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _started(run: _Run) -> RunStarted:
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
    )


def _advance(run: _Run) -> StepDone:
    """One step: batch, losses, update, average."""
    began = time.monotonic()
    # Dropout, too, must depend on the step alone, or a resumed run would differ.
    torch.manual_seed(run.config.seed * 1_000_003 + run.step)
    rate = _rate(run.config, run.step)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    losses = run.learner.losses(run.network, run.source.batch(run.step).to(run.device))
    total = reduce(add, losses.values())
    if not bool(torch.isfinite(total)):
        raise TrainingError(f"The loss is no number at step {run.step}: lower learning_rate and start again.")
    run.optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    if run.config.clip_norm:
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), run.config.clip_norm)
    run.optimizer.step()
    run.step += 1
    _blend(run)
    return StepDone(
        step=run.step,
        loss=float(total.detach()),
        parts={name: float(value.detach()) for name, value in losses.items()},
        learning_rate=rate,
        seconds=time.monotonic() - began,
    )


def _rate(config: TrainingConfig, step: int) -> float:
    """Rise straight over the warm-up, then fall along a cosine to a hundredth; or stay where it is."""
    if config.schedule is Schedule.CONSTANT:
        return config.learning_rate
    warmup = max(1, round(config.warmup_share * config.steps))
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, config.steps - warmup)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


@torch.no_grad()
def _blend(run: _Run) -> None:
    """Move the average towards the weights; slowly only once there is something to average."""
    decay = min(run.config.ema_decay, (1 + run.step) / (10 + run.step))
    current: dict[str, Tensor] = run.network.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(current[name], 1 - decay)
        else:
            value.copy_(current[name])


def _evaluate(run: _Run, emit: Callable[[Event], None]) -> None:
    if not run.data.validation:
        return
    judged = [judge(result) for result in run.learner.predict(run.average, run.data.validation)]
    figures = measure(judged, score_threshold=0.3)
    emit(EvaluationDone(run.step, figures.mean_iou, figures.ap50, figures.sensitivity_at_one, figures.flagged))
    score = run.learner.score(figures)
    if score >= run.best_score:
        run.best_score = score
        _save(run, emit, is_best=True)


def _save(run: _Run, emit: Callable[[Event], None], *, is_best: bool) -> None:
    """Write the averaged weights, and, but for a mere best, the state to go on from."""
    metadata = {"architecture": run.learner.key, "name": run.config.name, "step": str(run.step)}
    path = run.config.output / (BEST_FILE if is_best else LAST_FILE)
    save_weights(path, run.average.state_dict(), metadata)
    if not is_best:
        save_state(
            run.config.output,
            RunState(
                run.step,
                run.network.state_dict(),
                run.average.state_dict(),
                run.optimizer.state_dict(),
                run.best_score,
                run.fingerprint,
            ),
        )
    emit(CheckpointSaved(run.step, str(path), is_best))
