"""What is said of a training; no Qt."""

from lungview_training.events import Phase
from lungview_training.preflight.report import DryBatch
from lungview_training.supervision.endings import EndKind
from lungview_training.supervision.progress import Progress
from lungview_training.supervision.registry import RunRecord, State

_PHASES = {
    Phase.READING: "Reading the slices",
    Phase.TRAINING: "Learning",
    Phase.EVALUATING: "Looking at validation slices",
    Phase.SAVING: "Saving",
    Phase.PAUSED: "Paused",
}


def chip_words(progress: Progress, record: RunRecord | None, *, is_going: bool) -> str:
    """A few words for the status bar, "" where there is nothing to say."""
    if is_going:
        if progress.silent_s is not None:
            return "Training does not answer"
        if progress.is_paused:
            return f"Training paused at {100 * progress.share:.0f} %"
        if not progress.started:
            return "Training begins"
        left = f" · {duration(progress.left_s)} left" if progress.left_s is not None else ""
        return f"Training {100 * progress.share:.0f} %{left}"
    if record is None or record.state is State.KEPT:
        return ""
    if record.state is State.FINISHED:
        return "Training finished: look at it"
    return "Training interrupted: go on?" if record.state is not State.STOPPED else "Training stopped: go on?"


def status_words(progress: Progress, *, is_going: bool) -> str:
    """The live page's headline."""
    if not is_going:
        return progress.ending.message if progress.ending is not None else "No training goes on."
    if progress.silent_s is not None:
        return (
            f"The training has not answered for {progress.silent_s:.0f} seconds. It may come back by itself; if not, "
            "end it and go on from the last checkpoint."
        )
    if progress.started is None or progress.phase is None:
        return "Starting, and reading the slices…" if progress.pid else "Starting…"
    return f"{_PHASES[progress.phase]}: step {progress.step} of {progress.steps}"


def facts_words(progress: Progress, memory_bytes: int | None) -> str:
    """Time left, device, memory and checkpoint, in a row."""
    said = []
    if progress.left_s is not None and not progress.is_paused:
        said.append(f"About {duration(progress.left_s)} left")
    if progress.started is not None:
        begun = progress.started
        said.append("CPU" if begun.device == "cpu" else begun.device.upper())
        is_by_image = begun.train_patients == begun.train_slices  # then each slice counts as one
        people = "" if is_by_image else f" of {begun.train_patients} patients"
        said.append(f"{begun.train_slices} slices{people} to learn from")
    if memory_bytes is not None:
        said.append(f"{memory_bytes / 2**30:.1f} GB of memory")
    if progress.saved_step:
        said.append(f"saved at step {progress.saved_step}")
    return " · ".join(said)


def trial_words(found: DryBatch, steps: int) -> tuple[str, ...]:
    """What a trial step tells of the training to come."""
    where = {"cpu": "the CPU", "mps": "the graphics card"}.get(found.device, "the graphics card")
    whole = duration(found.seconds * steps)
    memory = [f"{found.memory_bytes / 2**30:.1f} GB of memory"] if found.memory_bytes else []
    memory += [f"{found.device_bytes / 2**30:.1f} GB of the graphics card's"] if found.device_bytes else []
    passes = f"A batch does not fit into memory at once: it goes in passes of {found.micro_batch} slices."
    said = (
        f"A trial step took {found.seconds:.2g} s on {where}: about {whole} for all {steps} steps, without looks at "
        "validation slices.",
        f"It took {' and '.join(memory)}." if memory else "",
        passes if found.micro_batch else "",
        found.remark,
    )
    return tuple(each for each in said if each)


def is_trouble(progress: Progress) -> bool:
    """Whether the headline tells of something that went wrong."""
    ending = progress.ending
    return progress.silent_s is not None or (ending is not None and ending.kind in (EndKind.DIED, EndKind.FAILED))


def duration(seconds: float) -> str:
    """In the unit that fits."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
