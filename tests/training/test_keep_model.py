"""A finished run becomes one of the reader's models."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import Origin
from lungview.errors import ModelStoreError, TrainingError
from lungview_training.keep_model import PRECISION, from_proof, keep_model
from lungview_training.supervision.proof import MEASURE, Proof, Row, Value
from tests.support.models import weights_file


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder as training leaves it."""
    folder = tmp_path / "run"
    weights_file(folder / "best.safetensors", number=1)
    weights_file(folder / "last.safetensors", number=2)
    settings = {"steps": 60, "learning_rate": 0.0003, "sources": [{"title": "DOE^JANE"}]}
    about = {"seed": 7, "data_hash": "ab" * 32, "settings": settings}
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def proof(held_out: str = "test part") -> Proof:
    iou = Row("test part", MEASURE, Value(0.2), Value(0.7, (0.6, 0.8)), Value(0.5, (0.4, 0.6)))
    precision = Row("test part", PRECISION, Value(0.1), Value(0.5), Value(0.4))
    return Proof("base", "new", held_out, (iou, precision), None, (), base="base", patients=6)


def test_a_kept_run_has_its_lineage_and_its_figures(run: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    model = keep_model(run, "Large cell", store=store, parent="compact", measured=from_proof(proof()), notes="Fold 1")
    bundled = store.shelf().by_name("compact")
    assert bundled is not None
    assert (model.name, model.origin, model.notes) == ("Large cell", Origin.TRAINED, "Fold 1")
    assert (model.lineage.parent, model.lineage.parent_sha256) == ("compact", bundled.info.weights_sha256)
    assert (model.lineage.seed, model.lineage.data_hash) == (7, "ab" * 32)
    assert model.lineage.settings["steps"] == 60
    assert model.iou is not None
    assert model.precision is not None
    assert (model.iou.value, model.iou.low, model.iou.high, model.iou.is_test) == (0.7, 0.6, 0.8, True)
    assert (model.precision.value, model.precision.low) == (0.5, None)
    assert store.shelf().parent_of(model) == bundled
    assert model.gain is not None
    assert (model.gain.base, model.gain.value, model.gain.low, model.gain.patients) == ("base", 0.5, 0.4, 6)
    assert "sources" not in model.lineage.settings, "names of folders may be patients'"


def test_the_best_weights_are_kept_and_a_name_only_once(run: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    model = keep_model(run, "one", store=store)
    kept = tmp_path / "models" / model.key / "model.safetensors"
    assert kept.read_bytes() == (run / "best.safetensors").read_bytes()
    with pytest.raises(ModelStoreError, match="already a model called"):
        keep_model(run, "ONE", store=store)


def test_a_run_without_weights_or_a_word_of_itself_is_told_or_kept_bare(run: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    (run / "run.json").write_text("{")
    assert keep_model(run, "bare", store=store).lineage.seed is None
    for name in ("best.safetensors", "last.safetensors"):
        (run / name).unlink()
    with pytest.raises(TrainingError, match="no weights yet"):
        keep_model(run, "none", store=store)


def test_a_proof_on_no_held_out_patient_tells_nothing() -> None:
    assert from_proof(proof("")) == {}
    assert from_proof(None) == {}


def test_keeping_needs_no_torch() -> None:
    code = "import sys; import lungview_training.keep_model; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
