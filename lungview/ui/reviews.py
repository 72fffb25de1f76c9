"""Keeps what the reader made of findings, on disk, by stack and lesion, without a patient's name."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from lungview.domain.finding import ReviewState
from lungview.domain.study import Stack
from lungview.errors import LungViewError
from lungview.files import locked, parse_json, set_aside, write_atomically

log = logging.getLogger(__name__)

Reviews = Mapping[str, ReviewState]
"""Row id -> what was made of it; a row that is open need not be there."""

VERSION = 1


class ReviewsError(LungViewError):
    """Reviews cannot be read or kept."""


class ReviewStore:
    """One small JSON file per stack, named by a hash of its SOP Instance UIDs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, stack: Stack) -> dict[str, ReviewState]:
        """The reviews as last saved, empty where nothing was; a damaged file is put aside.

        Raises ReviewsError where the file can't be read, or was written by a later version of the program.
        """
        path = self.file(stack)
        try:
            return _from_json(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ReviewsError(f"Your reviews can't be read ({error.strerror}); check their rights.") from error
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            log.warning("damaged reviews were put aside: %s", type(error).__name__)
            set_aside(path)
            return {}

    def save(self, stack: Stack, mine: Reviews, base: Reviews | None = None) -> dict[str, ReviewState]:
        """Write a stack's reviews together with what others wrote since base was read; returns what now stands there.

        Raises ReviewsError, and then leaves the file as it was.
        """
        path = self.file(stack)
        try:
            with locked(path.with_name(f".{path.stem}.lock")):
                kept = _together(base or {}, mine, self.load(stack))
                table = {"version": VERSION, "reviews": {row: kept[row].value for row in sorted(kept)}}
                write_atomically(path, json.dumps(table, indent=1).encode())
        except OSError as error:
            why = error.strerror or "the disk refuses it"
            raise ReviewsError(
                f"Your reviews could not be saved ({why}); free some space or check LUNGVIEW_HOME. They are kept "
                "in the window meanwhile, and tried again."
            ) from error
        return kept

    def file(self, stack: Stack) -> Path:
        """Where a stack's reviews are; the same for the same instances wherever they lie."""
        content = "\n".join(sorted(f"{each.sop_instance_uid}/{each.frame}" for each in stack.instances))
        return self._folder / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.json"


def _from_json(data: bytes) -> dict[str, ReviewState]:
    table = parse_json(data)
    if int(table.get("version", VERSION)) > VERSION:
        raise ReviewsError(
            "Your reviews of this series were written by a later version of LungView; they are left as they are."
        )
    return {str(row): ReviewState(made) for row, made in table["reviews"].items()}


def _together(base: Reviews, mine: Reviews, theirs: Reviews) -> dict[str, ReviewState]:
    """What two windows made of the rows: whoever changed one is heard, mine where both did."""
    kept: dict[str, ReviewState] = {}
    for row in dict.fromkeys((*theirs, *mine)):
        was, own, other = (each.get(row, ReviewState.OPEN) for each in (base, mine, theirs))
        made = other if own == was else own
        if made is not ReviewState.OPEN:
            kept[row] = made
    return kept
