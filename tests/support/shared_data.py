"""Real CT data that stands beside the checkout, and is nowhere else."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3] / "shared" / "data"

SERIES = (
    "ct-3slice-seg",
    "ct-abdomen-j2k-totalseg",
    "ct-chest-cptac",
    "ct-tilt-phantom-philips",
    "ct-tiny-legacy-enhanced",
    "dicomdir-tiny",
    "lung-pet-ct-dx-boxed",
    "lung-pet-ct-dx-slicelabels",
    "torture-charset",
)
"""Folders of DICOM files that must all be read."""
HOSTILE = ("torture-structure", "torture-transfer-syntax")
"""Folders of DICOM files of which some are to be refused."""


def shared(*parts: str) -> Path:
    """Return a path in the team's real data, or skip the test where it is absent."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data not at hand: {'/'.join(parts)}")
    return path
