"""Weights files: only tensors are ever read, never programs; shapes are looked at before the numbers."""

import logging
import pickle
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from lungview.errors import WeightsError

log = logging.getLogger(__name__)

Shapes = Mapping[str, tuple[int, ...]]
Value = TypeVar("Value")

LARGEST_FILE = 2_000_000_000
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "model.")


class _Form(StrEnum):
    SAFETENSORS = "safetensors"
    TORCH = "torch"


def read_architecture(path: Path) -> str | None:
    """The network's name that training wrote into a safetensors file; None where none is written."""
    if _form_of(path) is not _Form.SAFETENSORS:
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("architecture")
    except (SafetensorError, OSError, ValueError) as error:
        raise _broken(path) from error


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor, from the file's directory, without reading a number."""
    if _form_of(path) is _Form.SAFETENSORS:
        try:
            with safe_open(path, framework="pt") as file:
                return _clean({name: tuple(file.get_slice(name).get_shape()) for name in file.keys()})  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise _broken(path) from error
    tensors = _load_torch(path, "meta")
    return {name: tuple(value.shape) for name, value in tensors.items()}


def read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors as float32 on the CPU, wrappers and prefixes taken off; numbers that are none are refused."""
    if _form_of(path) is _Form.SAFETENSORS:
        try:
            with safe_open(path, framework="pt") as file:
                tensors = _clean({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise _broken(path) from error
    else:
        tensors = _load_torch(path, "cpu")
    return {name: _checked(value, name, path) for name, value in tensors.items()}


def _checked(value: Tensor, name: str, path: Path) -> Tensor:
    if not value.dtype.is_floating_point:
        return value
    value = value.float()
    # A sum is no number as soon as one element is none, and needs no copy of a large tensor.
    if not bool(torch.isfinite(value.sum(dtype=torch.float64))):
        raise WeightsError(f"{path.name} holds values that are no numbers in {name}: the training that made it failed.")
    return value


def _form_of(path: Path) -> _Form:
    """Tell by its first bytes what a file is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if size > LARGEST_FILE:
        raise WeightsError(f"{path.name} is larger than 2 GB and cannot be weights for a network of LungView.")
    # Safetensors first: the length of its header, which comes first, may begin as a pickle does.
    if len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return _Form.SAFETENSORS
    if head[:4] == b"PK\x03\x04" or head[:1] == b"\x80":
        return _Form.TORCH
    raise WeightsError(
        f"{path.name} is not a weights file: LungView reads safetensors, and state dicts saved by torch.save."
    )


def _load_torch(path: Path, device: str) -> dict[str, Tensor]:
    """Read a torch.save file without running anything in it."""
    mapped = zipfile.is_zipfile(path)
    try:
        with warnings.catch_warnings():
            # torch warns of pickles newer than its own; they are read or refused all the same.
            warnings.simplefilter("ignore", UserWarning)
            found = torch.load(path, map_location=device, weights_only=True, mmap=mapped and device == "cpu")
    except pickle.UnpicklingError as error:
        raise _program(path) from error
    except SafetensorError as error:  # torch goes by the name
        raise WeightsError(
            f"{path.name} is called safetensors but holds what torch.save writes, or nothing: give it the ending .pt."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise _broken(path) from error
    return _clean(_tensors(found, path))


def _tensors(found: object, path: Path) -> dict[str, Tensor]:
    """Find the state dict in what was saved: at the top, or in one of the usual wrappers."""
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found:
        raise WeightsError(f"{path.name} holds no state dict: save one with torch.save(model.state_dict(), ...).")
    tensors = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    if len(tensors) != len(found):
        raise WeightsError(f"{path.name} holds more than tensors: save torch.save(model.state_dict(), ...) alone.")
    return tensors


def _clean(values: Mapping[str, Value]) -> dict[str, Value]:
    """Take off prefixes that all names share."""
    cleaned = dict(values)
    for prefix in _PREFIXES:
        if cleaned and all(name.startswith(prefix) for name in cleaned):
            cleaned = {name.removeprefix(prefix): value for name, value in cleaned.items()}
    return cleaned


def _program(path: Path) -> WeightsError:
    """Word the refusal of a pickled program, naming what it wanted to load (listed without running it)."""
    try:
        wanted = sorted(
            {name.rsplit(".", 1)[-1] for name in torch.serialization.get_unsafe_globals_in_checkpoint(path)}
        )
    except Exception:  # whatever a hostile file makes the lister raise, the answer is the same
        log.debug("the globals of a refused weights file could not be listed", exc_info=True)
        wanted = []
    needs = f" (it needs {', '.join(_shortened(wanted))})" if wanted else ""
    return WeightsError(
        f"{path.name} is a pickled program{needs}, not weights, and is not opened since it could run anything. "
        "In the notebook that made it, save the weights alone: torch.save(model.state_dict(), 'weights.pt'), "
        "and open that file."
    )


def _shortened(names: Iterable[str], most: int = 6) -> list[str]:
    listed = list(names)
    return listed[:most] + (["..."] if len(listed) > most else [])


def _broken(path: Path) -> WeightsError:
    return WeightsError(f"{path.name} is damaged or cut short: copy or download it again.")
