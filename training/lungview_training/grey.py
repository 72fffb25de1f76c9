"""Hounsfield units guessed for CT slices that were saved as 8-bit grey, each scaled by its own extremes."""

from collections.abc import Sequence

import numpy as np

from lungview.domain.arrays import FloatArray, HuArray, UInt8Array

# (mean, standard deviation) in HU of what fills a chest: air outside, lung, fat, muscle and organs, enhanced blood.
_TISSUES = np.array([(-1008, 22), (-860, 70), (-102, 24), (48, 26), (140, 70)], dtype=np.float64)
_LOWEST_HU = (-1024.0,)
CROP_LOWEST_HU = (-1024.0, -960.0, -900.0, -840.0)
"""What grey 0 may stand for in a crop, which need not hold air."""
_HIGHEST_HU = np.arange(500.0, 3081.0, 20.0)
"""12-bit scanners stop at 3071 HU."""
_ROUNDS = 12
_BACKGROUND = 1e-5
"""Density per HU of whatever is none of the tissues, such as bone and metal."""


def estimate_hu(grey: UInt8Array, lowest: Sequence[float] = _LOWEST_HU) -> HuArray:
    """Turn (H, W) 8-bit grey into int16 HU.

    The slice was mapped linearly from its own lowest and highest HU to 0-255. The pair of extremes is taken under
    which the histogram is likeliest as a mixture of air, lung, fat and soft tissue; shares are fitted for each pair.
    lowest: HU that grey 0 may stand for; -1024 by default, since scanners clip there.
    """
    low, high = estimate_range(np.bincount(grey.ravel(), minlength=256).astype(np.float64), lowest)
    values = low + grey.astype(np.float32) * ((high - low) / 255.0)
    hu: HuArray = np.clip(np.rint(values), -1024, 3071).astype(np.int16)
    return hu


def estimate_range(histogram: FloatArray, lowest: Sequence[float] = _LOWEST_HU) -> tuple[float, float]:
    """HU of grey 0 and of grey 255, from a histogram (256,) of counts."""
    pairs = np.array([(low, high) for low in lowest for high in _HIGHEST_HU if high - low > 600])
    counts = np.asarray(histogram, dtype=np.float64).copy()
    # Grey 0 is mostly padding and the clipped air outside the body: it would outweigh everything that tells the scale.
    counts[0] = min(counts[0], max(counts[1:].max(), 1.0))
    likelihoods = _log_likelihood(counts, pairs)
    low, high = pairs[int(np.argmax(likelihoods))]
    return float(low), float(high)


def _log_likelihood(counts: FloatArray, pairs: FloatArray) -> FloatArray:
    """(P,) log-likelihood of counts (256,) under each (low, high) of pairs (P, 2), tissue shares fitted by EM."""
    step = (pairs[:, 1] - pairs[:, 0]) / 255.0
    hu = pairs[:, :1] + step[:, None] * np.arange(256)
    spread = np.sqrt(_TISSUES[:, 1][None, :, None] ** 2 + (step[:, None, None] ** 2) / 12)
    density = np.exp(-0.5 * ((hu[:, None] - _TISSUES[:, 0][None, :, None]) / spread) ** 2) / (spread * 2.5066)
    density = density * step[:, None, None]
    rest = np.full((len(pairs), 1, 256), _BACKGROUND) * step[:, None, None]
    parts = np.concatenate([density, rest], axis=1)
    shares = np.full((len(pairs), parts.shape[1]), 1.0 / parts.shape[1])
    for _ in range(_ROUNDS):
        weighted = shares[:, :, None] * parts
        weighted /= weighted.sum(axis=1, keepdims=True) + 1e-300
        shares = (weighted * counts).sum(axis=2)
        shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray((np.log((shares[:, :, None] * parts).sum(axis=1) + 1e-300) * counts).sum(axis=1))
