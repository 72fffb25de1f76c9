"""Labels without boxes: of slices, as the class-E patients have them, and of whole series."""

import csv
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from lungview.detection.build import MIL, build_network
from lungview.errors import TrainingConfigError, TrainingError
from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import read_data
from lungview_training.engine import train
from lungview_training.events import Event, StepDone
from lungview_training.labels import read_labelled
from lungview_training.learners.mil import label_of
from tests.support.dicom_series import Recipe, random_stored, write_series
from tests.support.shared_data import shared
from tests.training.phantoms import phantom_config


def _table(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Return what was written into tmp_path/ct: one series of four slices."""
    recipe = Recipe(random_stored(4, 64, 64))
    write_series(tmp_path / "ct", recipe)
    return recipe


def test_slices_get_the_label_that_the_table_gives_them(tmp_path: Path, recipe: Recipe) -> None:
    rows = [(recipe.sop_uid(0), "1"), (recipe.sop_uid(2), "0"), ("1.2.3", "1")]
    _table(tmp_path / "labels.csv", ("sop_instance_uid", "has_lesion"), rows)
    samples = read_labelled(tmp_path)
    assert [(sample.name, sample.label) for sample in samples] == [(rows[0][0], True), (rows[1][0], False)]
    assert not any(len(sample.boxes) for sample in samples)


def test_a_series_label_leaves_its_slices_unknown_unless_it_is_free(tmp_path: Path, recipe: Recipe) -> None:
    uid = "1.2.826.0.1.3680043.8.498.77.1"
    for value, label in (("1", None), ("0", False)):
        _table(tmp_path / "labels.csv", ("series_instance_uid", "has_lesion"), [(uid, value)])
        samples = read_labelled(tmp_path)
        assert [sample.label for sample in samples] == [label] * 4
        assert {sample.series_label for sample in samples} == {value == "1"}
    assert not math.isnan(label_of(samples[0]))


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        (("uid", "has_lesion"), ("1", "1"), "needs a column"),
        (("sop_instance_uid", "has_lesion"), ("1", "maybe"), "'maybe' is no label"),
        (("sop_instance_uid", "has_lesion"), ("1.2.3", "1"), "no CT slices"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_remedy(
    tmp_path: Path, recipe: Recipe, columns: tuple[str, str], row: tuple[str, str], words: str
) -> None:
    _table(tmp_path / "labels.csv", columns, [row])
    with pytest.raises(TrainingError, match=words):
        read_labelled(tmp_path)


def test_class_e_slices_carry_their_labels_acquisition_by_acquisition() -> None:
    samples = read_labelled(shared("lung-pet-ct-dx-slicelabels"))
    of_e3 = [sample for sample in samples if sample.patient == "Lung_Dx-E0003"]
    assert len(of_e3) == 12
    assert sum(bool(sample.label) for sample in of_e3) == 8
    assert len({sample.series for sample in of_e3}) == 3
    assert {sample.subtype for sample in samples} == {"E"}


def _config(output: Path, network: str) -> TrainingConfig:
    source = SourceConfig(SourceKind.LABELS, shared("lung-pet-ct-dx-slicelabels"))
    return dataclasses.replace(
        phantom_config(output, 2),
        sources=(source,),
        network=network,
        field_size=256,
        batch_size=4,
        validation_share=0.0,
        test_share=0.0,
        cache="off",
        sheet_share=0.0,
    )


def test_the_multiple_instance_network_learns_from_class_e(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    config = _config(tmp_path, MIL)
    assert len(read_data(config).train) >= 14
    events: list[Event] = []
    path = train(config, events.append, lambda: False)
    losses = [event.parts for event in events if isinstance(event, StepDone)]
    assert all(set(each) == {"presence", "series"} for each in losses)
    assert getattr(build_network(path), "key", "") == MIL


def test_labels_alone_teach_no_other_network(tmp_path: Path) -> None:
    with pytest.raises(TrainingConfigError, match="mil-attention"):
        _config(tmp_path, "compact")
