"""Score thresholds of a run's weights, chosen on its validation patients."""

from pathlib import Path

from lungview.detection.build import build_network
from lungview_training.config import TrainingConfig
from lungview_training.data import read_data
from lungview_training.heldout import gives_scores, judge_samples
from lungview_training.stops import operating_points, plain_point


def operating_points_of(config: TrainingConfig, weights: Path) -> list[dict[str, object]]:
    """The three named stops as cards have them; none for networks without scores, or without validation patients."""
    network = build_network(weights)
    if not gives_scores(network):
        return []
    validation = read_data(config, with_crops=False).validation
    if not any(len(sample.boxes) for sample in validation):
        return []
    return [plain_point(point) for point in operating_points(judge_samples(config, network, validation))]
