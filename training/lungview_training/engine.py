"""The training loop."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from lungview.errors import LungViewError, TrainingError
from lungview_training.checkpoint import clear_remains
from lungview_training.config import TrainingConfig
from lungview_training.control import Ask, Command, command_of
from lungview_training.data import TrainingData, read_data
from lungview_training.device_room import falls_back, is_crowded
from lungview_training.events import (
    DeviceChanged,
    Event,
    MemoryRanOut,
    Phase,
    Reason,
    RunEnded,
    RunFailed,
    RunPaused,
    RunResumed,
    StepDone,
)
from lungview_training.heart import Heart
from lungview_training.judging import Judge
from lungview_training.keeping import Keeper
from lungview_training.parallel.group import Group, joined
from lungview_training.preparing import Run, prepare, remember_smaller, started
from lungview_training.record.recorder import Recorder
from lungview_training.run_files import BEST_FILE, LAST_FILE
from lungview_training.update.average import blend
from lungview_training.update.freezing import set_modes
from lungview_training.update.schedule import learning_rate
from lungview_training.update.stepping import NotANumberError, OutOfMemoryError

_ENDS = (Command.STOP, Command.KEEP_BEST)
_REASONS = {Command.STOP: Reason.STOPPED, Command.KEEP_BEST: Reason.KEPT_BEST}
_PAUSE_S = 0.2


def train(
    config: TrainingConfig,
    emit: Callable[[Event], None],
    should_stop: Ask,
    data: TrainingData | None = None,
) -> Path:
    """Run to the last step or until told to stop, going on from the run's checkpoint; return the weights' path.

    emit: called from this thread and from that of the heartbeat, never from both at once. should_stop: what to do after
    each step. data: where the samples are in memory already; read from the config's sources otherwise.
    """
    return Path(_ended(config, emit, should_stop, data).weights)


def train_out(
    config: TrainingConfig, emit: Callable[[Event], None], should_stop: Ask, data: TrainingData, stopped: str
) -> RunEnded:
    """Train, and tell how it ended; raises TrainingError with the sentence stopped where it was asked to stop."""
    ended = _ended(config, emit, should_stop, data)
    if ended.reason is Reason.STOPPED:
        raise TrainingError(stopped)
    return ended


def _ended(
    config: TrainingConfig, emit: Callable[[Event], None], should_stop: Ask, data: TrainingData | None
) -> RunEnded:
    if config.threads:
        torch.set_num_threads(config.threads)
    with joined(config.device) as group:
        why = is_crowded(config) if group.is_alone else ""
        ended = None if why else _attempt(config, group, emit, should_stop, data)
        if isinstance(ended, RunEnded):
            return ended
        on_cpu = _attempt(replace(config, device="cpu"), group, emit, should_stop, data, ended or why)
        assert isinstance(on_cpu, RunEnded)  # from the CPU there is nothing to fall back to
        return on_cpu


def _attempt(
    config: TrainingConfig,
    group: Group,
    emit: Callable[[Event], None],
    should_stop: Ask,
    data: TrainingData | None,
    why: str = "",
) -> RunEnded | str:
    """How a run ended, or why it should be taken up on the CPU. why: it is on the CPU already, to be told."""
    training = _Training(config, group, emit, should_stop)
    with training.heart if group.is_main else nullcontext():
        if why:
            training.tell(DeviceChanged(config.device, why))
        try:
            return training.go(data)
        except (LungViewError, RuntimeError, MemoryError) as error:
            if group.is_alone and (way_out := falls_back(config, error)):
                return way_out
            if isinstance(error, LungViewError):
                raise training.failed(error) from error.__cause__
            raise


@dataclass(slots=True)
class _Training:
    """One call of train. recorder: of the process that writes, None in the others."""

    config: TrainingConfig
    group: Group
    emit: Callable[[Event], None]
    ask: Ask
    recorder: Recorder | None = None
    heart: Heart = field(init=False)
    run: Run | None = None
    keeper: Keeper = field(init=False)
    judge: Judge = field(init=False)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Open the run's folder."""
        if self.group.is_main:
            self.config.output.mkdir(parents=True, exist_ok=True)
            clear_remains(self.config.output)
            self.recorder = Recorder(self.config, self.emit)
        self.heart = Heart(self.tell)
        self.keeper = Keeper(self.config.output, self.config.name, self.tell, self._began, is_main=self.group.is_main)
        self.judge = Judge(self.config, self.tell, self.keeper)

    def tell(self, event: Event) -> None:
        """Log an event and tell it on, in the process that writes."""
        if self.recorder is not None:
            self.recorder(event)

    def go(self, data: TrainingData | None) -> RunEnded:
        """Read, prepare, learn, and say how it ended."""
        run = self.run = prepare(self.config, self._read(data), self.group, self._shrunk)
        if self.recorder is not None:
            start = started(run)
            self.recorder.about(start, run.fingerprint)
            self.tell(start)
        first_step = run.step
        self.heart.busy_with(Phase.TRAINING)
        reason = self._learn(run)
        return self._end(run, reason, first_step)

    def failed(self, error: LungViewError) -> LungViewError:
        """Tell a failure with its remedy, and what it leaves."""
        step, kept = (self.run.step, self.run.saved_step) if self.run is not None else (0, 0)
        if isinstance(error, OutOfMemoryError) and error.micro_batch:
            remember_smaller(self.config.output, error.micro_batch)
        if isinstance(error, NotANumberError):
            saved = f" The checkpoint of step {kept} is kept." if kept else ""
            error = NotANumberError(
                f"{error} at step {step}: lower learning_rate (now {self.config.learning_rate:g}) and start in another "
                f"output folder, or look for spoilt slices with lungview-train check.{saved}"
            )
        self.tell(RunFailed(step, str(error), kept))
        return error

    def _read(self, data: TrainingData | None) -> TrainingData:
        """The first process reads first: the split and decoded slices that it leaves are there for the others."""
        if data is None and self.group.is_main:
            data = read_data(self.config)
        self.group.agree(None)
        return read_data(self.config) if data is None else data

    def _learn(self, run: Run) -> Reason:
        """Step by step to the end, wherever that is."""
        while run.step < self.config.steps and not run.best.is_over:
            self._advance(run)
            command = self._asked()
            self._keep_up(run, command)
            if command is Command.PAUSE:
                command = self._wait(run)
                if command in _ENDS:
                    self._keep_up(run, command)
            if command in _ENDS and run.step < self.config.steps:
                return _REASONS[command]
        return Reason.FINISHED if run.step >= self.config.steps else Reason.NO_GAIN

    def _advance(self, run: Run) -> None:
        """One step: batch, losses, update, average."""
        began = time.monotonic()
        # Dropout, too, must depend on the step alone, or a resumed run would differ.
        seed = self.config.seed * 1_000_003 + run.step
        torch.manual_seed(seed)
        rate = learning_rate(self.config, run.step)
        losses = run.stepper.step(run.source.batch(run.step), rate, seed)
        run.step += 1
        blend(run.average, run.network, run.step, self.config.ema_decay)
        seconds = time.monotonic() - began
        self.heart.stepped(run.step, self.config.steps, seconds)
        self.tell(StepDone(run.step, sum(losses.values()), rate, seconds, losses))

    def _shrunk(self, micro_batch: int) -> None:
        """Memory ran out; the step is being done again."""
        assert self.run is not None
        set_modes(self.run.network, self.config, micro_batch)
        message = f"Memory ran out: from this step on, a batch goes through in passes of {micro_batch} slices."
        self.tell(MemoryRanOut(self.run.step, micro_batch, message))

    def _asked(self) -> Command:
        """What the first process is told, for all."""
        return self.group.agree(command_of(self.ask()) if self.group.is_main else Command.GO_ON)

    def _wait(self, run: Run) -> Command:
        self.heart.busy_with(Phase.PAUSED)
        self.tell(RunPaused(run.step))
        while (command := self._asked()) is Command.PAUSE:
            time.sleep(_PAUSE_S)
        self.heart.busy_with(Phase.TRAINING)
        if command is Command.GO_ON:
            self.tell(RunResumed(run.step))
        return command

    def _keep_up(self, run: Run, command: Command) -> None:
        """Evaluate and save where the settings, the end or a command ask for it."""
        is_last = run.step == self.config.steps
        is_due = run.step % self.config.evaluate_every == 0 or is_last or command is Command.KEEP_BEST
        if is_due and run.data.validation and run.evaluated_step != run.step:
            self.heart.busy_with(Phase.EVALUATING)
            self.judge.evaluate(run)
            self._draw(run)
        must_save = is_last or command is not Command.GO_ON or run.best.is_over
        if must_save or run.step % self.config.checkpoint_every == 0:
            self.heart.busy_with(Phase.SAVING)
            self.keeper.save(run, must_save=must_save)
        self.heart.busy_with(Phase.TRAINING)

    def _draw(self, run: Run, status: str = "") -> None:
        if self.recorder is not None:
            best = f" Best so far: step {run.best.step}." if run.best.step else ""
            self.recorder.draw(run.step, status or f"Step {run.step} of {self.config.steps}.{best}")

    def _end(self, run: Run, reason: Reason, first_step: int) -> RunEnded:
        weights = self.config.output / (BEST_FILE if run.data.validation else LAST_FILE)
        if not weights.is_file():
            weights = self.config.output / LAST_FILE
        best = f" The best weights are those of step {run.best.step}." if run.best.step else ""
        self._draw(run, f"Over after step {run.step} of {self.config.steps}: {reason.value}.{best}")
        # To look at a run that is over is no work on it.
        seconds = run.seconds + (time.monotonic() - self._began if run.step > first_step else 0.0)
        ended = RunEnded(run.step, str(weights), run.step < self.config.steps, seconds, reason, run.best.step)
        self.tell(ended)
        return ended
