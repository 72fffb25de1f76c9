"""Decoded slices on disk: the same as in memory, made once, mended by themselves, kept within bounds."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

import lungview_training.dataset as dataset
from lungview.domain.study import PixelFormat
from lungview.errors import TrainingError
from lungview_training.config import Role, SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import read_data, read_samples
from lungview_training.samples import Sample, no_labels
from lungview_training.shard_store import ShardStore, open_store
from lungview_training.shards import ShardError, data_path, open_shard, write_shard
from lungview_training.units import Batch, TellLeftOut, Unit
from tests.support.shared_data import shared
from tests.training.phantoms import phantom

LIMIT = 1 << 30


def _samples(patient: str = "P", count: int = 5, size: int = 48) -> list[Sample]:
    """Slices of which each is the next one's neighbour, the last without a lesion."""
    plain = [phantom(patient, number, size, has_lesion=number < count - 1) for number in range(count)]
    return [
        Sample(
            patient,
            each.name,
            each.hu,
            each.labels,
            each.boxes,
            has_mask=True,
            neighbours=(None, plain[place - 1].hu if place else None, None, None),
            series="1.2.3",
            label=None if place else True,
            pixels=PixelFormat(48, 48, padding=(-2000, -2000)),
            subtype="A",
            study="1.2",
            digest="ab",
        )
        for place, each in enumerate(plain)
    ]


def _assert_same(one: Sample, other: Sample) -> None:
    for name in ("hu", "labels", "boxes"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype
    for name in ("patient", "name", "has_mask", "is_negative_known", "series", "label", "series_label", "pixels"):
        assert getattr(one, name) == getattr(other, name)
    assert (one.subtype, one.study, one.digest, one.is_labelled) == (
        *(other.subtype, other.study, other.digest),
        other.is_labelled,
    )
    assert len(one.neighbours) == len(other.neighbours)
    for mine, theirs in zip(one.neighbours, other.neighbours, strict=True):
        assert (mine is None and theirs is None) or np.array_equal(mine, theirs)  # type: ignore[arg-type]


class Counted:
    """A unit that counts how often it is decoded."""

    def __init__(self, samples: list[Sample], key: str = "k", left_out: str = "") -> None:
        self.count = 0
        self._samples, self._left_out = samples, left_out
        self.unit = Unit(key, self._read)

    def _read(self, on_left_out: TellLeftOut) -> Iterator[Batch]:
        self.count += 1
        if self._left_out:
            on_left_out(self._left_out)
        yield self._samples[:2]
        yield self._samples[2:]


def test_samples_come_back_as_they_were_as_read_only_views(tmp_path: Path) -> None:
    odd = [phantom("P", 9, 47)]  # an odd number of label bytes
    samples = [*_samples(), *odd]
    write_shard(tmp_path, "s", [samples[:3], samples[3:]], [])
    found = open_shard(tmp_path, "s").samples
    for one, other in zip(samples, found, strict=True):
        _assert_same(one, other)
        assert not other.hu.flags.owndata
        assert not other.hu.flags.writeable


def test_slices_shared_by_neighbours_are_written_once(tmp_path: Path) -> None:
    samples = _samples()
    write_shard(tmp_path, "s", [samples], [])
    written = data_path(tmp_path, "s").stat().st_size
    assert written == 128 + 5 * 48 * 48 * 2 + 4 * 48 * 48
    assert np.load(data_path(tmp_path, "s"), mmap_mode="r").dtype == np.int16


def test_a_unit_is_decoded_once_and_what_was_left_out_is_told_again(tmp_path: Path) -> None:
    counted = Counted(_samples(), left_out="One is missing.")
    told: list[str] = []
    for _ in range(3):
        found = ShardStore(tmp_path, LIMIT).samples([counted.unit], told.append)
        assert len(found) == 5
    assert counted.count == 1
    assert told == ["One is missing."] * 3


def _cut(folder: Path) -> None:
    path = next(folder.glob("*.npy"))
    path.write_bytes(path.read_bytes()[:-100])


def _zeroed(folder: Path) -> None:
    path = next(folder.glob("*.npy"))
    path.write_bytes(path.read_bytes()[:200] + bytes(path.stat().st_size - 200))


def _no_json(folder: Path) -> None:
    next(folder.glob("*.json")).write_bytes(b'{"format": 1, "count"')


def _other_json(folder: Path) -> None:
    next(folder.glob("*.json")).write_text("[1, 2]")


def _no_data(folder: Path) -> None:
    next(folder.glob("*.npy")).unlink()


@pytest.mark.parametrize("spoil", [_cut, _zeroed, _no_json, _other_json, _no_data])
def test_a_damaged_shard_is_made_anew(tmp_path: Path, spoil: object) -> None:
    counted = Counted(_samples())
    ShardStore(tmp_path, LIMIT).samples([counted.unit], lambda _: None)
    assert callable(spoil)
    spoil(tmp_path)
    found = ShardStore(tmp_path, LIMIT).samples([counted.unit], lambda _: None)
    assert counted.count == 2
    for one, other in zip(_samples(), found, strict=True):
        _assert_same(one, other)


def test_a_shard_half_written_is_never_found(tmp_path: Path) -> None:
    def broken() -> Iterator[Batch]:
        yield _samples()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_shard(tmp_path, "s", broken(), [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ShardError):
        open_shard(tmp_path, "s")


def test_a_full_disk_is_told_with_its_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lungview_training.shard_store.write_shard", full)
    with pytest.raises(TrainingError, match=r"No space left.*free space there.*cache = "):
        ShardStore(tmp_path, LIMIT).samples([Counted(_samples()).unit], lambda _: None)


def test_what_was_not_used_longest_goes_first_and_what_is_used_stays(tmp_path: Path) -> None:
    units = [Counted(_samples(), key=str(number)) for number in range(5)]
    for number in range(3):
        ShardStore(tmp_path, LIMIT).samples([units[number].unit], lambda _: None)
        for path in tmp_path.glob("*.json"):
            os.utime(path, (path.stat().st_atime - 100, path.stat().st_mtime - 100))
    one_size = next(tmp_path.glob("*.npy")).stat().st_size
    ShardStore(tmp_path, LIMIT).samples([units[0].unit], lambda _: None)  # now 1 is the oldest
    ShardStore(tmp_path, 3 * one_size).samples([units[3].unit], lambda _: None)
    store = ShardStore(tmp_path, LIMIT)
    assert [store.has(str(number)) for number in range(5)] == [True, False, True, True, False]
    tight = ShardStore(tmp_path, one_size)
    tight.samples([units[3].unit, units[4].unit], lambda _: None)
    assert [store.has(str(number)) for number in range(5)] == [False, False, False, True, True]


def test_what_a_crash_left_is_swept_away_but_not_what_is_being_written(tmp_path: Path) -> None:
    old, new = tmp_path / ".a.1.part", tmp_path / ".b.2.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    ShardStore(tmp_path, LIMIT).samples([Counted(_samples()).unit], lambda _: None)
    assert not old.exists()
    assert new.exists()


def _pictures(folder: Path, subjects: int = 3, slices: int = 4) -> Path:
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for subject in range(subjects):
        (folder / "images" / f"S{subject}").mkdir(parents=True)
        for number in range(slices):
            sample = phantom(f"S{subject}", 10 * subject + number, has_lesion=number > 0)
            grey = np.clip((sample.hu.astype(int) + 1024) / 8, 0, 255).astype(np.uint8)
            imsave(folder / "images" / f"S{subject}" / f"{number}.png", grey, check_contrast=False)
            box = ",".join(str(int(side)) for side in sample.boxes[0]) if sample.has_lesion else ",,,"
            rows.append(f"S{subject},{number},{box}")
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.toml").write_text('values = "hu"\noffset = -1024\n')
    return folder


def _config(tmp_path: Path, cache: str = "") -> TrainingConfig:
    source = SourceConfig(SourceKind.IMAGES, tmp_path / "pictures")
    return TrainingConfig("t", tmp_path / "run", (source,), cache=cache or str(tmp_path / "cache"), test_share=0.34)


def test_a_second_start_decodes_nothing_and_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pictures(tmp_path / "pictures")
    held = read_data(_config(tmp_path, "off"))
    first = read_data(_config(tmp_path))
    monkeypatch.setattr(dataset, "read_grey", lambda _: pytest.fail("decoded again"))
    second = read_data(_config(tmp_path))
    for data in (first, second):
        assert data.split == held.split
        for one, other in zip(held.train + held.test, data.train + data.test, strict=True):
            _assert_same(one, other)


@pytest.mark.parametrize("what", ["picture", "box", "settings"])
def test_a_changed_source_is_decoded_again(tmp_path: Path, what: str) -> None:
    folder = _pictures(tmp_path / "pictures", subjects=1)
    source, store = SourceConfig(SourceKind.IMAGES, folder), ShardStore(tmp_path / "cache", LIMIT)
    before = read_samples(source, store)
    if what == "picture":
        imsave(folder / "images" / "S0" / "1.png", np.full((64, 64), 7, dtype=np.uint8), check_contrast=False)
    elif what == "box":
        rows = (folder / "boxes.csv").read_text()
        (folder / "boxes.csv").write_text(rows.replace("S0,0,,,,", "S0,0,3,3,9,9"))
    else:
        (folder / "dataset.toml").write_text('values = "hu"\noffset = -1024\nrotate = 90\n')
    after = read_samples(source, store)
    assert any(
        not np.array_equal(one.hu, other.hu) or not np.array_equal(one.boxes, other.boxes)
        for one, other in zip(before, after, strict=True)
    )


def test_a_broken_picture_is_left_out_and_named_at_each_start(tmp_path: Path) -> None:
    folder = _pictures(tmp_path / "pictures")
    (folder / "images" / "S1" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    for _ in range(2):
        told: list[str] = []
        data = read_data(_config(tmp_path), on_left_out=told.append)
        assert len(data.train + data.validation + data.test) == 11
        assert len(told) == 1
        assert "2.png" in told[0]
        assert data.left_out == tuple(told)


def test_large_subjects_are_packed_in_parts_and_neighbours_cross_them(
    tmp_path: Path,
) -> None:
    folder = _pictures(tmp_path / "pictures", subjects=2, slices=7)
    whole = read_samples(SourceConfig(SourceKind.IMAGES, folder))
    units = dataset.image_units(folder, pack_size=3)
    parts = dataset.in_order([each for unit in units for batch in unit.read(print) for each in batch], folder)
    assert len(units) == 6
    for one, other in zip(whole, parts, strict=True):
        _assert_same(one, other)


def test_dicom_files_are_not_looked_through_a_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SourceConfig(SourceKind.CASE, shared("lung-pet-ct-dx-boxed"), Role.SPLIT)
    config = TrainingConfig("t", tmp_path, (source,), cache=str(tmp_path / "cache"))
    first = read_samples(source, open_store(config))
    monkeypatch.setattr("lungview_training.data.open_case", lambda *_: pytest.fail("looked through again"))
    second = read_samples(source, open_store(config))
    held = [sample for sample in first if sample.has_lesion]
    assert len(held) == 20
    assert {sample.subtype for sample in second} == {"A"}
    for one, other in zip(first, second, strict=True):
        _assert_same(one, other)


def test_labels_of_a_lesion_free_slice_take_no_memory() -> None:
    labels = no_labels((512, 512))
    assert labels.strides == (0, 0)
    assert labels.shape == (512, 512)
    assert not labels.any()
