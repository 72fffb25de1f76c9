"""The shelf of models: what is kept, and what is never lost."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lungview.detection.store.card_making import Making
from lungview.detection.store.entries import gain_of
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import Origin
from lungview.errors import ModelStoreError, WeightsError
from lungview.task import Cancelled, Task
from tests.support.models import keep, weights_file

BUNDLED = "compact"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def test_a_new_shelf_holds_the_bundled_models_and_writes_nothing(store: ModelStore, tmp_path: Path) -> None:
    shelf = store.shelf()
    assert [model.name for model in shelf.models] == [BUNDLED]
    assert shelf.default == BUNDLED
    assert (shelf.previous, shelf.notices, shelf.trash) == ("", (), ())
    assert not (tmp_path / "models").exists()


def test_the_shelf_is_read_and_changed_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.support.models import keep; "
        "from lungview.detection.store.store import ModelStore; "
        f"store = ModelStore(Path({str(tmp_path)!r})); keep(store, Path({str(tmp_path / 'w')!r}), 'mine'); "
        "store.rename('mine', 'yours'); print('torch' in sys.modules, len(store.shelf().models))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "2"]


def test_a_kept_model_tells_where_it_comes_from_and_how_well_it_does(store: ModelStore, tmp_path: Path) -> None:
    parent = keep(store, tmp_path, "parent", number=1)
    keep(store, tmp_path, "child", number=2, parent=parent)
    store.rename("parent", "elder")
    shelf = store.shelf()
    child = shelf.by_name("child")
    assert child is not None
    assert (child.lineage.parent, child.lineage.data_hash, child.lineage.seed) == ("parent", "d" * 64, 1)
    assert child.lineage.settings["learning_rate"] == 0.0005
    elder = shelf.parent_of(child)
    assert elder is not None
    assert elder.name == "elder", "the weights tell the parent, whatever it is called now"
    assert child.iou is not None
    assert (child.iou.value, child.iou.low, child.iou.high) == (0.61, 0.5, 0.7)
    assert "0.61 | 0.50 to 0.70" in store.text("child")
    assert "Trained on from: parent" in store.text("child")


def test_capitals_make_no_other_name_and_a_name_stands_once(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "Mine", number=1)
    for taken in ("mine", "MINE", BUNDLED.upper()):
        with pytest.raises(ModelStoreError, match="already a model called"):
            keep(store, tmp_path, taken, number=2)
    model = store.shelf().by_name("mINE")
    assert model is not None
    assert model.name == "Mine"
    file = weights_file(tmp_path / "b.safetensors", number=3)
    second = store.add(file, "Mine", Making(Origin.IMPORTED), is_name_free=True)
    assert second.name == "Mine 2"


@pytest.mark.parametrize("name", ["", " ", "../up", "a/b", "C:\\x", "nul", "Default", "-x", "a" * 61, "x\n" + "y\0"])
def test_names_that_are_paths_or_mean_something_else_are_refused(store: ModelStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelStoreError):
        keep(store, tmp_path, name)
    assert len(store.shelf().models) == 1


def test_a_bundled_model_cannot_be_renamed_or_deleted(store: ModelStore) -> None:
    for change in (lambda: store.rename(BUNDLED, "x"), lambda: store.delete(BUNDLED)):
        with pytest.raises(ModelStoreError, match="came with LungView"):
            change()


def test_a_deleted_model_can_be_brought_back_as_it_was(store: ModelStore, tmp_path: Path) -> None:
    kept = keep(store, tmp_path, "mine")
    deleted = store.delete("mine")
    assert store.shelf().by_name("mine") is None
    assert store.shelf().trash == ("mine",)
    assert store.restore(deleted.token) == kept
    store.delete("mine")
    assert store.restore("MINE") == kept
    assert store.shelf().trash == ()
    with pytest.raises(ModelStoreError, match="no deleted model"):
        store.restore("mine")


def test_a_model_that_comes_back_to_a_taken_name_gets_a_number(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "mine", number=1)
    token = store.delete("mine").token
    keep(store, tmp_path, "mine", number=2)
    assert store.restore(token).name == "mine 2"
    assert len(store.shelf().models) == 3


def test_a_deleted_default_makes_way_for_the_bundled_one_and_comes_back_as_default(
    store: ModelStore, tmp_path: Path
) -> None:
    keep(store, tmp_path, "mine")
    store.set_default("mine")
    assert store.shelf().models[0].name == "mine"
    deleted = store.delete("mine")
    assert deleted.was_default
    assert (store.shelf().default, store.shelf().notices) == (BUNDLED, ())
    restored = store.restore(deleted.token)
    assert store.shelf().default == restored.key
    assert store.shelf().previous == BUNDLED


def test_a_default_that_vanished_is_told_and_the_bundled_one_answers(store: ModelStore, tmp_path: Path) -> None:
    model = keep(store, tmp_path, "mine")
    store.set_default("mine")
    shutil.rmtree(tmp_path / "models" / model.key)
    shelf = store.shelf()
    assert shelf.default == BUNDLED
    assert "'mine' is gone" in shelf.notices[0]
    store.set_default(BUNDLED)
    assert store.shelf().notices == ()


def test_rolling_back_walks_through_the_defaults_that_are_still_here(store: ModelStore, tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two", "three")):
        keep(store, tmp_path, name, number=number)
        store.set_default(name)
    store.delete("two")
    assert store.shelf().previous == "one"
    assert store.roll_back().name == "one"
    assert store.shelf().models[0].name == "one"
    assert store.roll_back().name == BUNDLED
    assert store.shelf().previous == ""
    with pytest.raises(ModelStoreError, match="no other default"):
        store.roll_back()


def test_an_export_comes_in_again_with_its_card(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "Mine, 2")
    written = store.export("mine, 2", tmp_path / "out")
    assert written.name == "mine-2.safetensors"
    facts = json.loads(written.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["schema"] == 1
    assert written.with_suffix(".md").read_text(encoding="utf-8").startswith("# Mine, 2")
    with pytest.raises(ModelStoreError, match="is there already"):
        store.export("mine, 2", tmp_path / "out")
    assert store.export(BUNDLED, tmp_path / "b.safetensors").is_file()


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"name": 3}', b"null", b"\xff\xfe"])
def test_a_spoilt_card_hides_no_other_model_and_can_be_deleted(
    store: ModelStore, tmp_path: Path, spoilt: bytes
) -> None:
    model, _ = keep(store, tmp_path, "mine", number=1), keep(store, tmp_path, "other", number=2)
    (tmp_path / "models" / model.key / "model.json").write_bytes(spoilt)
    shelf = store.shelf()
    (found,) = [each for each in shelf.models if each.trouble]
    assert "cannot be read" in found.trouble
    assert shelf.by_name("other") is not None
    with pytest.raises(ModelStoreError, match="import its weights file again"):
        store.set_default(found.name)
    with pytest.raises(ModelStoreError, match="import its weights file again"):
        store.rename(found.name, "x")
    store.delete(found.name)
    assert len(store.shelf().models) == 2


@pytest.mark.parametrize("interval", [["x", None], [0.5], None, "wide"])
def test_a_spoilt_interval_is_left_out_of_the_card_in_words(
    store: ModelStore, tmp_path: Path, interval: object
) -> None:
    table = {"metrics": {"best_box_iou": 0.61}, "interval_95": {"best_box_iou": interval}}
    making = Making(Origin.IMPORTED, measured={"metrics": {"test": table}})
    model = store.add(weights_file(tmp_path / "w.safetensors"), "mine", making)
    assert model.iou is not None
    assert (model.iou.value, model.iou.low, model.iou.high) == (0.61, None, None)
    assert "| 0.61 | – |" in store.text("mine")


def test_a_file_that_is_not_the_one_named_by_its_hash_is_refused(store: ModelStore, tmp_path: Path) -> None:
    file = weights_file(tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="changed while it was copied"):
        store.add(file, "mine", Making(Origin.IMPORTED), sha256="0" * 64)
    assert len(store.shelf().models) == 1


def test_a_model_of_a_newer_program_is_left_alone(store: ModelStore, tmp_path: Path) -> None:
    model = keep(store, tmp_path, "mine")
    card = tmp_path / "models" / model.key / "model.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "schema": 99}))
    (found,) = [each for each in store.shelf().models if each.trouble]
    assert "newer LungView" in found.trouble


def test_a_spoilt_choice_of_default_is_taken_as_none(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "mine")
    store.set_default("mine")
    (tmp_path / "models" / "default.json").write_text('{"schema": "x"}')
    assert store.shelf().default == BUNDLED


def test_two_folders_copied_by_hand_can_both_be_named(store: ModelStore, tmp_path: Path) -> None:
    model = keep(store, tmp_path, "mine")
    shutil.copytree(tmp_path / "models" / model.key, tmp_path / "models" / "copied")
    assert sorted(each.name for each in store.shelf().models) == [BUNDLED, "mine", "mine 2"]
    assert store.card("mine 2").info.name == "mine 2"


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be written to")])
def test_a_full_or_forbidden_disk_is_told_and_leaves_the_shelf_as_it_was(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    keep(store, tmp_path, "mine", number=1)

    def refuse(*_args: object, **_named: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        with pytest.raises(ModelStoreError, match=words):
            keep(store, tmp_path, "second", number=2)
        with pytest.raises(ModelStoreError, match=words):
            store.rename("mine", "other")
        with pytest.raises(ModelStoreError, match=words):
            store.set_default("mine")
        with pytest.raises(ModelStoreError, match=words):
            store.export("mine", tmp_path / "out")
    assert sorted(model.name for model in store.shelf().models) == [BUNDLED, "mine"]
    assert not list((tmp_path / "models" / ".staging").iterdir())
    assert not list((tmp_path / "out").iterdir())


def test_too_little_room_is_told_before_anything_is_written(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(ModelStoreError, match="free some space"):
        keep(store, tmp_path, "mine")
    assert not [each for each in (tmp_path / "models").iterdir() if each.name != ".lock"]


def test_a_cancelled_copy_leaves_nothing(store: ModelStore, tmp_path: Path) -> None:
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        store.add(weights_file(tmp_path / "w.safetensors"), "mine", Making(Origin.IMPORTED), task)
    assert len(store.shelf().models) == 1


def test_what_lay_in_the_trash_for_a_month_goes(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "old", number=1)
    token = store.delete("old").token
    long_ago = 1_000_000_000
    os.utime(tmp_path / "models" / ".trash" / token, (long_ago, long_ago))
    keep(store, tmp_path, "new", number=2)
    store.delete("new")
    assert store.shelf().trash == ("new",)


def test_a_file_that_is_cut_short_or_of_an_unknown_network_is_refused(store: ModelStore, tmp_path: Path) -> None:
    whole = weights_file(tmp_path / "w.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(whole.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="cut short"):
        store.add(tmp_path / "cut.safetensors", "mine", Making(Origin.IMPORTED))
    strange = weights_file(tmp_path / "s.safetensors", network="their-net")
    with pytest.raises(WeightsError, match="their-net"):
        store.add(strange, "mine", Making(Origin.IMPORTED))


def test_a_model_is_doubted_until_held_out_patients_show_it_better_than_the_default(
    store: ModelStore, tmp_path: Path
) -> None:
    bundled = store.shelf().by_name("compact")
    assert bundled is not None
    better = keep(store, tmp_path, "better", number=1, parent=bundled, gain=(0.2, 0.1, 0.3))
    vague = keep(store, tmp_path, "vague", number=2, parent=bundled, gain=(0.2, -0.1, 0.5))
    bare = keep(store, tmp_path, "bare", number=3, parent=bundled)
    grandchild = keep(store, tmp_path, "grandchild", number=4, parent=better, gain=(0.2, 0.1, 0.3))
    shelf = store.shelf()
    assert shelf.doubt(bundled) == shelf.doubt(better) == ""
    assert "do not show vague better than compact" in shelf.doubt(vague)
    assert "+0.20 (95 % interval -0.10 to +0.50)" in shelf.doubt(vague)
    assert "Nothing shows that bare is better than compact" in shelf.doubt(bare)
    assert "compared with better, not with compact" in shelf.doubt(grandchild)
    store.set_default("better")
    assert store.shelf().doubt(grandchild) == ""
    assert "+0.20 (95 % interval -0.10 to +0.50) in box IoU, not shown to be better" in store.text("vague")


@pytest.mark.parametrize("told", ["all", {"difference": "x"}, {"base": "a", "difference": 1, "interval_95": [0]}])
def test_a_comparison_that_makes_no_sense_shows_nothing(told: object) -> None:
    gain = gain_of({"comparison": told})
    assert gain is None or not gain.is_shown


def test_a_choice_of_default_by_a_later_program_is_left_as_it_is(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "mine")
    file = tmp_path / "models" / "default.json"
    file.write_text(later := '{"schema": 99, "default": "x"}')
    assert store.shelf().default == BUNDLED
    with pytest.raises(ModelStoreError, match="later version"):
        store.set_default("mine")
    assert file.read_text() == later


def test_a_damaged_choice_of_default_is_put_aside_and_made_anew(store: ModelStore, tmp_path: Path) -> None:
    keep(store, tmp_path, "mine")
    file = tmp_path / "models" / "default.json"
    file.write_text('{"schema": 1, "def')
    assert store.shelf().default == BUNDLED
    assert [each.read_text() for each in file.parent.glob("default.damaged-*")] == ['{"schema": 1, "def']
    store.set_default("mine")
    assert store.shelf().by_key(store.shelf().default).name == "mine"  # type: ignore[union-attr]
