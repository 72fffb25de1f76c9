"""Files that a reader brings in: kept where they fit a network, refused in a sentence where they don't."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lungview.detection.build import build_network
from lungview.detection.cards import bundled_cards
from lungview.detection.context import CHANNEL_COUNTS
from lungview.detection.digest import sha256_of
from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.compact import CompactNet
from lungview.detection.registry import available_models, load_detector
from lungview.detection.safetensors_header import read_header
from lungview.detection.store import importing
from lungview.detection.store import store as store_module
from lungview.detection.store.importing import import_model
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import StoredModel
from lungview.errors import DetectionError, ModelStoreError, WeightsError
from tests.support.weights import compact_file, study_network


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder of this test."""
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> ModelStore:
    return ModelStore()


def kept_file(model: StoredModel, home: Path) -> Path:
    return home / "data" / "models" / model.key / "model.safetensors"


def test_bare_weights_of_a_known_network_are_kept_and_answer(store: ModelStore, tmp_path: Path, home: Path) -> None:
    model = import_model(store, compact_file(tmp_path))
    assert (model.name, model.info.architecture, model.lineage.source) == ("own", "compact", "own.safetensors")
    assert model.info.parameters == sum(value.numel() for value in CompactNet().parameters())
    assert read_header(kept_file(model, home)).architecture == "compact"
    assert store.card("own").facts["in_channels"] == 3
    assert load_detector("own", "cpu").info == model.info
    assert [info.name for info in available_models()] == ["compact", "own"]


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict"])
def test_a_state_dict_of_the_study_becomes_safetensors(
    store: ModelStore, tmp_path: Path, home: Path, wrapper: str | None
) -> None:
    state = study_network().state_dict()
    torch.save({wrapper: state} if wrapper else state, tmp_path / "Best model.pth")
    model = import_model(store, tmp_path / "Best model.pth")
    assert (model.name, model.info.architecture, model.info.has_score) == ("Best model", "simple-cancer-cnn", False)
    rebuilt = build_network(kept_file(model, home)).state_dict()
    assert all(torch.equal(rebuilt[name], value) for name, value in state.items())
    assert load_detector("best MODEL", "cpu").info.title == "Best model"
    with pytest.raises(ModelStoreError, match="here already, as 'Best model'"):
        import_model(store, tmp_path / "Best model.pth")


def test_a_file_that_tells_its_network_is_hashed_once_and_its_copy_once(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_model(store, compact_file(tmp_path), "Mine")
    file = store.export("Mine", tmp_path / "out.safetensors")
    store.delete("Mine")
    hashed: list[str] = []

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    for module in (importing, store_module):
        monkeypatch.setattr(module, "sha256_of", counted)
    import_model(store, file)
    assert hashed == ["out.safetensors", "model.safetensors"]


def test_a_pickled_program_is_refused_and_nothing_is_kept(store: ModelStore, tmp_path: Path, home: Path) -> None:
    torch.save(study_network(), tmp_path / "whole.pt")
    with pytest.raises(WeightsError, match="pickled program"):
        import_model(store, tmp_path / "whole.pt")
    assert not (home / "data" / "models").exists()


def test_weights_of_another_network_or_a_cut_file_are_refused(store: ModelStore, tmp_path: Path) -> None:
    save_file({"layer.weight": torch.zeros(3, 3)}, tmp_path / "theirs.safetensors")
    whole = compact_file(tmp_path)
    (tmp_path / "cut.safetensors").write_bytes(whole.read_bytes()[:5000])
    (tmp_path / "alone.json").write_text("{}")
    for name in ("theirs.safetensors", "cut.safetensors", "alone.json"):
        with pytest.raises(WeightsError):
            import_model(store, tmp_path / name)
    assert len(store.shelf().models) == 1


def test_a_card_beside_the_weights_comes_with_them(store: ModelStore, tmp_path: Path) -> None:
    first = import_model(store, compact_file(tmp_path), "Mine")
    written = store.export("Mine", tmp_path / "out")
    facts = json.loads(written.with_suffix(".json").read_text(encoding="utf-8"))
    facts["operating_points"] = [{"name": "balanced", "score_threshold": 0.42, "sensitivity": 0.7}]
    written.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
    store.delete("Mine")
    again = import_model(store, written.with_suffix(".json"))
    assert (again.name, again.info.weights_sha256) == ("Mine", first.info.weights_sha256)
    assert again.info.default_threshold == 0.42


def test_a_card_that_describes_other_weights_is_not_believed(store: ModelStore, tmp_path: Path) -> None:
    file = compact_file(tmp_path)
    file.with_suffix(".json").write_text(json.dumps(dict(bundled_cards()[0].facts)))
    model = import_model(store, file)
    assert model.name == "own"
    assert model.iou is None


def test_the_chosen_default_answers_where_none_is_named(store: ModelStore, tmp_path: Path) -> None:
    import_model(store, compact_file(tmp_path), "mine")
    store.set_default("mine")
    assert load_detector("default", "cpu").info.name == "mine"
    assert available_models()[0].name == "mine"
    store.roll_back()
    assert load_detector("default", "cpu").info.name == "compact"


def test_weights_changed_on_the_disk_are_refused_by_name(store: ModelStore, tmp_path: Path, home: Path) -> None:
    model = import_model(store, compact_file(tmp_path), "mine")
    compact_file(tmp_path, centre_bias=1.0).replace(kept_file(model, home))
    with pytest.raises(WeightsError, match="The weights of 'mine' are not those its card describes"):
        load_detector("mine", "cpu")
    with pytest.raises(DetectionError, match="no model and no file"):
        load_detector("none such", "cpu")


def test_the_header_alone_tells_size_and_channels_of_every_network(tmp_path: Path) -> None:
    for name in network_names():
        for channels in CHANNEL_COUNTS:
            network = make_network(name, channels)
            save_file(network.state_dict(), tmp_path / "w.safetensors")
            header = read_header(tmp_path / "w.safetensors")
            assert header.parameters == sum(value.numel() for value in network.parameters())
            assert header.in_channels == channels
