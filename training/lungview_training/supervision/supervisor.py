"""One training as a child process, looked after by a thread of its own."""

import contextlib
import logging
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from lungview import gpu_claim, processes
from lungview.errors import TrainingError
from lungview_training.control import Command
from lungview_training.events import CheckpointSaved, Event, RunEnded, RunFailed, RunStarted, from_line
from lungview_training.supervision.commands import trainer_command
from lungview_training.supervision.endings import Ending, EndKind, describe
from lungview_training.supervision.registry import RunRecord, RunRegistry, State

log = logging.getLogger(__name__)

SILENCE_S = 45.0
"""Signs of life come every ten seconds."""
START_SILENCE_S = 180.0
"""Until the first one: reading the libraries from a slow disk takes long."""
LEFT = "It was stopped as LungView was closed, and saved what it had learned. It can go on from there."
LEFT_EARLY = "It was stopped as LungView was closed, before it had learned anything. It can be begun again."
_TICK_S = 0.25
_DRAIN_S = 2.0
_STATES = {
    EndKind.DONE: State.FINISHED,
    EndKind.STOPPED: State.STOPPED,
    EndKind.FAILED: State.BROKEN,
    EndKind.DIED: State.BROKEN,
}


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """The process is there; nothing of it has been heard yet."""

    pid: int


@dataclass(frozen=True, slots=True)
class WorkerSilent:
    """Nothing has been heard for so long that it probably hangs."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerHeard:
    """It speaks again after a silence."""


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """The last word, always told, once."""

    ending: Ending


News = Event | WorkerStarted | WorkerSilent | WorkerHeard | WorkerEnded


def worker_command(settings: Path) -> list[str]:
    """How the worker is started."""
    return trainer_command("run", settings)


class Supervisor:
    """Owns a worker from start to end. tell: called with every piece of news, from the supervisor's own thread."""

    def __init__(
        self,
        registry: RunRegistry,
        record: RunRecord,
        tell: Callable[[News], None],
        *,
        command: Callable[[Path], Sequence[str]] = worker_command,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._registry, self._tell, self._command = registry, tell, command
        self.record = registry.taken(record)
        self._silence_s = silence_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._noting = threading.Lock()
        self._told: RunEnded | RunFailed | None = None
        self._step, self._has_begun, self._was_asked = record.step, False, False
        self._heard_s, self._is_silent = time.monotonic(), False
        self._thread = threading.Thread(target=self._look_after, name="training-supervisor", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether the end is still to be told."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin, or go on from the last checkpoint."""
        self._thread.start()

    def pause(self) -> None:
        """Save and wait after the step being done."""
        self._say(Command.PAUSE)

    def go_on(self) -> None:
        """Go on after a pause."""
        self._say(Command.GO_ON)

    def stop(self) -> None:
        """Save and end after the step being done; one that still reads its data has nothing to save, and ends now."""
        if self._has_begun:
            self._say(Command.STOP)
        else:
            self.end_now()

    def keep_best(self) -> None:
        """Evaluate once more, save and be content with the best weights."""
        if self._has_begun:
            self._say(Command.KEEP_BEST)
        else:
            self.end_now()

    def end_now(self) -> None:
        """End the process without waiting for anything; what was saved before is whole."""
        self._was_asked = True
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()

    def leave(self) -> None:
        """Stop it as the window closes, and do not wait: it saves and ends by itself, and can be taken up again."""
        if not self._thread.is_alive():
            return
        self._write_down(state=State.STOPPED, message=LEFT if self._has_begun else LEFT_EARLY)
        self.stop()

    def close(self, patience_s: float) -> None:
        """Stop, and wait for the end; after patience_s it is ended where it stands. No process is left behind."""
        if not self._thread.is_alive():
            return
        self.stop()
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self.end_now()
            self._thread.join(_DRAIN_S + 10)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _look_after(self) -> None:
        try:
            end_worker(self.record)  # one that outlived its window must be gone before another writes into its folder
            self._begin()
        except (OSError, TrainingError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._finish(Ending(EndKind.FAILED, f"The training could not be started: {reason}.", self._step > 0))
            return
        process = self._process
        assert process is not None
        try:
            self._listen(process)
        finally:
            code = self._collect(process)
        gpu_claim.release(process.pid)
        words = self._registry.words_of(self.record)
        self._finish(describe(code, self._told, self._step, words, was_asked=self._was_asked))

    def _begin(self) -> None:
        device = self._registry.config_of(self.record).device  # before a worker lives that nobody would look after
        words = self._registry.words_of(self.record)
        with words.open("ab") as errors:
            process = subprocess.Popen(
                list(self._command(self._registry.settings_of(self.record))),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C in a terminal is for the window, which then stops the worker itself
                creationflags=processes.lowered_flags(),
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            )
        self._process = process
        processes.lower(process.pid)
        if self._was_asked:
            self.end_now()
        self._write_down(state=State.GOING, worker=process.pid, worker_mark=processes.mark_of(process.pid), message="")
        if device != "cpu":
            gpu_claim.claim(process.pid)
        assert process.stdout is not None
        threading.Thread(
            target=_read_lines, args=(process.stdout, self._lines), name="training-reader", daemon=True
        ).start()
        self._heard_s = time.monotonic()
        self._tell(WorkerStarted(process.pid))

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Until the process is gone and all it said is read; a grandchild holding the pipe open is not waited for."""
        gone_s: float | None = None
        while True:
            try:
                line = self._lines.get(timeout=_TICK_S)
            except queue.Empty:
                self._watch_silence()
            else:
                if line is None:
                    return
                self._take(line)
            if gone_s is None and process.poll() is not None:
                gone_s = time.monotonic()
            if gone_s is not None and time.monotonic() - gone_s > _DRAIN_S:
                return

    def _take(self, line: bytes) -> None:
        try:
            event = from_line(line.decode("utf-8", "replace"))
        except TrainingError:
            log.debug("the worker said something that is no event")
            return
        self._heard_s = time.monotonic()
        if self._is_silent:
            self._is_silent = False
            self._tell(WorkerHeard())
        self._note(event)
        self._tell(event)

    def _note(self, event: Event) -> None:
        """Keep what a restart or an end must know."""
        if isinstance(event, RunStarted):
            self._has_begun, self._step = True, event.first_step
            self._write_down(step=event.first_step, steps=event.steps)
            if not event.device.startswith(("cuda", "mps")) and self._process is not None:
                gpu_claim.release(self._process.pid)
        elif isinstance(event, CheckpointSaved) and not event.is_best:
            self._step = event.step
            self._write_down(step=event.step)
        elif isinstance(event, RunEnded | RunFailed):
            self._told = event

    def _watch_silence(self) -> None:
        silent_s = time.monotonic() - self._heard_s
        allowed = self._silence_s if self._has_begun else max(self._silence_s, START_SILENCE_S)
        if silent_s > allowed and not self._is_silent:
            self._is_silent = True
            self._tell(WorkerSilent(silent_s))

    def _collect(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for the process, so that no dead one is left in the system's table."""
        try:
            code = process.wait(_DRAIN_S + 10)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        with self._writing, contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        return code

    def _finish(self, ending: Ending) -> None:
        self._write_down(
            state=_STATES[ending.kind], message=ending.message, weights=ending.weights, worker=0, worker_mark=""
        )
        self._tell(WorkerEnded(ending))

    def _write_down(self, **changes: object) -> None:
        with self._noting:
            self.record = replace(self.record, **changes)  # type: ignore[arg-type]
            try:
                self._registry.save(self.record)
            except TrainingError:
                log.warning("a training's record could not be written")

    def _say(self, command: Command) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        with self._writing, contextlib.suppress(OSError, ValueError):
            process.stdin.write(f"{command.value}\n".encode())
            process.stdin.flush()


def end_worker(record: RunRecord, patience_s: float = 60.0) -> None:
    """End a worker that its window left behind: it is asked to save and end, and made to where it does not."""
    if not record.is_worker_alive:
        return
    processes.end(record.worker, record.worker_mark)
    until = time.monotonic() + patience_s
    while record.is_worker_alive and time.monotonic() < until:
        time.sleep(0.1)
    processes.end(record.worker, record.worker_mark, at_once=True)


def _read_lines(stream: IO[bytes], lines: "queue.SimpleQueue[bytes | None]") -> None:
    with stream, contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)
