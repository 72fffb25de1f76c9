"""Kept answers are used only by the code that would give them again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lungview import app
from lungview.detection.networks.compact import CompactNet
from lungview.detection.registry import RESULTS_REVISION, load_detector
from lungview.domain.volume import Volume
from lungview.task import Task
from tests.support.volumes import make_stack, make_volume

FIGURES = (20, 0.1120, 118.502, 78.641, 122.111, 95.647, 0.9371)
"""Boxes, the best one's score and corners, the attention map's mean."""


def _file(folder: Path) -> Path:
    """Weights that are the same everywhere, drawn from no random generator."""
    state = CompactNet().state_dict()
    for number, (name, value) in enumerate(sorted(state.items())):
        wave = torch.sin(torch.arange(value.numel(), dtype=torch.float64) * 0.7 + number).reshape(value.shape)
        if value.ndim > 1:
            state[name] = (wave / float(value[0].numel()) ** 0.5).float()
        elif value.dtype.is_floating_point and name.endswith("bias"):
            state[name] = (0.1 * wave).float()
    state["heads.weight"] *= 20
    state["heads.bias"][[0, 6]] = 3.0
    state["presence.weight"] *= 0.01
    save_file(state, folder / "w.safetensors", {"architecture": "compact"})
    return folder / "w.safetensors"


def _volume() -> Volume:
    k, j, i = np.ogrid[:3, :96, :128]
    voxels = (700 * np.sin(k + i / 9) * np.cos(j / 7) - 300).astype(np.int16)
    return make_volume(make_stack(3, 96, 128, spacing_mm=(1.7, 1.7)), voxels)


def test_answers_that_change_ask_for_a_new_revision(tmp_path: Path) -> None:
    # Where this fails on purpose: raise RESULTS_REVISION and renew the figures.
    (answer,) = load_detector(str(_file(tmp_path)), "cpu").detect(_volume(), [1], Task())
    best = answer.detections[0]
    assert answer.attention is not None
    found = [len(answer.detections), best.score, *best.box.as_tuple(), float(answer.attention.mean())]
    assert found == pytest.approx(FIGURES, rel=2e-3)
    assert RESULTS_REVISION == 3


def test_another_revision_or_way_of_looking_does_not_use_kept_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "cache_folder", lambda: tmp_path / "cache")
    weights, kept = str(_file(tmp_path)), tmp_path / "cache" / "detections"

    def look(*, is_thorough: bool = False) -> int:
        list(app.load_detector(weights, "cpu", is_thorough=is_thorough).detect(_volume(), [1], Task()))
        return len(list(kept.iterdir()))

    assert [look(), look(), look(is_thorough=True), look(is_thorough=True)] == [1, 1, 2, 2]
    monkeypatch.setattr("lungview.detection.registry.RESULTS_REVISION", RESULTS_REVISION + 1)
    assert look() == 3
