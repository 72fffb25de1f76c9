"""Which learner teaches the network that the settings name."""

from lungview_training.config import TrainingConfig
from lungview_training.learners.lesion import LesionLearner
from lungview_training.learners.protocol import Learner


def make_learner(config: TrainingConfig) -> Learner:
    """The learner of config.network."""
    return LesionLearner(config)
