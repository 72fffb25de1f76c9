"""Weights files: what is read, what is refused, and in which words."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from lungview.detection.build import build_network
from lungview.detection.networks.compact import CompactNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.weights import read_shapes, read_weights
from lungview.errors import WeightsError
from tests.support.weights import compact_file, study_network


class _Trap:
    """Writes a file as soon as anybody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def _same(network: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(network.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_state_dict"])
def test_a_state_dict_loads_under_usual_wrappers_and_prefixes(tmp_path: Path, prefix: str, wrapper: str | None) -> None:
    network = study_network()
    state = {prefix + name: value for name, value in network.state_dict().items()}
    torch.save(state if wrapper is None else {wrapper: state, "epoch": 7}, tmp_path / "w.pt")
    assert _same(build_network(tmp_path / "w.pt"), network)


def test_half_precision_safetensors_load_as_float32(tmp_path: Path) -> None:
    state = {name: value.half() for name, value in study_network().state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    network = build_network(tmp_path / "w.safetensors")
    assert {value.dtype for value in network.parameters()} == {torch.float32}


def test_the_old_torch_format_loads(tmp_path: Path) -> None:
    network = study_network()
    torch.save(network.state_dict(), tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert _same(build_network(tmp_path / "w.pth"), network)


def test_the_architecture_is_told_by_the_tensors(tmp_path: Path) -> None:
    torch.save(study_network(128).state_dict(), tmp_path / "w.pt")
    network = build_network(tmp_path / "w.pt")
    assert isinstance(network, SimpleCancerCNN)
    assert network.input_size == 128
    assert isinstance(build_network(compact_file(tmp_path)), CompactNet)


def test_a_whole_pickled_module_is_refused_with_the_remedy(tmp_path: Path) -> None:
    torch.save(study_network(), tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt is a pickled program .*SimpleCancerCNN.*model\.state_dict\(\)"):
        build_network(tmp_path / "model.pt")


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_program_in_a_weights_file_is_not_run(tmp_path: Path, is_zip: bool) -> None:
    mark = tmp_path / "ran"
    torch.save({"conv1.weight": _Trap(mark)}, tmp_path / "w.pt", _use_new_zipfile_serialization=is_zip)
    with pytest.raises(WeightsError, match=r"w\.pt is a pickled program"):
        build_network(tmp_path / "w.pt")
    assert not mark.exists()


def test_a_bare_pickle_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (tmp_path / "w.pt").write_bytes(pickle.dumps(_Trap(mark)))
    with pytest.raises(WeightsError, match=r"w\.pt"):
        build_network(tmp_path / "w.pt")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.safetensors", b"These are my notes."),
        ("notes.txt", b"a"),
        ("empty.pt", b""),
        ("zip.pt", b"PK\x03\x04 not a zip after all"),
        ("short.safetensors", (64).to_bytes(8, "little") + b"{" + b" " * 80),
        ("pickle.pt", b"\x80\x04garbage"),
    ],
)
def test_a_file_that_is_not_weights_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name) as caught:
        build_network(tmp_path / name)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    path = compact_file(tmp_path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(WeightsError, match=r"own\.safetensors is damaged"):
        build_network(path)
    torch.save(study_network().state_dict(), tmp_path / "w.pt")
    whole = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"w\.pt is damaged"):
        build_network(tmp_path / "w.pt")


def _without(state: dict[str, Tensor]) -> None:
    del state["fc2.bias"]


def _surplus(state: dict[str, Tensor]) -> None:
    state["fc3.bias"] = torch.zeros(4)


def _misshapen(state: dict[str, Tensor]) -> None:
    state["conv2.weight"] = torch.zeros(32, 16, 5, 5)


def _not_square(state: dict[str, Tensor]) -> None:
    state["fc1.weight"] = torch.zeros(256, 32 * 17)


def _not_a_number(state: dict[str, Tensor]) -> None:
    state["fc2.weight"][0, 0] = float("nan")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_without, "lacks fc2.bias"),
        (_surplus, "holds fc3.bias"),
        (_misshapen, r"conv2.weight has shape \(32, 16, 5, 5\)"),
        (_not_square, "fits no network"),
        (_not_a_number, "no numbers in fc2.weight"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_layer(tmp_path: Path, spoil: object, words: str) -> None:
    state = dict(study_network().state_dict())
    assert callable(spoil)
    spoil(state)
    for path in (tmp_path / "w.safetensors", tmp_path / "w.pt"):
        save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
        with pytest.raises(WeightsError, match=words):
            build_network(path)


def test_a_checkpoint_without_a_state_dict_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "list.pt")
    torch.save({"loss": 0.5, "conv1.weight": torch.zeros(3)}, tmp_path / "mixed.pt")
    with pytest.raises(WeightsError, match="holds no state dict"):
        read_weights(tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="more than tensors"):
        read_weights(tmp_path / "mixed.pt")


def test_shapes_of_the_study_s_size_are_read_without_its_numbers(tmp_path: Path) -> None:
    shapes = {name: tuple(value.shape) for name, value in SimpleCancerCNN(is_unset=True).state_dict().items()}
    header, start = [], 0
    for name, shape in shapes.items():
        length = 4 * int(torch.Size(shape).numel())
        header.append(f'"{name}":{{"dtype":"F32","shape":{list(shape)},"data_offsets":[{start},{start + length}]}}')
        start += length
    text = ("{" + ",".join(header) + "}").encode()
    with (tmp_path / "study.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + start)  # a file of holes: 537 MB that take no room
    assert read_shapes(tmp_path / "study.safetensors") == shapes
    assert start == 4 * 134_223_812


@pytest.mark.slow
def test_weights_of_the_study_s_size_load_and_run(tmp_path: Path) -> None:
    save_file(SimpleCancerCNN().state_dict(), tmp_path / "study.safetensors")
    network = build_network(tmp_path / "study.safetensors")
    assert isinstance(network, SimpleCancerCNN)
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 512, 512)).shape == (1, 4)


def test_a_header_whose_length_begins_as_a_pickle_does_is_still_safetensors(tmp_path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(0x80)
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    assert read_shapes(tmp_path / "w.safetensors") == {"w": (1,)}
