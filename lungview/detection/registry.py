"""Models by name or file."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from lungview.detection.build import Network, build_network
from lungview.detection.calibrated import CalibratedReader
from lungview.detection.calibration import Calibration
from lungview.detection.cards import ModelCard, card_beside
from lungview.detection.detector import NetworkDetector, Reader
from lungview.detection.device import share_cores
from lungview.detection.digest import sha256_of
from lungview.detection.fusion import fuse
from lungview.detection.mil import read_mil
from lungview.detection.models_info import architecture
from lungview.detection.networks.lesion import LesionNet
from lungview.detection.networks.mil_attention import MilAttentionNet
from lungview.detection.readers import LesionReader, read_simple_cancer_cnn
from lungview.detection.store.store import ModelStore
from lungview.domain.detection import Detector, ModelInfo, OperatingPoint
from lungview.errors import DetectionError, WeightsError

log = logging.getLogger(__name__)

DEFAULT = "default"

RESULTS_REVISION = 3
"""Grows whenever the same files and the same weights give other boxes or maps than before: by another reading of
pixels, resampling, choice of neighbours, fusing or decoding. Kept answers of another revision are not used."""

_UNMEASURED = (OperatingPoint("balanced", 0.3),)


def available_models() -> tuple[ModelInfo, ...]:
    """The bundled models and the reader's own, the default first."""
    return ModelStore().shelf().usable


@dataclass(frozen=True, slots=True)
class _How:
    device: str
    workers: int
    is_thorough: bool
    is_calibrated: bool


def load_detector(
    name_or_file: str = DEFAULT,
    device: str = "auto",
    *,
    is_thorough: bool = False,
    leaves_a_core: bool = True,
    is_calibrated: bool = True,
) -> Detector:
    """Load a model by name ("default" for the default one), or the weights in a file.

    is_thorough: look at each slice twice, as it is and mirrored. leaves_a_core: to a window that is to go on answering.
    is_calibrated: False for scores as the network gives them, whatever its card says. Sets torch's threads for the
    whole process.
    """
    how = _How(device, share_cores(leaves_one=leaves_a_core), is_thorough, is_calibrated)
    store = ModelStore()
    shelf = store.shelf()
    model = shelf.by_key(shelf.default) if name_or_file == DEFAULT else shelf.by_name(name_or_file)
    for notice in shelf.notices if name_or_file == DEFAULT else ():
        log.warning("%s", notice)
    if model is not None:
        return _stored(store.card(model.name), how, is_bundled=model.is_bundled)
    path = Path(name_or_file).expanduser()
    if path.is_file():
        return _from_file(path, how)
    if name_or_file == DEFAULT:
        raise DetectionError("The bundled model is missing: install LungView again, or name a weights file.")
    known = ", ".join(sorted(each.name for each in shelf.models)) or "none"
    raise DetectionError(f"There is no model and no file named {path.name!r}; models: {known}.")


def _stored(card: ModelCard, how: _How, *, is_bundled: bool) -> Detector:
    """A model of the shelf, its weights checked against the card."""
    if sha256_of(card.weights) != card.info.weights_sha256:
        if not is_bundled:
            raise WeightsError(
                f"The weights of {card.info.name!r} are not those its card describes: delete the model, and import or "
                "train it again."
            )
        raise WeightsError(f"{card.weights.name} is not the file its card describes: install LungView again.")
    network = build_network(card.weights)
    log.info("loaded a model of the network %s", card.info.architecture)
    return _detector(network, card.info, how)


def _from_file(path: Path, how: _How) -> Detector:
    network, sha256 = build_network(path), sha256_of(path)
    if card := card_beside(path, sha256):
        return _detector(network, replace(card.info, title=f"{card.info.title} ({path.name})"), how)
    known = architecture(network.key)
    info = ModelInfo(
        name=path.stem,
        title=f"{known.title} ({path.name})",
        architecture=known.key,
        weights_sha256=sha256,
        parameters=sum(value.numel() for value in network.parameters()),
        has_score=known.has_score,
        has_attention=True,
        operating_points=_UNMEASURED if known.has_score else (),
        summary="Weights from a file; nothing is known of how well they do.",
    )
    return _detector(network, info, how)


def _detector(network: Network, info: ModelInfo, how: _How) -> Detector:
    reader = _reader(network, how.is_thorough)
    if info.calibration is not None and how.is_calibrated:
        reader = CalibratedReader(reader, Calibration(*info.calibration))
    return NetworkDetector(fuse(network), reader, info, how.device, how.workers)


def _reader(network: Network, is_thorough: bool) -> Reader:
    if isinstance(network, MilAttentionNet):
        return read_mil
    return LesionReader(is_thorough=is_thorough) if isinstance(network, LesionNet) else read_simple_cancer_cnn
