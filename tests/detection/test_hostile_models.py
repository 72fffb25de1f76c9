"""Weights and cards that mean harm: refused with a sentence, nothing run, nothing large taken up."""

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lungview.assets import resource_path
from lungview.detection.build import build_network
from lungview.detection.safetensors_header import read_header
from lungview.detection.store.importing import import_model
from lungview.detection.store.store import ModelStore
from lungview.errors import DetectionError, WeightsError
from tests.support import hostile

MOST = 64 << 20


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: list[object], offsets: list[object], dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


HOSTILE = {
    "a header of 2^63 bytes": safetensors({}, length=1 << 63),
    "a header of all bits": safetensors({}, length=(1 << 64) - 1),
    "a header longer than the file": safetensors({"a": tensor([1], [0, 4])}, bytes(4), length=4096),
    "a header of nothing": safetensors(b""),
    "a header that is no table": safetensors([1, 2]),
    "a header nested without end": safetensors(b'{"a":' + b"[" * 200_000),
    "data beyond the end": safetensors({"a": tensor([1 << 20], [0, 4 << 20])}, bytes(16)),
    "offsets that overlap": safetensors({"a": tensor([4], [0, 16]), "b": tensor([4], [8, 24])}, bytes(24)),
    "offsets the wrong way": safetensors({"a": tensor([1], [4, 0])}, bytes(4)),
    "offsets below nothing": safetensors({"a": tensor([1], [-4, 0])}, bytes(4)),
    "offsets that are text": safetensors({"a": tensor([1], ["0", "4"])}, bytes(4)),
    "no offsets": safetensors({"a": tensor([1], [])}, bytes(4)),
    "a shape of 2^62": safetensors({"a": tensor([1 << 62], [0, 4])}, bytes(4)),
    "a shape that overflows": safetensors({"a": tensor([1 << 32, 1 << 32], [0, 4])}, bytes(4)),
    "a shape below nothing": safetensors({"a": tensor([-1], [0, 4])}, bytes(4)),
    "a shape of text": safetensors({"a": tensor(["1"], [0, 4])}, bytes(4)),
    "a type that lies": safetensors({"a": tensor([4], [0, 16], "F64")}, bytes(16)),
    "a type that is none": safetensors({"a": tensor([1], [0, 4], "X1")}, bytes(4)),
    "metadata that is no text": safetensors({"__metadata__": {"architecture": 7}}, b""),
    "an unknown network": safetensors({"__metadata__": {"architecture": "../x"}, "a": tensor([1], [0, 4])}, bytes(4)),
    "a million tensors": safetensors({f"{k}": tensor([0], [0, 0]) for k in range(20_000)}),
    "nothing": b"", "eight bytes": bytes(8), "a zip of nothing": b"PK\x05\x06" + bytes(18),
    "a torn zip": b"PK\x03\x04" + bytes(99),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_poisoned_weights_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(HOSTILE[kind])
    text, peak = hostile.peak_bytes(lambda: _refusal(lambda: build_network(path)))
    assert peak < MOST
    assert text.startswith("model.safetensors")
    assert text.endswith((".", ")."))
    assert str(tmp_path) not in text


def _refusal(work: Callable[[], object]) -> str:
    with pytest.raises(DetectionError) as caught:
        work()
    return str(caught.value)


@pytest.mark.parametrize(
    "kind",
    ["a header of 2^63 bytes", "data beyond the end", "offsets below nothing", "a shape of text",
     "a shape below nothing", "offsets that are text", "no offsets", "a header nested without end"],
)  # fmt: skip
def test_looking_at_poisoned_weights_without_torch_refuses_them_too(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(WeightsError, match=r"^model\.safetensors .*\.$"):
        read_header(path)


class _Program:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._target),)


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt", "model.pth", "model.bin"])
@pytest.mark.parametrize("form", ["pickle", "torch"])
def test_a_pickled_program_is_not_run_whatever_it_is_called(tmp_path: Path, name: str, form: str) -> None:
    path, ran = tmp_path / name, tmp_path / "ran"
    if form == "torch":
        torch.save({"weight": _Program(ran)}, path)
    else:
        path.write_bytes(pickle.dumps(_Program(ran)))
    with pytest.raises(WeightsError, match=r"^model\..*\."):
        import_model(ModelStore(tmp_path / "models"), path)
    assert not ran.exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    weights = load_file(resource_path("models", "compact.safetensors"))
    name = next(name for name, each in weights.items() if each.dtype.is_floating_point and each.numel() > 10)
    weights[name] = weights[name].clone()
    weights[name].view(-1)[3] = value
    path = tmp_path / "model.safetensors"
    save_file(weights, path, {"architecture": "compact"})
    with pytest.raises(WeightsError, match="no numbers"):
        build_network(path)


@pytest.mark.parametrize("damage", ["missing", "surplus", "shape", "whole numbers"])
def test_tensors_that_fit_no_network_are_named(tmp_path: Path, damage: str) -> None:
    weights = load_file(resource_path("models", "compact.safetensors"))
    name = max(weights, key=lambda each: weights[each].numel())
    if damage == "missing":
        del weights[name]
    elif damage == "surplus":
        weights["backdoor.weight"] = torch.zeros(3)
    elif damage == "shape":
        weights[name] = weights[name].reshape(-1)
    else:
        weights[name] = weights[name].to(torch.int32)
    path = tmp_path / "model.safetensors"
    save_file(weights, path, {"architecture": "compact"})
    if damage == "whole numbers":
        return _loads_or_refuses(path)
    with pytest.raises(WeightsError, match="backdoor" if damage == "surplus" else name.replace(".", r"\.")):
        build_network(path)
    return None


def _loads_or_refuses(path: Path) -> None:
    try:
        build_network(path)
    except WeightsError as error:
        refusal = str(error)
    else:
        return
    assert refusal.endswith(".")


CARDS = [
    b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"name": NaN}', b"\xff\xfe\x00", b'{"operating_points": 1}',
    b'{"name":"a","title":"b","architecture":"compact","weights_sha256":"","parameters":1e999,"has_score":true,'
    b'"has_attention":true,"operating_points":[],"summary":""}',
    b'{"name":"a","title":"b","architecture":"compact","weights_sha256":"","parameters":1,"has_score":true,'
    b'"has_attention":true,"operating_points":[{"name":"x","score_threshold":7}],"summary":""}',
    b'{"name":"../../x","title":"<script>","architecture":"../x","weights_sha256":"","parameters":1,"has_score":true,'
    b'"has_attention":true,"operating_points":[],"summary":"","metrics":{"test":[1]},"lineage":[],"calibration":7}',
]  # fmt: skip


@pytest.mark.parametrize("content", CARDS)
def test_a_spoilt_card_is_told_on_the_shelf_and_the_others_stand(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "mine-0001"
    folder.mkdir()
    (folder / "model.json").write_bytes(content)
    (folder / "model.safetensors").write_bytes(b"")
    store = ModelStore(tmp_path)
    shelf = store.shelf()
    assert any(model.is_bundled and not model.trouble for model in shelf.models)
    mine = next(model for model in shelf.models if not model.is_bundled)
    assert store.text(mine.name)
    store.delete(mine.name)
    assert sorted(path.name for path in tmp_path.parent.iterdir() if path.name == "x") == []
