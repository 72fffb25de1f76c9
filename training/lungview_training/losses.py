"""What a network is taught: where lesions' centres are, how far their sides, which pixels, whether any."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lungview.detection.networks.lesion import STRIDE, LesionOutput
from lungview.domain.arrays import FloatArray
from lungview_training.sampling import Batch

BOX_WEIGHT, MASK_WEIGHT, PRESENCE_WEIGHT = 3.0, 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Targets:
    """Truth on the grid of the heads. heat: (N, 1, h, w) 1 at centres. boxes: (N, 4, h, w). weights: (N, h, w)."""

    heat: Tensor
    boxes: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> "Targets":
        """The same on another device."""
        return Targets(self.heat.to(device), self.boxes.to(device), self.weights.to(device))


@dataclass(frozen=True, slots=True)
class Losses:
    """Scalars by part, as they enter the sum."""

    heat: Tensor
    box: Tensor
    mask: Tensor
    presence: Tensor
    quality: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return self.heat + self.box + self.mask + self.presence + self.quality


def encode(boxes: tuple[FloatArray, ...], shape: tuple[int, int]) -> Targets:
    """Draw each box as a Gaussian on cells of STRIDE pixels (Liu 2020); shape: (h, w). Small boxes win over large."""
    count, (height, width) = len(boxes), shape
    heat = np.zeros((count, height, width), dtype=np.float32)
    sides = np.zeros((count, 4, height, width), dtype=np.float32)
    weights = np.zeros((count, height, width), dtype=np.float32)
    ys, xs = (np.arange(side, dtype=np.float32) + 0.5 for side in shape)
    for index, of_slice in enumerate(boxes):
        areas = (of_slice[:, 2] - of_slice[:, 0]) * (of_slice[:, 3] - of_slice[:, 1])
        for box in of_slice[np.argsort(-areas)]:
            xmin, ymin, xmax, ymax = box / STRIDE
            column = int(np.clip((xmin + xmax) / 2, 0, width - 1))
            row = int(np.clip((ymin + ymax) / 2, 0, height - 1))
            spread_x, spread_y = (max(0.54 * side / 6, 0.45) for side in (xmax - xmin, ymax - ymin))
            along = np.exp(-((xs - column - 0.5) ** 2) / (2 * spread_x**2))
            down = np.exp(-((ys - row - 0.5) ** 2) / (2 * spread_y**2))
            bump = down[:, None] * along[None, :]
            heat[index] = np.maximum(heat[index], bump)
            near = bump > 0.05
            sides[index][:, near] = box[:, None]
            weights[index][near] = bump[near] / bump[near].sum()
    return Targets(torch.from_numpy(heat)[:, None], torch.from_numpy(sides), torch.from_numpy(weights))


def compute(output: LesionOutput, batch: Batch, targets: Targets) -> Losses:
    """All losses of a batch."""
    has_lesion = torch.tensor([float(len(boxes) > 0) for boxes in batch.boxes], device=output.presence.device)
    presence = functional.binary_cross_entropy_with_logits(output.presence, has_lesion, reduction="none")
    known = batch.knows_presence
    return Losses(
        heat=focal(output.heat, targets.heat),
        box=BOX_WEIGHT * box_loss(output.sides, targets),
        quality=quality_loss(output, targets),
        mask=MASK_WEIGHT * mask_loss(output.mask, batch.mask, batch.knows_mask),
        presence=PRESENCE_WEIGHT * (presence * known).sum() / known.sum().clamp(min=1.0),
    )


def focal(logits: Tensor, heat: Tensor) -> Tensor:
    """Penalty-reduced focal loss of CornerNet (Law 2018), alpha 2, beta 4, by the number of centres."""
    chance = torch.sigmoid(logits)
    centres = (heat >= 0.999).float()
    at_centres = functional.logsigmoid(logits) * (1 - chance) ** 2 * centres
    elsewhere = functional.logsigmoid(-logits) * chance**2 * (1 - heat) ** 4 * (1 - centres)
    return -(at_centres.sum() + elsewhere.sum()) / centres.sum().clamp(min=1.0)


def box_loss(sides: Tensor, targets: Targets) -> Tensor:
    """1 - GIoU (Rezatofighi 2019) about each lesion's centre, each lesion weighing the same."""
    total = targets.weights.sum()
    if total == 0:
        return sides.sum() * 0.0
    near = targets.weights > 0
    proposed = sides_to_boxes(sides).permute(0, 2, 3, 1)[near]
    wanted = targets.boxes.permute(0, 2, 3, 1)[near]
    return ((1 - giou(proposed, wanted)) * targets.weights[near]).sum() / total


def quality_loss(output: LesionOutput, targets: Targets) -> Tensor:
    """Cross-entropy of the expected IoU of each cell's box about lesions' centres with the IoU that it has."""
    total = targets.weights.sum()
    if total == 0:
        return output.quality.sum() * 0.0
    near = targets.weights > 0
    proposed = sides_to_boxes(output.sides.detach()).permute(0, 2, 3, 1)[near]
    overlap = plain_iou(proposed, targets.boxes.permute(0, 2, 3, 1)[near])
    each = functional.binary_cross_entropy_with_logits(output.quality[:, 0][near], overlap, reduction="none")
    return (each * targets.weights[near]).sum() / total


def sides_to_boxes(sides: Tensor) -> Tensor:
    """(N, 4, h, w) distances from each cell's centre to (N, 4, h, w) xmin, ymin, xmax, ymax in input pixels."""
    height, width = sides.shape[2:]
    xs = (torch.arange(width, device=sides.device) + 0.5) * STRIDE
    ys = ((torch.arange(height, device=sides.device) + 0.5) * STRIDE)[:, None]
    return torch.stack(
        [xs - sides[:, 0], ys - sides[:, 1], xs + sides[:, 2], ys + sides[:, 3]],
        dim=1,
    )


def plain_iou(a: Tensor, b: Tensor) -> Tensor:
    """(N,) IoU in [0, 1] of boxes (N, 4) pair by pair."""
    shared, union = _overlap(a, b)
    return shared / union.clamp(min=torch.finfo(a.dtype).eps)


def _overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) areas of what boxes share and of what they cover together."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    own = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1)
    return shared, own + (b[:, 2:] - b[:, :2]).clamp(min=0).prod(dim=1) - shared


def giou(a: Tensor, b: Tensor) -> Tensor:
    """(N,) generalised IoU in (-1, 1] of boxes (N, 4) pair by pair."""
    shared, union = _overlap(a, b)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    tiny = torch.finfo(a.dtype).eps
    return shared / union.clamp(min=tiny) - (around - union) / around.clamp(min=tiny)


def mask_loss(logits: Tensor, mask: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy on slices whose masks are known, and Dice on those of them that hold a lesion."""
    wanted = functional.avg_pool2d(mask, STRIDE)
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean(dim=(1, 2, 3))
    chance = torch.sigmoid(logits)
    shared = (chance * wanted).sum(dim=(1, 2, 3))
    dice = 1 - (2 * shared + 1) / ((chance**2).sum(dim=(1, 2, 3)) + (wanted**2).sum(dim=(1, 2, 3)) + 1)
    holds = known * (wanted.sum(dim=(1, 2, 3)) > 0).float()
    return (each * known).sum() / known.sum().clamp(min=1) + (dice * holds).sum() / holds.sum().clamp(min=1)
