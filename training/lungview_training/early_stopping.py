"""Which weights are best so far, and when waiting for better ones is no use."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Best:
    """The best validation score, and how long nothing has clearly beaten it.

    patience: evaluations to wait, 0 for as many as there are. min_delta: by how much a score must beat the one waited
    on to count as a gain; the best weights are kept by any gain, however small.
    """

    patience: int
    min_delta: float
    score: float = -1.0
    step: int = 0
    reference: float = -math.inf
    waited: int = 0

    def take(self, score: float, step: int) -> bool:
        """Whether this score is the best so far."""
        if score > self.reference + self.min_delta:
            self.reference, self.waited = score, 0
        else:
            self.waited += 1
        if score < self.score:
            return False
        self.score, self.step = score, step
        return True

    @property
    def is_over(self) -> bool:
        """Whether the settings' patience is spent."""
        return 0 < self.patience <= self.waited
