"""What a run's weights get once it is over: calibration, stops, and whom they know; kept beside them as a card."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from lungview.detection.build import build_network
from lungview.detection.cards import ModelCard, card_beside
from lungview.detection.digest import sha256_of
from lungview.detection.safetensors_header import read_header
from lungview.detection.store.card_making import Making, make_card, to_bytes
from lungview.domain.detection import OperatingPoint
from lungview.domain.model_shelf import Lineage, Origin
from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview.task import Task
from lungview_training.config import TrainingConfig
from lungview_training.data import read_data
from lungview_training.evaluation.calibrate import fit_slices, recalibrated
from lungview_training.evaluation.marks import JudgedSlice
from lungview_training.heldout import HeldOut, gives_scores, judge_samples
from lungview_training.known_patients import ENTRY, table_of, tables_of_elder
from lungview_training.run_files import SPLIT_FILE
from lungview_training.split import read_split
from lungview_training.stops import operating_points, plain_point
from lungview_training.whole_scans import FEWEST_PATIENTS as FEWEST_FOR_SCANS
from lungview_training.whole_scans import count_false_marks

log = logging.getLogger(__name__)

FEWEST_PATIENTS, FEWEST_BOXES = 3, 20
"""Validation patients, and readers' boxes on their slices, from which calibration and stops are a model's own."""
_FEW_PATIENTS = 20
"""Below so many the note says "only"."""

_ENTRIES = ("calibration", "operating_points", "stops_note", "whole_scans", ENTRY)

Facts = dict[str, object]


def card_of_run(
    config: TrainingConfig, weights: Path, base: str, elder: ModelCard | None, task: Task | None = None
) -> Facts:
    """The card's entries on scores and patients; written as a card beside the weights, and read from there again.

    base: name of the model that the run went on from, "" for none. elder: its card, None where it is gone.
    """
    sha256 = sha256_of(weights)
    card = card_beside(weights, sha256)
    if card is None:
        made = _made(config, weights, sha256, base, elder, task or Task())
        _keep(weights, made)
        facts: Mapping[str, object] = made
    else:
        facts = card.facts
    return {name: facts[name] for name in _ENTRIES if name in facts}


def score_facts(
    config: TrainingConfig, weights: Path, base: str, elder: ModelCard | None, task: Task | None = None
) -> Facts:
    """Calibration and the three stops, fitted on the run's validation patients, or taken over where they are too few.

    Nothing for networks without scores.
    """
    network = build_network(weights)
    if not gives_scores(network):
        return {}
    judged = judge_samples(config, network, read_data(config, with_crops=False).validation)
    if _is_too_few(judged):
        return _inherited(judged, base, elder)
    calibration = fit_slices(judged)
    judged = recalibrated(judged, calibration)
    patients = len({each.patient for each in judged})
    points, scans = operating_points(judged), {}
    if patients >= FEWEST_FOR_SCANS:
        held = HeldOut(config.name, weights, tuple(judged))
        counts = count_false_marks(config, [held], points, calibration, task)
        points = counts.told(points)
        scans = {"whole_scans": {"patients": counts.patients, "scans": counts.scans}}
    return {
        "calibration": {
            "temperature": round(calibration.temperature, 6),
            "bias": round(calibration.bias, 6),
            "patients": patients,
            "fitted_on": "validation patients, by whom the weights were chosen too",
        },
        "operating_points": _plain(points),
        "stops_note": f"Measured on {'only ' if patients < _FEW_PATIENTS else ''}{patients} validation patients.",
        **scans,
    }


def _is_too_few(judged: Sequence[JudgedSlice]) -> bool:
    boxed = {each.patient for each in judged if len(each.truth)}
    return len(boxed) < FEWEST_PATIENTS or sum(len(each.truth) for each in judged) < FEWEST_BOXES


def _inherited(judged: Sequence[JudgedSlice], base: str, elder: ModelCard | None) -> Facts:
    """The elder's calibration and thresholds, without its figures: nobody measured them with these weights."""
    count, boxes = len({each.patient for each in judged}), sum(len(each.truth) for each in judged)
    few = f"too few validation patients ({count}, with {boxes} boxes)"
    if elder is None or not elder.info.operating_points:
        return {"stops_note": f"T{few[1:]} to fit stops on."}
    points = [OperatingPoint(point.name, point.score_threshold) for point in elder.info.operating_points]
    facts: Facts = {
        "operating_points": _plain(points),
        "stops_note": f"Stops of {base}: {few} for its own.",
    }
    if elder.info.calibration is not None:
        temperature, bias = elder.info.calibration
        facts["calibration"] = {"temperature": temperature, "bias": bias, "patients": 0, "fitted_on": f"as in {base}"}
    return facts


def _made(config: TrainingConfig, weights: Path, sha256: str, base: str, elder: ModelCard | None, task: Task) -> Facts:
    """The whole card; a run whose data are gone by now gets one that says nothing of scores."""
    try:
        facts = score_facts(config, weights, base, elder, task)
    except TrainingError:
        log.info("stops were not chosen", exc_info=True)
        facts = {}
    header = read_header(weights)
    measured = {**facts, ENTRY: _known(config, base, elder)}
    making = Making(Origin.TRAINED, Lineage(parent=base), measured=measured)
    return make_card(config.name, header.architecture, header, sha256, making)


def _known(config: TrainingConfig, base: str, elder: ModelCard | None) -> list[dict[str, object]]:
    try:
        own = table_of(config.name, read_split(config.output / SPLIT_FILE))
    except TrainingError:
        own = {"model": config.name}
    elders = [] if not base else tables_of_elder(base, {} if elder is None else elder.facts)
    return [own, *elders]


def _keep(weights: Path, card: Facts) -> None:
    try:
        write_atomically(weights.with_suffix(".json"), to_bytes(card))
    except OSError as error:  # a full disk; the card is made again when it is next asked for
        log.warning("a run's card could not be written: %s", error.strerror or type(error).__name__)


def _plain(points: Sequence[OperatingPoint]) -> list[dict[str, object]]:
    return [plain_point(point) for point in points]
