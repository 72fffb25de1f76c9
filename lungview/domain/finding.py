"""What a reader or a file asserts, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from lungview.domain.box import Box


class Source(StrEnum):
    """Who says so."""

    READER = "reader"
    AI = "ai"
    BOTH = "both"


class ReviewState(StrEnum):
    """What the reader in front of the screen made of a lesion."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A box that a reader drew on one slice.

    label: the file's own word, which may be empty; in the dataset a subtype letter.
    author, time: who drew it and when (ISO 8601), "" where the file does not say.
    frame: zero-based frame of a multi-frame instance. is_own: drawn in this program rather than read from an original.
    is_echo: a model's box that the reader accepted and left as it was, which says nothing of how well that box fits.
    """

    sop_instance_uid: str
    box: Box
    label: str = ""
    author: str = ""
    time: str = ""
    frame: int = 0
    is_own: bool = False
    is_echo: bool = False
