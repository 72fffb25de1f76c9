"""Who is learned from and who is tested on: never one person on both sides, under whatever names."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.errors import TrainingError
from lungview_training.config import SourceConfig, SourceKind, SplitKind, TrainingConfig
from lungview_training.data import read_data
from lungview_training.grouping import joined, links_of
from lungview_training.split import (
    Part,
    Shares,
    Split,
    read_split,
    require_together,
    save_split,
    split_images,
    split_patients,
    split_slices,
)
from tests.support.annotations import write_voc
from tests.support.dicom_series import ROOT, Recipe, random_stored, write_series


@dataclass(frozen=True, slots=True)
class Slice:
    """What a split knows of a slice."""

    patient: str
    name: str
    subtype: str = ""
    study: str = ""
    digest: str = ""


def _slices() -> st.SearchStrategy[list[Slice]]:
    names = st.sampled_from([f"P{number}" for number in range(9)])
    studies = st.sampled_from(["", "1.2.3.1", "1.2.3.2", "1.2.3.3"])
    uids = st.sampled_from([f"1.2.840.{number}" for number in range(30)] + ["7", "8"])
    digests = st.sampled_from(["", "", "a", "b", "c"])
    return st.lists(st.builds(Slice, names, uids, st.sampled_from(["", "A", "B"]), studies, digests), max_size=40)


def _all(split: Split) -> frozenset[str]:
    return split.train | split.validation | split.test


def _things(slices: Iterable[Slice]) -> set[str]:
    """What only one person can have."""
    found = set()
    for each in slices:
        found |= {f"patient {each.patient}", f"study {each.study}" if each.study else f"patient {each.patient}"}
        if each.name.startswith("1."):
            found.add(f"image {each.name}")
        if each.digest:
            found.add(f"pixels {each.digest}")
    return found


@given(slices=_slices(), only=_slices(), seed=st.integers(0, 50), folds=st.sampled_from([0, 0, 2, 3]))
def test_nothing_of_one_person_is_on_two_sides(slices: list[Slice], only: list[Slice], seed: int, folds: int) -> None:
    config = _config(Path("run"), seed=seed, folds=folds)
    split = split_slices(config, slices, only)
    parts = {part: _things(each for each in slices + only if split.part_of_sample(each) is part) for part in Part}
    assert not parts[Part.TRAIN] & parts[Part.TEST]
    assert not parts[Part.TRAIN] & parts[Part.VALIDATION]
    assert not parts[Part.VALIDATION] & parts[Part.TEST]
    assert {each.patient for each in only} <= split.train
    assert _all(split) == {each.patient for each in slices + only}


@given(count=st.integers(0, 40), folds=st.integers(2, 6), seed=st.integers(0, 20))
def test_every_patient_is_tested_on_in_exactly_one_fold(count: int, folds: int, seed: int) -> None:
    names = [f"P{number}" for number in range(count)]
    tested = [split_patients(names, [], Shares(0.2, 0.0, seed, folds, fold)).test for fold in range(folds)]
    assert sorted(name for part in tested for name in part) == sorted(names)
    assert max(map(len, tested)) - min(map(len, tested)) <= 1


def test_each_subtype_is_shared_out_for_itself() -> None:
    subtypes = {f"A{number}": "A" for number in range(50)} | {f"E{number}": "E" for number in range(5)}
    for seed in range(20):
        split = split_patients(subtypes, [], Shares(0.2, 0.2, seed), subtypes=subtypes)
        assert sorted(name[0] for name in split.test) == ["A"] * 10 + ["E"]
        assert sum(name.startswith("E") for name in split.validation) == 1
        folds = [split_patients(subtypes, [], Shares(0.1, 0.0, seed, 5, k), subtypes=subtypes) for k in range(5)]
        assert [sum(name.startswith("E") for name in fold.test) for fold in folds] == [1] * 5


def test_patients_joined_to_one_that_is_only_learned_from_are_only_learned_from() -> None:
    owner = joined([("A", "study 1"), ("B", "study 1"), ("C", "")])
    split = split_patients(["B", "C"], ["A"], Shares(0.0, 1.0, 1), owner=owner)
    assert split.train == {"A", "B"}
    assert split.test == {"C"}


def test_slices_are_shared_out_singly_where_asked_and_it_is_said() -> None:
    slices = [Slice("P", str(number)) for number in range(50)] + [Slice("Q", "1")]
    split = split_images(slices, {"Q"}, Shares(0.2, 0.2, 1))
    assert split.is_leaking
    assert {len(split.test), len(split.validation)} == {10}
    assert "Q/1" in split.train
    assert {split.part_of_sample(each) for each in slices} == set(Part)


@given(names=st.sets(st.text(min_size=1, max_size=6), max_size=12), seed=st.integers(0, 9))
def test_a_split_by_image_is_read_back_as_such(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], seed: int
) -> None:
    names = {name for name in names if "\0" not in name and "/" not in name and "\r" not in name}
    slices = [Slice(patient, name) for patient in ("P", "Q/R") for name in names]
    split = split_images(slices, (), Shares(0.3, 0.3, seed))
    path = tmp_path_factory.mktemp("split") / "split.csv"
    save_split(split, path)
    assert read_split(path) == split
    with pytest.raises(TrainingError, match="by image"):
        read_split(path, SplitKind.PATIENT)


def test_a_split_file_that_parts_one_person_is_refused() -> None:
    split = Split(frozenset({"A"}), frozenset(), frozenset({"B"}))
    with pytest.raises(TrainingError, match="one person"):
        require_together(split, joined([("A", "study 1"), ("B", "study 1")]), Path("split.csv"))
    require_together(split, joined([("A", "study 1"), ("B", "study 2"), ("C", "study 1")]), Path("split.csv"))


def test_names_of_pictures_join_nobody() -> None:
    assert joined(links_of([Slice("A", "1"), Slice("B", "1")])) == {"A": "A", "B": "B"}


def _config(output: Path, source: Path = Path("none"), **settings: object) -> TrainingConfig:
    values = {"validation_share": 0.3, "test_share": 0.3, **settings}
    return TrainingConfig("t", output, (SourceConfig(SourceKind.CASE, source),), **values)  # type: ignore[arg-type]


def _patient(folder: Path, number: int, study: int, first_uid: int) -> None:
    """Write four boxed slices of one patient."""

    def edit(dataset, k: int) -> None:  # type: ignore[no-untyped-def]
        dataset.PatientID = f"P{number}"
        dataset.StudyInstanceUID = f"{ROOT}.9.{study}"
        dataset.SeriesInstanceUID = f"{ROOT}.8.{number}"
        dataset.SOPInstanceUID = f"{ROOT}.7.{first_uid + k}"

    stored = random_stored(4, 64, 64, seed=number)
    write_series(folder / "dicom" / f"P{number}", Recipe(stored, series=number, edit=edit))
    for k in range(4):
        write_voc(folder / "Annotation", f"{ROOT}.7.{first_uid + k}", (8, 8, 30, 30))


@pytest.mark.parametrize("cache", ["off", "cache"])
def test_two_names_that_share_a_study_or_images_stay_together(tmp_path: Path, cache: str) -> None:
    data = tmp_path / "data"
    for number in range(6):
        _patient(data, number, study=number // 2, first_uid=100 * number)
    _patient(data, 6, study=7, first_uid=802)
    _patient(data, 7, study=8, first_uid=800)  # its last two images are 6's first two
    place = cache if cache == "off" else str(tmp_path / cache)
    for seed in range(3):
        for _ in range(2):
            split = read_data(_config(tmp_path / f"run{seed}", data, seed=seed, cache=place)).split
            for one, other in ((0, 1), (2, 3), (4, 5), (6, 7)):
                assert split.part_of(f"P{one}") is split.part_of(f"P{other}")
            (tmp_path / f"run{seed}" / "split.csv").unlink()
