"""What the training windows ask for, joined here from detection and the trainer; called in job threads."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungview.domain.detection import Detector
    from lungview.task import Task
    from lungview.ui.training.services import TrainingServices
    from lungview_training.config import TrainingConfig
    from lungview_training.preflight.report import Remark
    from lungview_training.supervision.plan import BaseModel
    from lungview_training.supervision.proof import Proof

log = logging.getLogger(__name__)

_FRESH = "fresh"


def training_services(folder: Path | None = None) -> "TrainingServices":
    """folder: where trainings are kept, None for the user's own place."""
    from lungview.ui.training.services import TrainingServices

    return TrainingServices(
        base_models=base_models, devices=devices, check=check, prove=prove, keep=keep, folder=folder
    )


def base_models() -> "tuple[BaseModel, ...]":
    """Models that training can go on from, the default first, and an untrained network."""
    from lungview.app import model_store
    from lungview.detection.models_info import TRAINABLE
    from lungview_training.supervision.plan import BaseModel

    store = model_store()
    models = [each for each in store.shelf().models if not each.trouble and each.info.architecture in TRAINABLE]
    cards = [store.card(model.name) for model in models]
    found = [
        BaseModel(card.info.name, card.info.title, card.info.architecture, card.weights, _channels(card.facts))
        for card in cards
    ]
    return (*found, BaseModel(_FRESH, "Nothing: an untrained network", "compact", None))


def devices() -> tuple[str, ...]:
    """What this computer has, best first."""
    from lungview.detection.device import available_devices

    return available_devices()


def check(config: "TrainingConfig", task: "Task") -> "tuple[Remark, ...]":
    """What there is to say of a run of these settings on this computer, what stands against it first."""
    from lungview.detection.device import choose_device
    from lungview.errors import LungViewError
    from lungview_training.preflight.check import check as look_closely
    from lungview_training.preflight.report import Remark, Severity, Topic

    task.check()
    try:
        choose_device(config.device)
    except LungViewError as error:
        return (Remark(Severity.STOP, Topic.DEVICE, str(error)),)
    report = look_closely(config)
    task.check()
    return report.remarks


def prove(config: "TrainingConfig", base: str, weights: Path, task: "Task") -> "Proof":
    """Both models on the run's data."""
    before = _detector("" if base == _FRESH else base)  # which loads torch as it must be loaded
    from lungview_training.proving import prove as compare

    return compare(config, before, _detector(str(weights)), task)


def keep(config: "TrainingConfig", base: str, weights: Path, name: str, proof: "Proof | None") -> str:
    """The run's weights among the reader's models; the name they have there."""
    from lungview_training.keep_model import from_proof, keep_model

    measured = {**from_proof(proof), **_thresholds(config, weights)}
    parent = "" if base == _FRESH else base
    return keep_model(config.output, name, weights=weights, parent=parent, measured=measured).name


def _thresholds(config: "TrainingConfig", weights: Path) -> dict[str, object]:
    """Operating points chosen on the run's validation patients; nothing where there are too few to choose on."""
    from lungview.detection.preload import load_torch_libraries
    from lungview.errors import LungViewError

    load_torch_libraries()
    from lungview_training.thresholds import operating_points_of

    try:
        return {"operating_points": points} if (points := operating_points_of(config, weights)) else {}
    except LungViewError:  # its data may be gone by now; the model is kept all the same
        log.info("thresholds were not chosen", exc_info=True)
        return {}


def _detector(name_or_file: str) -> "Detector":
    from lungview.app import load_detector

    return load_detector(name_or_file, is_cached=False, leaves_a_core=True)


def _channels(facts: object) -> int:
    value = facts.get("in_channels", 3) if isinstance(facts, dict) else 3
    return value if isinstance(value, int) else 3
