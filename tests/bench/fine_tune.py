"""Fine-tune on a folder just as the training dialog does, without its window, and print its table of before and after.

    lungview-train phantoms FOLDER --patients 20 --unseen
    python tests/bench/fine_tune.py FOLDER [--model NAME] [--json FILE]

The folder is looked at, the settings that suit its slices are taken, a worker process is supervised to its end, and
base and new model are asked about the same patients, all by the code that the dialog calls. Nothing is kept.
"""

import argparse
import json
import queue
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from lungview.errors import LungViewError
from lungview.task import Task
from lungview.training_services import base_models, check, prove
from lungview_training.config import TrainingConfig
from lungview_training.events import EvaluationDone
from lungview_training.preflight.report import Severity
from lungview_training.supervision.folder_look import look_at_folder
from lungview_training.supervision.plan import BaseModel, Choices, plan
from lungview_training.supervision.proof import Proof
from lungview_training.supervision.registry import RunRegistry
from lungview_training.supervision.sensible import sensible_settings
from lungview_training.supervision.supervisor import News, Supervisor, WorkerEnded


def main() -> int:
    """Train, compare, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="", help="the model to go on from; the default one if not given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the table there too")
    options = parser.parse_args()
    bases = [each for each in base_models() if options.model in ("", each.name)]
    if not bases:
        parser.error(f"there is no model {options.model}")
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as place:
            config = settings_for(options.folder, bases[0])
            tell_settings(config)
            proof = trained(config, bases[0], Path(place))
    except LungViewError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{table(proof)}\n\n{proof.warning or 'The interval shows the new model better.'}")
    print(f"{time.monotonic() - began:.0f} s in all.")
    if options.json:
        rows = [asdict(row) for row in proof.rows]
        options.json.write_text(json.dumps({"held_out": proof.held_out, "rows": rows}, indent=1))
    return 0


def settings_for(folder: Path, base: BaseModel) -> TrainingConfig:
    """What the dialog would begin with, where the reader changes nothing."""
    look = look_at_folder(folder.resolve(), None, Task())
    if look.problems:
        raise LungViewError(" ".join(look.problems))
    print(f"{look.in_words()}.", *look.remarks)
    sensible = sensible_settings(look.slices, look.patients)
    config = plan(look, Choices.from_sensible(sensible, base, "New"), folder / "unused")
    remarks = check(config, Task())
    for remark in remarks:
        print(f"{remark.severity.value}: {remark.message}")
    if any(remark.severity is Severity.STOP for remark in remarks):
        raise LungViewError("This cannot be trained yet.")
    return config


def tell_settings(config: TrainingConfig) -> None:
    """Those that follow from the folder."""
    names = ("steps", "batch_size", "learning_rate", "freeze", "patience", "split", "validation_share", "test_share")
    print(", ".join(f"{name} {getattr(config, name)}" for name in names), flush=True)


def trained(config: TrainingConfig, base: BaseModel, place: Path) -> Proof:
    """Supervise a worker to its end and compare."""
    registry, heard = RunRegistry(place), queue.SimpleQueue[News]()
    record = registry.add(config, base=base.name, title=config.name)
    supervisor = Supervisor(registry, record, heard.put)
    supervisor.start()
    try:
        while not isinstance(news := heard.get(), WorkerEnded):
            if isinstance(news, EvaluationDone):
                print(f"step {news.step}: validation IoU {news.mean_iou:.2f}, waited {news.waited}", flush=True)
    except KeyboardInterrupt:
        supervisor.close(20.0)
        raise
    print(news.ending.message)
    if not news.ending.weights:
        raise LungViewError("There are no weights to compare.")
    return prove(registry.config_of(record), base.name, Path(news.ending.weights), Task())


def table(proof: Proof) -> str:
    """Markdown, as the dialog shows it."""
    rows = [
        f"| {row.name}, {row.part} | {row.before.in_words()} | {row.after.in_words()} "
        f"| {row.difference.in_words(is_difference=True)} |"
        for row in proof.rows
    ]
    return "\n".join([f"| | {proof.before} | {proof.after} | gain |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    sys.exit(main())
