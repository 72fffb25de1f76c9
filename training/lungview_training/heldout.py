"""What weights say of patients that they did not learn from, of one run or of the folds of a cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lungview.detection.build import Network, build_network
from lungview.detection.decode import LOWEST_SCORE
from lungview.detection.models_info import architecture
from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig
from lungview_training.evaluate import SliceResult
from lungview_training.evaluation.marks import JudgedSlice, judge
from lungview_training.learners.choose import make_learner
from lungview_training.run_files import BEST_FILE, LAST_FILE, SPLIT_FILE
from lungview_training.samples import SAMPLE_MM, Sample
from lungview_training.split import Part, member_of, read_split


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Judged slices of patients that these weights did not learn from.

    run: the folder's name. has_score: whether the network tells one mark from another by a score.
    """

    run: str
    weights: Path
    slices: tuple[JudgedSlice, ...]
    has_score: bool = True

    @property
    def patients(self) -> frozenset[str]:
        """Whose slices they are."""
        return frozenset(each.patient for each in self.slices)


def weights_in(folder: Path) -> Path:
    """A run's best weights, else its last."""
    for path in (folder / BEST_FILE, folder / LAST_FILE):
        if path.is_file():
            return path
    raise TrainingError(f"The run {folder.name} has no weights there: train first, or name a file with --weights.")


def gives_scores(network: Network) -> bool:
    """Whether a network tells one mark from another by a score."""
    return architecture(network.key).has_score


def judge_samples(config: TrainingConfig, network: Network, samples: Sequence[Sample]) -> list[JudgedSlice]:
    """Ask a network, whichever it is, about samples, and compare with the readers' boxes.

    Marks that the detector would not show at any threshold are left out, and so are slices without boxes that may
    hold a lesion all the same.
    """
    channels = getattr(network, "in_channels", config.in_channels)
    learner = make_learner(replace(config, network=network.key, in_channels=channels))
    trusted = [sample for sample in samples if len(sample.boxes) or (sample.is_negative_known and not sample.label)]
    # Learners ask about slices of one shape together, and answer in that order.
    ordered = sorted(trusted, key=lambda sample: sample.hu.shape)
    results = learner.predict(network, ordered)
    return [_judged(sample, result) for sample, result in zip(ordered, results, strict=True)]


def read_folds(config: TrainingConfig, samples: Sequence[Sample], folders: Sequence[Path]) -> list[HeldOut]:
    """Each run's weights on the samples of its own test part.

    Raises TrainingError where two runs share a test patient, or one has none of the samples in its test part.
    """
    folds: list[HeldOut] = []
    for folder in folders:
        split = read_split(folder / SPLIT_FILE)
        weights = weights_in(folder)
        members = split.members(Part.TEST)
        held = [sample for sample in samples if member_of(sample, split.kind) in members]
        if not held:
            raise TrainingError(f"The run {folder.name} has none of the data's patients in its test part.")
        network = build_network(weights)
        judged = tuple(judge_samples(config, network, held))
        fold = HeldOut(folder.name, weights, judged, gives_scores(network))
        for other in folds:
            if shared := fold.patients & other.patients:
                raise TrainingError(
                    f"{len(shared)} patients are in the test part of {fold.run} and of {other.run}: "
                    "name runs whose test parts have nobody in common."
                )
        folds.append(fold)
    return folds


def _judged(sample: Sample, result: SliceResult) -> JudgedSlice:
    assert sample.patient == result.patient
    scores = result.scores.astype(np.float64)
    is_shown = scores >= LOWEST_SCORE
    return judge(
        sample.patient,
        sample.series,
        sample.name,
        (sample.subtype,) if sample.subtype else (),
        result.boxes[is_shown],
        scores[is_shown],
        result.truth,
        (SAMPLE_MM, SAMPLE_MM),
    )
