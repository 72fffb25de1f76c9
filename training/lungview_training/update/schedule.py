"""How fast weights move, step by step."""

import math

from lungview_training.config import Schedule, TrainingConfig


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Rise straight over the warm-up, then fall along a cosine to a hundredth; or stay where it is."""
    if config.schedule is Schedule.CONSTANT:
        return config.learning_rate
    warmup = max(1, round(config.warmup_share * config.steps))
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, config.steps - warmup)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
