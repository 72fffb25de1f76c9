"""What is damaged: real files that stand beside the checkout where they do, and small ones made here."""

import gzip
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.fuzz.mutate import mutate
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series
from tests.support.shared_data import ROOT

_LARGEST = 700_000
_HALF_WEIGHT = 20_000
"""Bytes at which a file is taken half as often as a tiny one: large ones take long and teach no more."""
_TORTURE = ("torture-structure", "torture-transfer-syntax", "torture-charset", "ct-tiny-legacy-enhanced")
_SYNTAXES = (RLELossless, JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1)


@dataclass(frozen=True, slots=True)
class Seed:
    """A sound file. header: how many of its first bytes are worth most of the damage. weight: how often it is taken.

    A weight of 0 stands for one by its size.
    """

    name: str
    content: bytes
    header: int
    weight: float = 0.0

    @property
    def share(self) -> float:
        """How often it is taken, against others."""
        return self.weight or 1.0 / (1.0 + len(self.content) / _HALF_WEIGHT)


def mutant(kind: str, seed: int, index: int) -> tuple[str, bytes]:
    """Return a damaged file and the name of what it was made from; the same each time for the same arguments."""
    random = Random(f"{kind} {seed} {index}")
    seeds = seeds_of(kind)
    chosen = random.choices(seeds, [each.share for each in seeds])[0]
    others = [each.content for each in seeds]
    return chosen.name, mutate(chosen.content, others, random, chosen.header)


@cache
def seeds_of(kind: str) -> tuple[Seed, ...]:
    """The sound files of a kind."""
    makers = {
        "dicom": _dicom, "zip": _zips, "xml": _xmls, "safetensors": _safetensors, "card": _cards,
        "csv": _csvs, "toml": _tomls, "png": _pngs, "marks": _marks,
    }  # fmt: skip
    return tuple(makers[kind]())


def _dicom() -> list[Seed]:
    paths = [path for folder in _TORTURE for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    real = [path for path in paths if path.suffix != ".md" and path.stat().st_size <= _LARGEST]
    return _made_dicom() + [Seed(path.name, path.read_bytes(), 2048) for path in real]


@cache
def _made_dicom() -> list[Seed]:
    """One of each form that the program reads, a few kilobytes each."""
    seeds = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        recipe = Recipe(random_stored(1, 24, 20), padding=-2000)
        plain = write_series(folder / "a", recipe)[0]
        seeds.append(Seed("made-explicit", plain.read_bytes(), 1024))
        seeds.append(Seed("made-gz", gzip.compress(plain.read_bytes(), mtime=0), 1024))
        implicit = write_series(folder / "b", Recipe(random_stored(1, 24, 20), is_implicit=True))[0]
        seeds.append(Seed("made-implicit", implicit.read_bytes(), 1024))
        frames = write_multiframe(folder / "frames.dcm", Recipe(random_stored(3, 16, 16)))
        seeds.append(Seed("made-frames", frames.read_bytes(), 2048))
        for syntax in _SYNTAXES:
            packed = write_series(folder / syntax, Recipe(random_stored(1, 40, 40)))[0]
            compress(packed, syntax)
            seeds.append(Seed(f"made-{syntax.name}", packed.read_bytes(), 4096))
        dataset = dcmread(plain)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(folder / "deflated.dcm")
        seeds.append(Seed("made-deflated", (folder / "deflated.dcm").read_bytes(), 1024))
    return seeds


def _zips() -> list[Seed]:
    plain, packed = _made_dicom()[0].content, _made_dicom()[4].content
    seeds = []
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for member, content in (("a/1.dcm", plain), ("a/2.dcm", packed), ("b.xml", _xml(1)), ("c.zip", b"PK\3\4")):
                archive.writestr(zipfile.ZipInfo(member), content)
        seeds.append(Seed(f"zip-{name}", buffer.getvalue(), 1 << 20))
    return seeds


def _xml(boxes: int) -> bytes:
    one = (
        "<object><name>A</name><pose>Unspecified</pose><Difficult>0</Difficult><frame>1</frame>"
        "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>12</xmax><ymax>15.5</ymax></bndbox></object>"
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><annotation verified="yes"><filename>Unknow</filename>'
        "<source><database>Unknown</database></source><size><width>20</width><height>24</height><depth>1</depth></size>"
        f"{one * boxes}</annotation>"
    ).encode()


def _xmls() -> list[Seed]:
    study = (
        b"<annotation><size><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></size><dicom_num>1.2.3</dicom_num>"
        b"</annotation>"
    )
    made = [Seed("xml", _xml(1), 4096), Seed("xml-many", _xml(60), 4096), Seed("xml-study", study, 4096)]
    paths = sorted((ROOT / "lung-pet-ct-dx-boxed").rglob("*.xml"))[:4]
    return made + [Seed("xml-real", path.read_bytes(), 4096) for path in paths]


def _safetensors() -> list[Seed]:
    import torch
    from safetensors.torch import save

    from lungview.assets import resource_path

    bundled = resource_path("models", "compact.safetensors")
    tensors = {"a.weight": torch.zeros(2, 1, 3, 3), "a.bias": torch.zeros(2), "n": torch.zeros((), dtype=torch.int64)}
    seeds = [Seed("safetensors", save(tensors, {"architecture": "compact"}), 512)]
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    seeds.append(Seed("state-dict", buffer.getvalue(), 1 << 20))
    if bundled.is_file():
        content = bundled.read_bytes()
        length = int.from_bytes(content[:8], "little")
        seeds.append(Seed("bundled", content, 8 + length, weight=0.5))
    return seeds


def _cards() -> list[Seed]:
    from lungview.assets import resource_path

    return [Seed(path.stem, path.read_bytes(), 1 << 20) for path in sorted(resource_path("models").glob("*.json"))]


def _csvs() -> list[Seed]:
    rows = [b"subject,slice,xmin,ymin,xmax,ymax"]
    rows += [f"A000{k},{k},{k},{2 * k},{k + 5},{3 * k + 4}".encode() for k in range(8)]
    return [Seed("csv", b"\n".join([*rows, b"A0009,9,,,,", b""]), 4096)]


def _tomls() -> list[Seed]:
    return [
        Seed("dataset", b'rotate = 90\nvalues = "hu"\noffset = -1024\n', 4096),
        *(Seed(path.stem, path.read_bytes(), 4096) for path in sorted(_CONFIGS.glob("*.toml"))),
    ]


_CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"


def _pngs() -> list[Seed]:
    seeds = []
    for name, cells in (("png-8", np.arange(400, dtype=np.uint8)), ("png-16", np.arange(400, dtype=np.uint16) * 99)):
        buffer = io.BytesIO()
        Image.fromarray(cells.reshape(20, 20)).save(buffer, "png")
        seeds.append(Seed(name, buffer.getvalue(), 4096))
    return seeds


def _marks() -> list[Seed]:
    from lungview.domain.box import Box
    from lungview.marks.document import to_json
    from lungview.marks.mark import Mark, Origin, OriginKind, Place
    from lungview.marks.record import CaseRecord

    origin = Origin(OriginKind.AI, by="compact", score=0.75, box=Box(1, 2, 3, 4))
    mark = Mark("m1", Place("1.2.3", 0), Box(1.0, 2.0, 30.0, 40.0), "L1", "A", "Reader", "2024-01-02T03:04:05", origin)
    record = CaseRecord({mark.id: mark}, "x", "2024-01-02", "2024-01-03", True, {"abc": 0.5})
    return [Seed("marks", to_json(record), 4096)]
