"""The folder of decoded slices: what is in it is used, what is not is made, what was not used longest goes first."""

import ast
import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from lungview.errors import TrainingError
from lungview.files import parse_json, write_atomically
from lungview.places import cache_folder
from lungview_training.config import CACHE_OFF, CACHE_ON, TrainingConfig
from lungview_training.grouping import Link
from lungview_training.samples import Sample
from lungview_training.shards import Shard, ShardError, allow_files, data_path, index_path, open_shard, write_shard
from lungview_training.units import TellLeftOut, Unit, read_all

log = logging.getLogger(__name__)

_MAKERS = (
    "lungview.detection.context",
    "lungview.detection.preprocess",
    "lungview_training.case_dataset",
    "lungview_training.dataset",
    "lungview_training.grey",
    "lungview_training.labelled",
    "lungview_training.patients",
    "lungview_training.pictures",
    "lungview_training.resampling",
    "lungview_training.samples",
)
"""Modules that decide what a slice looks like once decoded: a change in one makes all shards stale."""

_DECODERS = ("lungview", "pydicom", "imagecodecs", "pillow", "scikit-image", "scipy", "torch")

Listed = tuple[list[Sample], list[Link]]
"""A source's samples, and what else ties its patients together."""

_HALVES_KEPT_S = 86_400.0


class ShardStore:
    """A folder of shards, kept within limit_bytes but for those that this store has handed out."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._used: set[str] = set()

    def samples(self, units: Sequence[Unit], on_left_out: TellLeftOut) -> list[Sample]:
        """Samples of all units, as views of files; units that no whole shard holds are decoded first."""
        allow_files(len(self._used) + len(units))
        found = [self._shard(unit) for unit in units]
        self._shrink()
        for shard in found:
            for sentence in shard.left_out:
                on_left_out(sentence)
        return [sample for shard in found for sample in shard.samples]

    def listed(self, source_key: str) -> Listed | None:
        """What list_units noted for a source, where all of it is still there; None where it must be looked through."""
        try:
            noted = parse_json(self._list_path(source_key).read_bytes(), is_nan_fine=True)
            names, links = noted["shards"], [(str(patient), str(thing)) for patient, thing in noted["links"]]
            allow_files(len(self._used) + len(names))
            found = [open_shard(self._folder, str(name)) for name in names]
        except (OSError, ValueError, KeyError, TypeError, ShardError):
            return None
        if any(shard.left_out for shard in found):
            return None  # what could not be read may be readable now, and is to be named again
        for name in (*names, self._list_path(source_key).stem):
            self._touch(name)
        self._used.update(names)
        return [sample for shard in found for sample in shard.samples], links

    def list_units(self, source_key: str, units: Sequence[Unit], links: Sequence[Link]) -> None:
        """Note which shards a source has come to, so that next time it need not be looked through."""
        text = json.dumps({"shards": [name_of(unit.key) for unit in units], "links": list(links)})
        with suppress(OSError):  # it only saves time
            write_atomically(self._list_path(source_key), text.encode("utf-8"))

    def has(self, key: str) -> bool:
        """Whether a unit's shard is there already."""
        return index_path(self._folder, name_of(key)).is_file()

    def has_listed(self, source_key: str) -> bool:
        """Whether list_units has noted a source, and its shards seem to be there still."""
        try:
            names = parse_json(self._list_path(source_key).read_bytes(), is_nan_fine=True)["shards"]
            return all(index_path(self._folder, str(name)).is_file() for name in names)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _shard(self, unit: Unit) -> Shard:
        name = name_of(unit.key)
        self._used.add(name)
        try:
            shard = open_shard(self._folder, name)
        except ShardError as error:
            if self.has(unit.key):
                log.warning("a shard of cached slices is %s; it is made anew", error)
            return self._made(unit, name)
        self._touch(name)
        return shard

    def _made(self, unit: Unit, name: str) -> Shard:
        left_out: list[str] = []
        try:
            write_shard(self._folder, name, unit.read(left_out.append), left_out)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise TrainingError(
                f"Decoded slices cannot be kept in {self._folder.name} ({reason}): free space there, name another "
                f'folder with cache = "FOLDER", or hold them in memory with cache = "{CACHE_OFF}".'
            ) from error
        try:
            return open_shard(self._folder, name)
        except ShardError as error:
            raise TrainingError(
                f"Decoded slices in {self._folder.name} do not read back as written: check the disk, or name another "
                'folder with cache = "FOLDER".'
            ) from error

    def _touch(self, name: str) -> None:
        """The time of last use decides what goes first."""
        with suppress(OSError):
            index_path(self._folder, name).touch()

    def _list_path(self, source_key: str) -> Path:
        return index_path(self._folder, f"list-{name_of(source_key)}")

    def _shrink(self) -> None:
        """Delete what a crash left half done, and what was not used longest until all fits."""
        _forget_halves(self._folder)
        sizes = {path.stem: _size(path) for path in self._folder.glob("*.npy")}
        total = sum(sizes.values())
        for name in sorted(sizes, key=lambda each: _last_use(self._folder, each)):
            if total <= self._limit_bytes:
                return
            if name not in self._used:
                delete_shard(self._folder, name)
                total -= sizes[name]


def open_store(config: TrainingConfig) -> ShardStore | None:
    """The store that the settings ask for; None where slices are to be held in memory."""
    folder = store_folder(config)
    return None if folder is None else ShardStore(folder, int(config.cache_gib * (1 << 30)))


def store_folder(config: TrainingConfig) -> Path | None:
    """Where decoded slices are kept."""
    if config.cache == CACHE_OFF:
        return None
    return cache_folder() / "slices" if config.cache == CACHE_ON else Path(config.cache)


def samples_of(units: Sequence[Unit], store: ShardStore | None, on_left_out: TellLeftOut) -> list[Sample]:
    """Samples of units, through the store where there is one."""
    return read_all(units, on_left_out) if store is None else store.samples(units, on_left_out)


def delete_shard(folder: Path, name: str) -> None:
    """Remove a shard, its index first, so that no index is left without numbers."""
    for path in (index_path(folder, name), data_path(folder, name)):
        with suppress(OSError):
            path.unlink()


def name_of(key: str) -> str:
    """The file name of a shard: of what it was made from, and of what made it."""
    return blake2b(f"{_code()}\n{key}".encode(), digest_size=16).hexdigest()


@cache
def _code() -> str:
    """What changes when this program, or a decoder it uses, does."""
    digest = blake2b(digest_size=16)
    for name in _MAKERS:
        found = find_spec(name)  # not imported: some of these need torch
        path = Path(found.origin or "") if found else Path()
        digest.update(_meaning(path) if path.is_file() else name.encode())  # a frozen program has no such files
    for name in _DECODERS:
        with suppress(metadata.PackageNotFoundError):
            digest.update(f"{name} {metadata.version(name)}\n".encode())
    digest.update(sys.byteorder.encode())
    return digest.hexdigest()


def _meaning(path: Path) -> bytes:
    """A module's code without comments, docstrings and imports, which change often and change nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_idle(each)]
    return ast.dump(tree).encode()


def _is_idle(node: ast.stmt) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _last_use(folder: Path, name: str) -> float:
    """Seconds; 0 for numbers without an index, which nobody can use."""
    try:
        return index_path(folder, name).stat().st_mtime
    except OSError:
        return 0.0


def _forget_halves(folder: Path) -> None:
    """Delete files that a crash left half written, not those that another process is writing."""
    for path in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _HALVES_KEPT_S:
                path.unlink()
