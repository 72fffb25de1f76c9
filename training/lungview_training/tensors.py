"""Doing the same to every tensor of a network's answer, whatever it is made of."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from torch import Tensor

Answer = TypeVar("Answer")


def each_tensor(answer: Answer, change: Callable[[Tensor], Tensor]) -> Answer:
    """The answer with change done to each tensor in it; tensors, dataclasses, tuples, lists and dicts are entered."""
    changed: object = answer
    if isinstance(answer, Tensor):
        changed = change(answer)
    elif is_dataclass(answer) and not isinstance(answer, type):
        changed = replace(
            answer, **{each.name: each_tensor(getattr(answer, each.name), change) for each in fields(answer)}
        )
    elif isinstance(answer, tuple):
        parts = [each_tensor(each, change) for each in answer]
        changed = type(answer)(*parts) if hasattr(answer, "_fields") else tuple(parts)
    elif isinstance(answer, list):
        changed = [each_tensor(each, change) for each in answer]
    elif isinstance(answer, dict):
        changed = {key: each_tensor(each, change) for key, each in answer.items()}
    return cast(Answer, changed)
