"""What the training windows ask for, joined here from detection and the trainer; called in job threads."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungview.detection.cards import ModelCard
    from lungview.domain.detection import Detector
    from lungview.task import Task
    from lungview.ui.training.services import TrainingServices
    from lungview_training.config import SourceConfig, TrainingConfig
    from lungview_training.opened_once import OpenCase
    from lungview_training.preflight.report import DryBatch, Remark
    from lungview_training.supervision.plan import BaseModel
    from lungview_training.supervision.proof import Proof

_FRESH = "fresh"


def training_services(folder: Path | None = None) -> "TrainingServices":
    """folder: where trainings are kept, None for the user's own place."""
    from lungview.ui.training.services import TrainingServices

    return TrainingServices(
        base_models=base_models, devices=devices, check=check, trial=trial, prove=prove, keep=keep, folder=folder
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
        BaseModel(card.info.name, card.info.title, card.info.architecture, card.weights, _channels(card))
        for card in cards
    ]
    return (*found, BaseModel(_FRESH, "Nothing: an untrained network", "compact", None))


def devices() -> tuple[str, ...]:
    """What this computer has, best first."""
    from lungview.detection.preload import load_torch_libraries

    load_torch_libraries()  # or the window would stand still while torch is imported
    from lungview.detection.device import available_devices

    return available_devices()


def check(config: "TrainingConfig", task: "Task", opened: "OpenCase | None" = None) -> "tuple[Remark, ...]":
    """What there is to say of a run of these settings on this computer, what stands against it first."""
    from lungview.detection.device import choose_device
    from lungview.errors import LungViewError
    from lungview_training.opened_once import OpenedOnce
    from lungview_training.preflight.check import check as look_closely
    from lungview_training.preflight.report import Remark, Severity, Topic

    task.check()
    try:
        choose_device(config.device)
    except LungViewError as error:
        return (Remark(Severity.STOP, Topic.DEVICE, str(error)),)
    return look_closely(config, task=task, opened=opened or OpenedOnce()).remarks


def trial(config: "TrainingConfig", part: "Sequence[SourceConfig]", task: "Task") -> "DryBatch":
    """What a trial step on a part of the data takes; in a process of its own."""
    from lungview_training.supervision.trial import trial_step

    return trial_step(config, part, task)


def prove(config: "TrainingConfig", base: str, weights: Path, task: "Task") -> "Proof":
    """Both models on the run's data, the new one with the calibration and the stops that it is kept with."""
    before = _detector(_parent(base))  # which loads torch as it must be loaded
    from lungview_training.proving import prove as compare

    _scores(config, base, weights, task)
    return compare(config, before, _detector(str(weights)), task)


def keep(config: "TrainingConfig", base: str, weights: Path, name: str, proof: "Proof | None") -> str:
    """The run's weights among the reader's models; the name they have there."""
    from lungview.detection.preload import load_torch_libraries
    from lungview_training.keep_model import from_proof, keep_model

    load_torch_libraries()
    measured = {**from_proof(proof), **_scores(config, base, weights)}
    return keep_model(config.output, name, weights=weights, parent=_parent(base), measured=measured).name


def _scores(config: "TrainingConfig", base: str, weights: Path, task: "Task | None" = None) -> dict[str, object]:
    """What the card is to say of the new model's scores, and of whom it learned from."""
    from lungview.app import model_store
    from lungview_training.run_card import card_of_run

    parent = _parent(base)
    store = model_store()
    elder = store.shelf().by_name(parent) if parent else None
    card = store.card(elder.name) if elder is not None and not elder.trouble else None
    return card_of_run(config, weights, parent, card, task)


def _parent(base: str) -> str:
    """The model that a run went on from, "" where it began with an untrained network."""
    return "" if base == _FRESH else base


def _detector(name_or_file: str) -> "Detector":
    from lungview.app import load_detector

    return load_detector(name_or_file, is_cached=False, leaves_a_core=True)


def _channels(card: "ModelCard") -> int:
    """As the weights themselves tell; networks that see a slice alone are taught as any."""
    from lungview.detection.context import CHANNEL_COUNTS
    from lungview.detection.safetensors_header import read_header

    found = read_header(card.weights).in_channels
    return found if found in CHANNEL_COUNTS else CHANNEL_COUNTS[0]
