"""Which settings, data and programs a run was made with, as run.json tells it."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from lungview.files import parse_json, write_atomically
from lungview_training.config import SourceConfig, TrainingConfig
from lungview_training.events import RunStarted
from lungview_training.run_files import ABOUT_FILE


def write_about(config: TrainingConfig, started: RunStarted, fingerprint: str) -> Path:
    """Write run.json; each time the run starts or goes on, an entry is added under "starts"."""
    path = config.output / ABOUT_FILE
    settings = config.as_plain()
    settings.pop("output")
    settings["sources"] = [
        {"title": _title(source, number), "kind": source.kind.value, "role": source.role.value}
        for number, source in enumerate(config.sources, start=1)
    ]
    about = {
        "name": config.name,
        "seed": config.seed,
        "fingerprint": fingerprint,
        "data_hash": started.data_hash,
        "patients": {
            "training": started.train_patients,
            "validation": started.validation_patients,
            "test": started.test_patients,
        },
        "settings": settings,
        "starts": [*_starts(path), _start(started)],
    }
    write_atomically(path, (json.dumps(about, indent=2, default=str) + "\n").encode())
    return path


def _title(source: SourceConfig, number: int) -> str:
    """What the reader called a source; never its folder's name, which may be a patient's."""
    return source.title if source.title not in ("", source.path.name) else f"source {number}"


def read_about(path: Path) -> dict[str, object]:
    """What run.json holds; empty where there is none or it cannot be read."""
    try:
        about = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _starts(path: Path) -> list[object]:
    starts = read_about(path).get("starts")
    return starts if isinstance(starts, list) else []


def _start(started: RunStarted) -> dict[str, object]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "first_step": started.first_step,
        "data_hash": started.data_hash,
        "device": _device_name(started.device),
        "processes": started.processes,
        "threads": torch.get_num_threads(),
        "mixed_precision": started.mixed_precision,
        "micro_batch": started.micro_batch,
        "versions": {
            "lungview": version("lungview"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "cuda": torch.version.cuda,
            "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def _device_name(kind: str) -> str:
    return torch.cuda.get_device_name() if kind == "cuda" else kind
