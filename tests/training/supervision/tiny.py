"""Trainings that take seconds: small phantoms as pictures on the disk, one thread, a real worker process."""

from pathlib import Path

import numpy as np
from PIL import Image

from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from tests.training.phantoms import phantom


def write_pictures(folder: Path, patients: int = 5) -> Path:
    """Write a picture folder of so many patients of five slices each, three of them with a lesion."""
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for patient in range(patients):
        for index in range(5):
            sample = phantom(f"P{patient}", 10 * patient + index, has_lesion=index < 3)
            path = folder / "images" / sample.patient / f"{sample.name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            stored = sample.hu.astype(np.int32) + 1024
            stored[0, 0] = 10 * patient + index  # or patients with a slice in common would count as one
            Image.fromarray(stored.astype(np.uint16)).save(path)
            boxes = sample.boxes.astype(int).tolist() or [["", "", "", ""]]
            rows += [",".join(map(str, (sample.patient, sample.name, *box))) for box in boxes]
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "dataset.toml").write_text('values = "hu"\noffset = -1024\n', encoding="utf-8")
    return folder


def tiny_config(pictures: Path, steps: int = 6) -> TrainingConfig:
    """Return settings of a run of some seconds; the registry says where it goes."""
    return TrainingConfig(
        name="tiny",
        output=pictures / "unused",
        sources=(SourceConfig(SourceKind.IMAGES, pictures),),
        steps=steps,
        batch_size=2,
        sheet_share=0.0,
        field_size=64,
        image_size=64,
        checkpoint_every=2,
        evaluate_every=4,
        threads=1,
        device="cpu",
        validation_share=0.2,
        test_share=0.2,
        cache="off",
    )
