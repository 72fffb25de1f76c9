"""A kept model knows whom it and its elders learned from, and names nobody."""

import json
from pathlib import Path

import pytest

from lungview.detection.store.card_making import Making
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import Origin
from lungview_training.config import SplitKind
from lungview_training.evaluation.origin import new_to_both, seen_before
from lungview_training.known_patients import ENTRY, is_whole, parts_of, table_of, tables_of_elder
from lungview_training.split import Split
from tests.support.models import weights_file

OLD = Split(frozenset({"A1", "A2"}), frozenset({"A3"}), frozenset({"A4", "A5"}))
NEW = Split(frozenset({"B1", "A4"}), frozenset({"B2"}), frozenset({"B3", "A1", "A5"}))
EVERYONE = ["A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "C1"]


def _inside(part: str, facts: dict[str, object]) -> list[str]:
    parts = parts_of(facts)
    assert parts is not None
    return [name for name in EVERYONE if name in parts[part]]


def test_a_model_knows_its_own_patients_and_those_of_whom_it_went_on_from() -> None:
    elder = {"split": {"train": ["A1", "A2"], "validation": ["A3"], "test": ["A4", "A5"]}}
    facts: dict[str, object] = {ENTRY: [table_of("new", NEW), *tables_of_elder("old", elder)]}
    assert _inside("train", facts) == ["A1", "A2", "A4", "B1"]
    assert _inside("validation", facts) == ["A3", "B2"]
    assert _inside("test", facts) == ["A5", "B3"], "A1 is in its test part, but the elder learned from them"
    again: dict[str, object] = {ENTRY: [table_of("third", OLD), *tables_of_elder("new", facts)]}
    assert len(tables_of_elder("new", facts)) == 2
    assert "B1" in _inside("train", again)
    assert is_whole(again)


def test_no_patient_is_named_and_two_models_do_not_share_a_digest() -> None:
    tables = [table_of("one", OLD), table_of("two", OLD)]
    told = [json.dumps(table) for table in tables]
    assert not any(name in text for name in EVERYONE for text in told)
    digests = [{digest for part in ("train", "test") for digest in table[part]} for table in tables]  # type: ignore[attr-defined]
    assert not digests[0] & digests[1]


def test_single_slices_shared_out_make_their_patient_one_that_was_learned_from() -> None:
    split = Split(frozenset({"A1/1", "A2/1"}), frozenset({"A1/2"}), frozenset({"A2/2", "A3/1"}), SplitKind.IMAGE)
    facts: dict[str, object] = {ENTRY: [table_of("mixed", split)]}
    assert (_inside("train", facts), _inside("validation", facts), _inside("test", facts)) == (["A1", "A2"], [], ["A3"])


def test_a_kept_model_is_not_measured_on_its_own_patients_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path))
    store, made = ModelStore(), []
    for number, tables in enumerate(
        ([table_of("old", OLD)], [table_of("new", NEW)], [table_of("x", NEW), {"model": "y"}])
    ):
        file = weights_file(tmp_path / f"{number}.safetensors", number=number)
        made.append(store.add(file, f"model {number}", Making(Origin.TRAINED, measured={ENTRY: tables})).info)
    old, new, half = made
    seen = seen_before(new, None, EVERYONE)
    assert (seen.train, seen.validation, seen.test) == (("A4", "B1"), ("B2",), ("A1", "A5", "B3"))
    assert "LEARNED FROM 2" in seen.warning
    assert seen_before(new, None, ["C1"]).warning == ""
    assert "do not tell whom" in seen_before(half, None, ["C1"]).warning
    unseen = new_to_both(old, new, (None, None))
    assert unseen is not None
    assert [name for name in EVERYONE if name in unseen] == ["A5", "B3"]
    exported = store.export("model 1", tmp_path / "out")
    assert seen_before(new, exported, ["B1"]).train == ("B1",)
