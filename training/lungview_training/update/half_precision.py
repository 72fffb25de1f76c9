"""Mixed precision on GPUs: convolutions in half precision, everything that is summed up or compared in single."""

import torch
from torch import Tensor, nn

from lungview_training.tensors import each_tensor


class HalfPrecision(nn.Module):
    """Stands before a network: its layers run in float16 where torch holds that safe, its answer is float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> object:
        """What the network says of x."""
        with torch.autocast(x.device.type, torch.float16):
            answer: object = self.network(x)
        return each_tensor(answer, lambda value: value.float() if value.is_floating_point() else value)
