"""Which learner teaches the network that the settings name."""

from lungview.detection.networks.mil_attention import MilAttentionNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview_training.config import TrainingConfig
from lungview_training.learners.lesion import LesionLearner
from lungview_training.learners.mil import MilLearner
from lungview_training.learners.protocol import Learner
from lungview_training.learners.study import StudyLearner


def make_learner(config: TrainingConfig) -> Learner:
    """The learner of config.network."""
    if config.network == SimpleCancerCNN.key:
        return StudyLearner(config)
    return MilLearner(config) if config.network == MilAttentionNet.key else LesionLearner(config)
