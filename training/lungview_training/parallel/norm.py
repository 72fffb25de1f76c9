"""Batch normalisation over all processes' slices: torch's own does that on GPUs only.

Mean and variance (Ioffe 2015) are taken over the whole batch as if one process held it, in two passes, so that a sum of
squares never has to be told from a large mean; gradients flow back through both.
"""

from collections.abc import Callable

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import FunctionCtx
from torch.nn.modules.batchnorm import _BatchNorm


class _SumOfAll(torch.autograd.Function):
    """Add up a tensor over all processes; its gradient is added up likewise, for each has used the sum."""

    @staticmethod
    def forward(_ctx: FunctionCtx, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: FunctionCtx, slope: Tensor) -> Tensor:
        total = slope.contiguous().clone()
        distributed.all_reduce(total)
        return total


class SharedBatchNorm(_BatchNorm):
    """A batch normalisation whose statistics are all processes'; its state dict is that of the one it stands for."""

    def __init__(self, own: _BatchNorm) -> None:
        super().__init__(own.num_features, own.eps, own.momentum, own.affine, own.track_running_stats)
        self.weight, self.bias = own.weight, own.bias
        self.running_mean, self.running_var = own.running_mean, own.running_var
        self.num_batches_tracked = own.num_batches_tracked
        self.train(own.training)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected 2 or more axes, not {input.dim()}")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) to the same; N may differ between processes."""
        if not self.training:
            return super().forward(x)
        others = [axis for axis in range(x.dim()) if axis != 1]
        shape = [1, -1] + [1] * (x.dim() - 2)
        number = x.new_full((1,), x.numel() // x.shape[1])
        sums: Tensor = _SumOfAll.apply(torch.cat([x.sum(others), number]))  # type: ignore[no-untyped-call]
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centred = x - mean.view(shape)
        squares: Tensor = _SumOfAll.apply(centred.square().sum(others))  # type: ignore[no-untyped-call]
        variance = squares / count
        self._remember(mean.detach(), (squares / (count - 1)).detach())
        scale = torch.rsqrt(variance + self.eps)
        normal = centred * scale.view(shape)
        return normal if self.weight is None else normal * self.weight.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics as torch does."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def share_norms(network: nn.Module, device: torch.device) -> None:
    """Let every batch normalisation of a network reckon over all processes; names and tensors stay what they are."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if not isinstance(child, _BatchNorm) or isinstance(child, SharedBatchNorm):
                continue
            convert: Callable[[_BatchNorm], nn.Module] = SharedBatchNorm
            if device.type == "cuda":
                convert = nn.SyncBatchNorm.convert_sync_batchnorm
            setattr(parent, name, convert(child))
