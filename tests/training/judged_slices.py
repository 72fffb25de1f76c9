"""Slices that were judged, and pictures to judge, made on the spot."""

from pathlib import Path

import numpy as np
from skimage.io import imsave

from lungview_training.evaluation.marks import JudgedSlice, judge


def judged(
    patient: str, boxes: list[tuple[float, ...]], scores: list[float], *truth: tuple[float, ...], scan: str = "scan"
) -> JudgedSlice:
    """One slice, its marks best first."""
    arrays = [np.array(part, np.float32).reshape(-1, 4) for part in (boxes, truth)]
    return judge(patient, scan, "1", (), arrays[0], np.array(scores, dtype=np.float64), arrays[1])


def random_slices(seed: int = 3, slices: int = 30) -> list[JudgedSlice]:
    """Patients of five slices each, with random boxes, marks near them, and others; some scores are equal."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(slices):
        truth = [(x, y, x + 20, y + 20) for x, y in random.uniform(0, 60, (random.integers(0, 4), 2))]
        near = [
            tuple(np.array(box) + random.normal(0, 4, 4).clip(-9, 9))
            for box in truth
            for _ in range(random.integers(0, 3))
        ]
        far = [(x, y, x + 12, y + 12) for x, y in random.uniform(0, 80, (3, 2))]
        scores = np.sort(np.round(random.uniform(0, 1, len(near) + 3), 2))[::-1].tolist()
        marks = [*near, *far]
        order = random.permutation(len(marks)).tolist()
        made.append(judged(f"P{number // 5}", [marks[place] for place in order], scores, *truth))
    return made


def write_pictures(folder: Path) -> Path:
    """Two patients of two pictures of 64 x 64; the first of each has the box 10, 10, 30, 30."""
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for patient in ("P1", "P2"):
        (folder / "images" / patient).mkdir(parents=True)
        for name, corners in (("0", "10,10,30,30"), ("1", ",,,")):
            picture = np.random.default_rng(5).integers(0, 255, (64, 64), dtype=np.uint8)
            imsave(folder / "images" / patient / f"{name}.png", picture, check_contrast=False)
            rows.append(f"{patient},{name},{corners}")
    (folder / "boxes.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "dataset.toml").write_text('rotate = 0\nvalues = "grey"\n', encoding="utf-8")
    return folder
