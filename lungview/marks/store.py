"""Records on disk, one file per case: written whole or not at all, and merged with what another window wrote."""

import logging
from collections.abc import Iterator
from pathlib import Path

from lungview.errors import LungViewError
from lungview.files import locked, set_aside, write_atomically
from lungview.marks.document import NewerVersionError, from_json, to_json
from lungview.marks.record import CaseRecord, merged

log = logging.getLogger(__name__)


class MarksError(LungViewError):
    """The reader's marks cannot be read or kept."""


class RecordStore:
    """A folder of records. Names are hashes: they say nothing of a patient."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, key: str) -> Path:
        """Where a case's record is."""
        return self.folder / f"{key}.json"

    def load(self, key: str) -> CaseRecord:
        """A case's record, an empty one where there is none yet; a damaged file is put aside, never written over.

        Raises MarksError where the file can't be read, or was written by a later version of the program.
        """
        path = self.file(key)
        try:
            return from_json(path.read_bytes())
        except FileNotFoundError:
            return CaseRecord()
        except NewerVersionError as error:
            raise MarksError(
                "Your marks of this case were written by a later version of LungView; open the case with that version."
            ) from error
        except OSError as error:
            raise MarksError(f"Your marks of this case can't be read ({error.strerror}); check its rights.") from error
        except ValueError:
            log.warning("a damaged record of marks was put aside")
            set_aside(path)
            return CaseRecord()

    def save(self, key: str, base: CaseRecord, mine: CaseRecord) -> CaseRecord:
        """Write a record together with what others wrote since base was read; returns what now stands there.

        Raises MarksError, and then leaves the file as it was.
        """
        try:
            with locked(self.folder / f".{key}.lock"):
                kept = merged(base, mine, self.load(key))
                write_atomically(self.file(key), to_json(kept))
        except OSError as error:
            why = error.strerror or "the disk refuses it"
            raise MarksError(
                f"Your marks could not be saved ({why}); free some space or check LUNGVIEW_HOME. They are kept in the "
                "window meanwhile."
            ) from error
        return kept

    def all(self) -> Iterator[tuple[str, CaseRecord]]:
        """Every case's key and record; those that can't be read are left out."""
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            try:
                yield path.stem, from_json(path.read_bytes())
            except (OSError, ValueError) as error:
                log.warning("a record of marks was left out: %s", type(error).__name__)
