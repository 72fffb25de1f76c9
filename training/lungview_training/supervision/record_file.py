"""A training's record on disk: versioned, and made anew from the training's folder where it was damaged."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.errors import LungViewError
from lungview.files import parse_json, set_aside
from lungview_training.config import load_config
from lungview_training.events import CheckpointSaved, read_events
from lungview_training.run_files import LOG_FILE

if TYPE_CHECKING:
    from lungview_training.supervision.registry import RunRecord

log = logging.getLogger(__name__)

SCHEMA = 1
"""Grows when an older program would misread a record; a record without it is of the first ones, which had the same."""

_MESSAGE = "Its record was damaged and has been made anew."


def to_bytes(record: "RunRecord") -> bytes:
    """A record as it stands in its file."""
    return json.dumps({"schema": SCHEMA, **asdict(record)}, indent=1).encode()


def read_record(path: Path, settings: Path, run: Path) -> "RunRecord | None":
    """The record at path, None where a later program wrote it or nothing can be read.

    A damaged one is put aside, and another made of the settings file and of what the run's folder tells.
    """
    try:
        return _from_bytes(path.read_bytes())
    except OSError as error:
        log.warning("a training's record cannot be read: %s", type(error).__name__)
        return None
    except (ValueError, TypeError) as error:
        log.warning("a training's damaged record was put aside: %s", type(error).__name__)
        set_aside(path)
    try:
        return rebuilt(path.parent.name, settings, run)
    except (LungViewError, OSError) as error:
        log.warning("a training's record could not be made anew: %s", type(error).__name__)
        return None


def rebuilt(run_id: str, settings: Path, run: Path) -> "RunRecord":
    """A record of a training whose own is gone: broken off, so that it can go on. Raises TrainingError, OSError."""
    from lungview_training.supervision.registry import RunRecord, State  # which uses this

    config = load_config(settings)
    source = config.sources[0]
    saved = [event.step for event in read_events(run / LOG_FILE) if isinstance(event, CheckpointSaved)]
    return RunRecord(
        id=run_id,
        title=config.name,
        base="",
        data=str(source.path),
        annotations=str(source.annotations or ""),
        created=settings.stat().st_mtime,
        state=State.BROKEN,
        step=max(saved, default=0),
        steps=config.steps,
        message=_MESSAGE,
    )


def _from_bytes(data: bytes) -> "RunRecord | None":
    table = parse_json(data)
    if not isinstance(table, dict):
        raise ValueError("no record")
    if int(table.get("schema", SCHEMA)) > SCHEMA:
        log.warning("a training of a later version of LungView was passed over")
        return None
    return _record(table)


def _record(table: Mapping[str, object]) -> "RunRecord":
    from lungview_training.supervision.registry import RunRecord, State

    values = {each.name: table[each.name] for each in fields(RunRecord) if each.name in table}
    if "state" in values:
        values["state"] = State(str(values["state"]))
    made = RunRecord(**values)  # type: ignore[arg-type]
    whole = {each.name: type(each.default) for each in fields(RunRecord) if isinstance(each.default, int | float)}
    for name, value in values.items():
        wanted = (int, float) if name in whole else str
        if not isinstance(value, wanted):
            raise TypeError(f"{name} is no such value")
    return made
