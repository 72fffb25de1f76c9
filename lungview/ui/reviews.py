"""Keeps what the reader made of findings, on disk, by stack and lesion, without a patient's name."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from lungview.domain.finding import ReviewState
from lungview.domain.study import Stack
from lungview.files import parse_json, write_atomically

log = logging.getLogger(__name__)


class ReviewStore:
    """One small JSON file per stack, named by a hash of its SOP Instance UIDs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, stack: Stack) -> dict[str, ReviewState]:
        """Row id -> state as last saved; empty where nothing was, or where the file makes no sense."""
        try:
            stored = parse_json(self._file(stack).read_text(encoding="utf-8"))
            return {str(row): ReviewState(made) for row, made in stored["reviews"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            log.warning("reviews not read: %s", type(error).__name__)
            return {}

    def save(self, stack: Stack, reviews: Mapping[str, ReviewState]) -> None:
        """Write a stack's reviews; raises OSError and then leaves what was saved before."""
        kept = {row: made.value for row, made in sorted(reviews.items()) if made is not ReviewState.OPEN}
        write_atomically(self._file(stack), json.dumps({"version": 1, "reviews": kept}, indent=1).encode())

    def _file(self, stack: Stack) -> Path:
        return self._folder / f"{_content_key(stack)}.json"


def _content_key(stack: Stack) -> str:
    """The same for the same instances wherever they lie; says nothing of the patient."""
    named = [f"{each.sop_instance_uid}/{each.frame}" for each in stack.instances]
    return hashlib.sha256("\n".join(sorted(named)).encode()).hexdigest()[:32]
