"""From the folder of a finished run to one of the reader's own models; knows no torch."""

from collections.abc import Mapping
from pathlib import Path

from lungview.detection.models_info import TRAINABLE, architecture
from lungview.detection.safetensors_header import read_header
from lungview.detection.store.card_making import Making
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import Lineage, Origin, StoredModel
from lungview.errors import TrainingError
from lungview.files import parse_json
from lungview.task import Task
from lungview_training.run_files import ABOUT_FILE, BEST_FILE, LAST_FILE
from lungview_training.supervision.proof import MEASURE, Proof, Row

PRECISION = "Average precision at IoU 0.5"
_CARD_NAMES = {MEASURE: "best_box_iou", PRECISION: "map50"}


def keep_model(
    run_folder: Path,
    name: str,
    *,
    store: ModelStore | None = None,
    weights: Path | None = None,
    parent: str = "",
    measured: Mapping[str, object] | None = None,
    notes: str = "",
    task: Task | None = None,
) -> StoredModel:
    """Copy a run's weights among the reader's models, with what its folder tells of their making.

    weights: None for the run's best, else its last. parent: the model that the run went on from, by name; "" for none.
    measured: figures as evaluate_run or from_proof tell them, thresholds and calibration as card_of_run does.
    """
    store = store or ModelStore()
    file = weights or _weights_in(run_folder)
    about = _about(run_folder)
    seed, data_hash = about.get("seed"), about.get("data_hash")
    elder = store.shelf().by_name(parent) if parent else None
    lineage = Lineage(
        parent=parent if elder is None else elder.name,
        parent_sha256="" if elder is None else elder.info.weights_sha256,
        data_hash=data_hash if isinstance(data_hash, str) else "",
        seed=seed if isinstance(seed, int) else None,
        settings=_settings(about.get("settings")),
    )
    making = Making(Origin.TRAINED, lineage, notes, measured or {}, _summary(file, lineage.parent))
    return store.add(file, name, making, task)


def _settings(told: object) -> dict[str, object]:
    """Without the folders: their names may be patients'."""
    return {name: value for name, value in told.items() if name != "sources"} if isinstance(told, Mapping) else {}


def from_proof(proof: Proof | None) -> dict[str, object]:
    """The card's metrics and its comparison with the base, of the part that was held out; nothing where none was."""
    rows = [row for row in proof.rows if proof.held_out and row.part == proof.held_out] if proof is not None else []
    known = [(_CARD_NAMES[row.name], row) for row in rows if row.name in _CARD_NAMES and row.after.value is not None]
    if proof is None or not known:
        return {}
    part = "test" if proof.held_out.startswith("test") else "validation"
    table = {"metrics": {name: row.after.value for name, row in known}, "interval_95": _intervals(known)}
    return {"metrics": {part: table}, **_comparison(proof, part)}


def _comparison(proof: Proof, part: str) -> dict[str, object]:
    row = proof.verdict
    if row is None or row.difference.value is None:
        return {}
    table = {
        "base": proof.base or proof.before,
        "base_sha256": proof.base_sha256,
        "part": part,
        "patients": proof.patients,
        "figure": _CARD_NAMES[MEASURE],
        "before": row.before.value,
        "after": row.after.value,
        "difference": row.difference.value,
        "interval_95": None if row.difference.interval is None else list(row.difference.interval),
    }
    return {"comparison": table}


def _intervals(known: list[tuple[str, Row]]) -> dict[str, list[float] | None]:
    return {name: None if row.after.interval is None else list(row.after.interval) for name, row in known}


def _summary(weights: Path, parent: str) -> str:
    kind = architecture(_network_of(weights))
    return f"{kind.title}, trained on from {parent}." if parent else f"{kind.title}, trained here from the start."


def _network_of(weights: Path) -> str:
    network = read_header(weights).architecture
    if network not in TRAINABLE:
        raise TrainingError(f"{weights.name} does not come from a run of LungView: import it instead.")
    return network


def _weights_in(run_folder: Path) -> Path:
    for name in (BEST_FILE, LAST_FILE):
        if (run_folder / name).is_file():
            return run_folder / name
    raise TrainingError("The run has no weights yet: let it train until its first checkpoint, or go on with it.")


def _about(run_folder: Path) -> dict[str, object]:
    try:
        about = parse_json((run_folder / ABOUT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
