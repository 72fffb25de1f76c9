"""The trainings of this user, one folder each, so that one that was cut off is found at the next start."""

import logging
import os
import shutil
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview.places import data_folder
from lungview.processes import is_alive, mark_of
from lungview_training.config import TrainingConfig, load_config
from lungview_training.supervision.record_file import read_record, to_bytes
from lungview_training.supervision.settings_file import write_settings

log = logging.getLogger(__name__)

RECORD_FILE, SETTINGS_FILE, WORDS_FILE, RUN_FOLDER = "record.json", "settings.toml", "worker.log", "run"


class State(StrEnum):
    """Where a training stands, as last written down."""

    GOING = "going"
    STOPPED = "stopped"
    """Ended by the reader before its last step; it can go on."""
    BROKEN = "broken"
    """Failed or was cut off; it can go on from the last checkpoint where there is one."""
    FINISHED = "finished"
    """Over; the reader has not yet said whether to keep the model."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One training. owner, worker: processes and their marks. step: of the last checkpoint, 0 for none.

    title: what the reader called it. base: model that it goes on from. data: folder. message: how it ended, in words.
    """

    id: str
    title: str
    base: str
    data: str
    annotations: str = ""
    created: float = 0.0
    state: State = State.GOING
    owner: int = 0
    owner_mark: str = ""
    worker: int = 0
    worker_mark: str = ""
    step: int = 0
    steps: int = 0
    message: str = ""
    weights: str = ""

    @property
    def is_worker_alive(self) -> bool:
        """Whether its worker still runs."""
        return is_alive(self.worker, self.worker_mark)

    @property
    def is_of_another_window(self) -> bool:
        """Whether a LungView that still runs, other than this, looks after it."""
        return self.owner != os.getpid() and is_alive(self.owner, self.owner_mark)

    @property
    def is_unfinished(self) -> bool:
        """Whether it could go on."""
        return self.state in (State.GOING, State.STOPPED, State.BROKEN)


class RunRegistry:
    """Reads and writes the records; folder: None for the user's own place."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / "trainings"

    def add(self, config: TrainingConfig, *, base: str, title: str) -> RunRecord:
        """Make a folder for a new training, whose output goes there, and write its settings."""
        run_id = self._new_id()
        source = config.sources[0]
        record = RunRecord(
            id=run_id,
            title=title,
            base=base,
            data=str(source.path.resolve()),
            annotations=str(source.annotations.resolve()) if source.annotations else "",
            created=time.time(),
            steps=config.steps,
        )
        write_settings(self.settings_of(record), replace(config, output=self.output_of(record)))
        self.save(self.taken(record))
        return record

    def save(self, record: RunRecord) -> None:
        """Write a record in one move."""
        try:
            write_atomically(self.folder_of(record) / RECORD_FILE, to_bytes(record))
        except OSError as error:
            raise _unwritable(error) from error

    def taken(self, record: RunRecord) -> RunRecord:
        """The record with this process as its owner."""
        return replace(record, owner=os.getpid(), owner_mark=mark_of(os.getpid()))

    def all(self) -> list[RunRecord]:
        """Every training, newest first; a damaged record is made anew, one of a later program passed over."""
        folders = [path.parent for path in self.folder.glob(f"*/{RECORD_FILE}")] if self.folder.is_dir() else []
        found = [read_record(each / RECORD_FILE, each / SETTINGS_FILE, each / RUN_FOLDER) for each in folders]
        return sorted((each for each in found if each is not None), key=lambda each: -each.created)

    def left_over(self) -> list[RunRecord]:
        """Trainings that nobody looks after and that wait for the reader: to go on, or to be kept or not."""
        waiting = [each for each in self.all() if each.is_unfinished or each.state is State.FINISHED]
        return [each for each in waiting if not each.is_of_another_window]

    def config_of(self, record: RunRecord) -> TrainingConfig:
        """The settings it was begun with."""
        return load_config(self.settings_of(record))

    def discard(self, record: RunRecord) -> None:
        """Delete a training with all that it wrote."""
        shutil.rmtree(self.folder_of(record), ignore_errors=True)

    def folder_of(self, record: RunRecord) -> Path:
        """Where all of it lies."""
        return self.folder / record.id

    def output_of(self, record: RunRecord) -> Path:
        """Where the worker writes weights, checkpoints, log and pictures."""
        return self.folder_of(record) / RUN_FOLDER

    def settings_of(self, record: RunRecord) -> Path:
        """The worker's settings file."""
        return self.folder_of(record) / SETTINGS_FILE

    def words_of(self, record: RunRecord) -> Path:
        """What the worker said for people."""
        return self.folder_of(record) / WORDS_FILE

    def _new_id(self) -> str:
        stem = time.strftime("%Y%m%d-%H%M%S")
        for number in range(1, 1000):
            run_id = stem if number == 1 else f"{stem}-{number}"
            try:
                (self.folder / run_id).mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise _unwritable(error) from error
            return run_id
        raise TrainingError("No folder for a new training could be made: discard some of the old ones.")


def _unwritable(error: OSError) -> TrainingError:
    reason = error.strerror or type(error).__name__
    return TrainingError(f"LungView's data folder cannot be written ({reason}): free space, or make it writable.")
