"""Every kind of file that is kept for the reader: how each is written and read back, told by a number in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from lungview.annotations.voc import write_findings
from lungview.detection.store.card_making import Making
from lungview.detection.store.default import Default, read_default, write_default
from lungview.detection.store.store import ModelStore
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.finding import Finding, ReviewState
from lungview.domain.model_shelf import Origin
from lungview.files import append_line, parse_json
from lungview.marks.mark import Mark, Place
from lungview.marks.store import RecordStore
from lungview.reading.results_store import ResultsStore
from lungview.ui.reviews import ReviewStore
from lungview.ui.settings import SettingsStore
from lungview_training.checkpoint import RunState, load_state, save_state, save_weights
from lungview_training.config import SourceConfig, SourceKind, TrainingConfig, load_config
from lungview_training.events import StepDone, read_events
from lungview_training.events import append_line as append_event
from lungview_training.supervision.registry import RunRecord, RunRegistry
from lungview_training.supervision.settings_file import write_settings
from tests.support.models import weights_file
from tests.support.volumes import make_stack

FILL = "x" * 20_000
"""Makes files long enough to be cut in the middle."""


@dataclass(frozen=True, slots=True)
class Writer:
    """write: keeps a number in a folder. read: the number that stands there, None for none; fails on half a file.

    is_silent: a failure is logged alone, since what was to be written can be made again.
    """

    write: Callable[[Path, int], object]
    read: Callable[[Path], int | None]
    is_silent: bool = False


def _write_marks(folder: Path, number: int) -> None:
    store = RecordStore(folder)
    base = store.load("case")
    mark = Mark(f"{number}", Place("1.2.3"), Box(1, 2, 3, 4), "lesion", label=FILL)
    store.save("case", base, replace(base, marks={mark.id: mark}))


def _read_marks(folder: Path) -> int | None:
    return next((int(each) for each in RecordStore(folder).load("case").marks), None)


def _write_reviews(folder: Path, number: int) -> None:
    store, stack = ReviewStore(folder), make_stack()
    store.save(stack, {f"{number}": ReviewState.ACCEPTED, FILL: ReviewState.ACCEPTED}, store.load(stack))


def _read_reviews(folder: Path) -> int | None:
    return max((int(row) for row in ReviewStore(folder).load(make_stack()) if row != FILL), default=None)


def _write_own_settings(folder: Path, number: int) -> None:
    store = SettingsStore(folder / "settings.json")
    store.save(replace(store.load(), model=f"{number}", reader_name=FILL))
    assert not store.trouble


def _read_own_settings(folder: Path) -> int | None:
    store = SettingsStore(folder / "settings.json")
    model = store.load().model
    assert not store.trouble
    return int(model) if model else None


def _write_record(folder: Path, number: int) -> None:
    registry = RunRegistry(folder)
    registry.save(RunRecord("run", FILL, "", "", step=number))


def _read_record(folder: Path) -> int | None:
    return next((each.step for each in RunRegistry(folder).all()), None)


def _config(number: int = 0) -> TrainingConfig:
    source = SourceConfig(SourceKind.IMAGES, Path("/data"))
    return TrainingConfig(name="x", output=Path("/out"), sources=(source,), seed=number)


def _read_toml(folder: Path) -> int | None:
    path = folder / "settings.toml"
    return load_config(path).seed if path.exists() else None


def _write_model(folder: Path, number: int) -> None:
    file = weights_file(folder / "brought" / f"{number}.safetensors", number=number % 256)
    ModelStore(folder / "models").add(file, f"model {number}", Making(Origin.IMPORTED, notes=FILL))


def _read_model(folder: Path) -> int | None:
    own = [each for each in ModelStore(folder / "models").shelf().models if not each.is_bundled]
    assert not [each.trouble for each in own if each.trouble]
    return max((int(each.name.split()[-1]) for each in own), default=None)


def _write_default(folder: Path, number: int) -> None:
    write_default(folder, Default(f"{number}", name=FILL))


def _read_default(folder: Path) -> int | None:
    key = read_default(folder).key
    return int(key) if key else None


def _write_results(folder: Path, number: int) -> None:
    answer = SliceDetections(number, (Detection(Box(1, 2, 3, 4), 0.5),) * 500)
    ResultsStore(folder).save("key", {number: answer})


def _read_results(folder: Path) -> int | None:
    return next(iter(ResultsStore(folder).load("key")), None)


def _read_lines(folder: Path) -> int | None:
    path = folder / "log" / "reads.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return max((int(parse_json(line)["number"]) for line in lines if line.endswith("}")), default=None)


def _append(folder: Path, number: int) -> None:
    append_line(folder / "log" / "reads.jsonl", f'{{"fill": "{FILL}", "number": {number}}}')


def _append_event(folder: Path, number: int) -> None:
    append_event(folder / "run.jsonl", StepDone(number, 0.5, 0.1, 1.0, {FILL: 0.5}))


def _read_events(folder: Path) -> int | None:
    return max((event.step for event in read_events(folder / "run.jsonl") if isinstance(event, StepDone)), default=None)


def _write_checkpoint(folder: Path, number: int) -> None:
    tensors = {"a": torch.zeros(5000)}
    save_state(folder, RunState(number, tensors, tensors, {}, 0.0, "print"))


def _read_checkpoint(folder: Path) -> int | None:
    state = load_state(folder, "print")
    return None if state is None else state.step


def _read_weights(folder: Path) -> int | None:
    path = folder / "best.safetensors"
    return int(load_file(path)["a"][0]) if path.exists() else None


def _write_boxes(folder: Path, number: int) -> None:
    findings = [Finding("1.2.3", Box(1, 2, 3, 4), label=FILL), Finding("1.2.3", Box(0, 0, number + 1, 1))]
    write_findings(folder, "1.2.3", findings, rows=64, columns=64)


def _read_boxes(folder: Path) -> int | None:
    from lungview.annotations.voc import read_annotation
    from lungview.domain.study import FileSource

    path = folder / "1.2.3.xml"
    if not path.exists():
        return None
    return round(read_annotation(FileSource(path), path.read_bytes()).findings[-1].box.xmax) - 1


WRITERS = {
    "marks": Writer(_write_marks, _read_marks),
    "reviews": Writer(_write_reviews, _read_reviews),
    "boxes as XML": Writer(_write_boxes, _read_boxes),
    "settings": Writer(_write_own_settings, _read_own_settings),
    "read log": Writer(_append, _read_lines),
    "results": Writer(_write_results, _read_results, is_silent=True),
    "model": Writer(_write_model, _read_model),
    "default model": Writer(
        lambda folder, number: write_default(folder, Default(f"{number}", name=FILL)), _read_default
    ),
    "training's record": Writer(_write_record, _read_record),
    "training's settings": Writer(
        lambda folder, number: write_settings(folder / "settings.toml", _config(number)), _read_toml
    ),
    "training's events": Writer(_append_event, _read_events),
    "checkpoint": Writer(_write_checkpoint, _read_checkpoint),
    "weights": Writer(
        lambda folder, number: save_weights(folder / "best.safetensors", {"a": torch.full((5000,), float(number))}, {}),
        _read_weights,
    ),
}
