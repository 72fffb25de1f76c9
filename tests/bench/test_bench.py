"""The benchmark's own arithmetic, table and picture; what it measures is never asserted."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.bench import peers
from tests.bench.load import check
from tests.bench.picture import draw
from tests.bench.report import Report, table
from tests.bench.rows import OURS, Row, UnableError, race, read_rows, row, write_rows
from tests.bench.scan import by_lungview, write_dataset
from tests.bench.series import SYNTAXES, write_compressed, write_plain
from tests.support.shared_data import shared


@pytest.fixture
def report() -> Report:
    times = {OURS: [2.0, 2.0, 4.0], "pydicom": [4.0, 8.0, 8.0], "floor": [1.0, 1.0, 1.0]}

    def is_met(ratios: Mapping[str, float]) -> bool:
        return ratios["pydicom"] < 1

    rows = [
        row("load", "some slices", times, {"gdcm": "returns another volume"}, bar="ahead of pydicom", is_met=is_met),
        Row("window", "scroll: longest", "ms", 120.0, 400, bar="under 100 ms", is_met=False),
    ]
    return Report("2026-01-02", "a computer", True, (0.1, 1.2), {"pydicom": "3"}, ["itk"], {"load": 3.0}, {}, rows)


def test_methods_take_turns_and_those_that_fail_are_named() -> None:
    called = []

    def fail() -> None:
        called.append("bad")
        raise UnableError("cannot read HTJ2K")

    times, cannot = race({OURS: lambda: called.append("ours"), "bad": fail, "peer": lambda: called.append("peer")}, 3)
    assert called == ["ours", "bad", "peer", "peer", "ours", "peer", "ours"]
    assert {name: len(of) for name, of in times.items()} == {OURS: 3, "peer": 3}
    assert cannot == {"bad": "cannot read HTJ2K"}


def test_what_goes_before_a_call_is_not_timed() -> None:
    times, _ = race({OURS: lambda: None}, 2, before=lambda: time.sleep(0.05))
    assert max(times[OURS]) < 50


def test_ratios_are_medians_over_the_rounds(report: Report) -> None:
    assert report.rows[0].ours == 2.0
    assert report.rows[0].ratios == {"pydicom": 0.5, "floor": 2.0}


def test_the_table_names_peers_bars_and_what_is_missing(report: Report) -> None:
    text = table(report)
    for word in ("8.0 (0.50)", "yes ahead of pydicom", "NO  under 100 ms", "not installed: itk", "another volume"):
        assert word in text
    assert not report.is_passed


def test_a_report_comes_back_from_its_file(report: Report, tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    kept.write_text(json.dumps(asdict(report)), encoding="utf-8")
    assert Report.read(kept) == report
    write_rows(report.rows, kept)
    assert read_rows(kept) == report.rows


def test_the_picture_shows_each_row_and_each_peer(report: Report) -> None:
    told = [element.text for element in ElementTree.fromstring(draw(report)).iter() if element.text]
    assert {"some slices", "scroll: longest", "under 100 ms", "pydicom", "2.0 ms", "120 ms"} <= set(told)


def test_all_readers_installed_return_the_same_volume(tmp_path: Path) -> None:
    write_plain(tmp_path, 3)
    assert check(peers.readers(with_threads=True), tmp_path) == {}


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=list(SYNTAXES))
def test_series_are_encoded_without_loss(syntax: str, tmp_path: Path) -> None:
    shared("ct-chest-cptac")
    write_compressed(tmp_path / "coded", syntax, 2)
    write_compressed(tmp_path / "other", SYNTAXES["RLE"], 2)
    assert np.array_equal(peers.by_lungview(tmp_path / "coded"), peers.by_lungview(tmp_path / "other"))


def test_a_dataset_holds_as_many_series_as_it_says(tmp_path: Path) -> None:
    assert write_dataset(tmp_path, 500) == 5
    assert sorted(by_lungview(tmp_path).values()) == [100] * 5
