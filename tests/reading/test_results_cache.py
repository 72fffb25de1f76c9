"""A detector that remembers."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.box import Box
from lungview.domain.detection import SliceDetections
from lungview.domain.volume import Volume
from lungview.reading import results_cache
from lungview.reading.results_cache import CachedDetector
from lungview.reading.results_store import ResultsStore
from lungview.task import Cancelled, Task
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.volumes import make_stack, make_volume

BOXES: dict[int, list[tuple[Box, float | None]]] = {
    1: [(Box(10.25, 20, 30, 40.125), 0.9), (Box(1, 2, 3, 4), 0.25)],
    3: [(Box(5, 6, 7, 8), None)],
}


def _volume(slices: int = 6) -> Volume:
    return make_volume(make_stack(slices))


def _indices(answers: list[SliceDetections]) -> list[int]:
    return [answer.index for answer in answers]


def _same(one: SliceDetections, other: SliceDetections) -> bool:
    assert one.attention is not None
    assert other.attention is not None
    close = np.allclose(one.attention, other.attention, atol=1 / 255)
    return one.index == other.index and one.detections == other.detections and close


def test_a_series_seen_before_is_answered_without_the_detector(tmp_path: Path) -> None:
    detector = ScriptedDetector(BOXES)
    first = list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    again = list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    assert detector.asked == list(range(6))
    assert all(map(_same, first, again))


@given(
    earlier=st.lists(st.integers(0, 7), max_size=8),
    asked=st.lists(st.integers(0, 7), max_size=12),
    batch=st.integers(1, 4),
)
def test_answers_come_in_the_order_asked_whatever_is_known(
    earlier: list[int], asked: list[int], batch: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("results")
    detector = ScriptedDetector(BOXES, batch=batch)
    volume = _volume(8)
    list(CachedDetector(detector, folder).detect(volume, earlier, Task()))
    detector.asked.clear()
    answers = list(CachedDetector(detector, folder).detect(volume, asked, Task()))
    assert _indices(answers) == asked
    assert all(_same(answer, detector.answer(answer.index)) for answer in answers)
    assert not set(detector.asked) & set(earlier)


def test_indices_are_drawn_only_as_answers_are_taken(tmp_path: Path) -> None:
    cached = CachedDetector(ScriptedDetector(BOXES), tmp_path)
    list(cached.detect(_volume(), [0, 2], Task()))
    drawn: list[int] = []

    def draw() -> Iterator[int]:
        for index in (0, 1, 2, 3, 4):
            drawn.append(index)
            yield index

    answers = cached.detect(_volume(), draw(), Task())
    ahead = [(next(answers).index, list(drawn)) for _ in range(5)]
    assert [index for index, _ in ahead] == [0, 1, 2, 3, 4]
    assert all(len(so_far) <= index + 1 for index, so_far in ahead)


def test_what_was_found_before_cancelling_is_kept(tmp_path: Path) -> None:
    detector, task = ScriptedDetector(BOXES), Task()
    answers = CachedDetector(detector, tmp_path).detect(_volume(), range(6), task)
    next(answers)
    next(answers)
    task.cancel()
    with pytest.raises(Cancelled):
        next(answers)
    assert _indices(list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))) == list(range(6))
    assert detector.asked == [0, 1, 2, 3, 4, 5]


def test_what_was_found_before_being_left_alone_is_kept(tmp_path: Path) -> None:
    detector = ScriptedDetector(BOXES)
    answers = CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task())
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    list(CachedDetector(detector, tmp_path).detect(_volume(), [0, 1], Task()))
    assert detector.asked == [0, 1]


def test_known_slices_stop_too_when_cancelled(tmp_path: Path) -> None:
    cached, task = CachedDetector(ScriptedDetector(BOXES), tmp_path), Task()
    list(cached.detect(_volume(), range(6), Task()))
    answers = cached.detect(_volume(), range(6), task)
    next(answers)
    task.cancel()
    with pytest.raises(Cancelled):
        next(answers)


def _other_voxels(volume: Volume) -> Volume:
    return replace(volume, voxels=volume.voxels + np.int16(1))


def _other_uids(volume: Volume) -> Volume:
    instances = tuple(replace(each, sop_instance_uid=f"9.{each.sop_instance_uid}") for each in volume.stack.instances)
    return replace(volume, stack=replace(volume.stack, instances=instances))


def test_other_voxels_other_images_other_weights_and_other_code_are_asked_anew(tmp_path: Path) -> None:
    volume = _volume()
    list(CachedDetector(ScriptedDetector(BOXES), tmp_path, version="1").detect(volume, range(6), Task()))
    retrained = replace(MODEL, weights_sha256="1" * 64)
    for other, info, version in (
        (_other_voxels(volume), MODEL, "1"),
        (_other_uids(volume), MODEL, "1"),
        (volume, retrained, "1"),
        (volume, MODEL, "2"),
    ):
        detector = ScriptedDetector(BOXES, info=info)
        list(CachedDetector(detector, tmp_path, version=version).detect(other, range(6), Task()))
        assert len(detector.asked) == 6


def test_a_file_that_can_be_read_at_last_makes_its_series_be_asked_anew(tmp_path: Path) -> None:
    broken = replace(_volume(), unreadable=((3, "Slice 4 is damaged."),))
    list(CachedDetector(ScriptedDetector(BOXES), tmp_path).detect(broken, range(6), Task()))
    detector = ScriptedDetector(BOXES)
    list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    assert len(detector.asked) == 6


def test_images_without_uids_are_told_apart_by_all_their_voxels(tmp_path: Path) -> None:
    volume = _volume()
    instances = tuple(replace(each, sop_instance_uid="") for each in volume.stack.instances)
    volume = replace(volume, stack=replace(volume.stack, instances=instances))
    voxels = volume.voxels.copy()
    voxels[3] += 1
    list(CachedDetector(ScriptedDetector(BOXES), tmp_path).detect(volume, range(6), Task()))
    detector = ScriptedDetector(BOXES)
    list(CachedDetector(detector, tmp_path).detect(replace(volume, voxels=voxels), range(6), Task()))
    assert len(detector.asked) == 6


def test_a_volume_still_being_read_is_answered_and_not_kept(tmp_path: Path) -> None:
    detector = ScriptedDetector(BOXES)
    volume = make_volume(make_stack(3), is_read=False)
    assert _indices(list(CachedDetector(detector, tmp_path).detect(volume, range(3), Task()))) == [0, 1, 2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut short", b"\x93NUMPY", None])
def test_damaged_results_are_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    detector = ScriptedDetector(BOXES)
    list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    (stored,) = tmp_path.iterdir()
    whole = stored.read_bytes()
    stored.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    assert detector.asked == [*range(6), *range(6)]
    list(CachedDetector(detector, tmp_path).detect(_volume(), range(6), Task()))
    assert len(detector.asked) == 12


def test_results_whose_parts_do_not_fit_are_made_anew(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path)
    store.save("key", {0: ScriptedDetector(BOXES).answer(0), 1: ScriptedDetector(BOXES).answer(1)})
    with np.load(tmp_path / "key.npz") as arrays:
        parts = dict(arrays)
    for name, value in (("counts", parts["counts"] + 1), ("boxes", parts["boxes"][:1]), ("maps", parts["maps"][:3])):
        np.savez(tmp_path / "key.npz", **{**parts, name: value})
        assert store.load("key") == {}
        assert not (tmp_path / "key.npz").exists()


def test_the_folder_stays_within_its_size_and_the_least_used_goes_first(tmp_path: Path) -> None:
    results = {index: ScriptedDetector(BOXES).answer(index) for index in range(4)}
    ResultsStore(tmp_path).save("size", results)
    size = (tmp_path / "size.npz").stat().st_size
    store = ResultsStore(tmp_path, limit_bytes=int(size * 2.5))
    for age, key in enumerate(("size", "old", "older")):
        store.save(key, results)
        os.utime(tmp_path / f"{key}.npz", (1_000_000 - age, 1_000_000 - age))
        if key == "old":
            store.load("size")
    store.save("new", results)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["new", "size"]


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cached = CachedDetector(ScriptedDetector(BOXES), tmp_path / "file" / "below")
    assert len(list(cached.detect(_volume(), range(6), Task()))) == 6


def test_long_runs_are_saved_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_cache, "SAVE_EVERY_S", -1.0)
    answers = CachedDetector(ScriptedDetector(BOXES), tmp_path).detect(_volume(), range(6), Task())
    next(answers)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_a_model_without_attention_is_remembered_without(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path)
    store.save("key", {4: SliceDetections(4, ())})
    assert store.load("key")[4].attention is None


def test_the_model_s_mask_is_remembered(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path)
    masks = {2: np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4), 5: None, 6: np.ones((2, 2), np.float32)}
    store.save("key", {index: SliceDetections(index, (), None, mask) for index, mask in masks.items()})
    loaded = {index: answer.mask for index, answer in store.load("key").items()}
    assert loaded[5] is None
    for index in (2, 6):
        assert np.allclose(loaded[index], masks[index], atol=1 / 255)  # type: ignore[arg-type]
