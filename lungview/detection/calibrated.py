"""A reader whose scores go through its model's calibration."""

import torch
from torch import nn

from lungview.detection.calibration import Calibration
from lungview.detection.detector import Reader
from lungview.domain.detection import SliceDetections
from lungview.domain.volume import Volume


class CalibratedReader:
    """Passes on what another reader answers, each score turned into a chance."""

    def __init__(self, reader: Reader, calibration: Calibration) -> None:
        self._reader, self._calibration = reader, calibration

    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        """Answer for each index."""
        return [self._calibration.of(answer) for answer in self._reader(network, volume, indices, device)]
