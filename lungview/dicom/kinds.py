"""What a SOP class is: a picture, or another kind of DICOM object (DICOM PS3.4 annex B, PS3.6 annex A)."""

from functools import lru_cache
from typing import Final

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."

_OTHER_KINDS: Final = (
    ("1.2.840.10008.1.3.10", "the index of a disc"),
    (_STORAGE + "9.", "a waveform"),
    (_STORAGE + "11.", "a presentation state"),
    (_STORAGE + "30", "a parametric map"),
    (_STORAGE + "66.1", "a spatial registration"),
    (_STORAGE + "66.2", "a set of fiducials"),
    (_STORAGE + "66.3", "a spatial registration"),
    (_STORAGE + "66.4", "a segmentation"),
    (_STORAGE + "66.5", "a surface segmentation"),
    (_STORAGE + "66.6", "a set of tracks"),
    (_STORAGE + "66.7", "a segmentation"),
    (_STORAGE + "66", "raw data of a scanner"),
    (_STORAGE + "67", "a real world value map"),
    (_STORAGE + "68.", "a surface scan"),
    (_STORAGE + "78.", "an eye measurement"),
    (_STORAGE + "79.", "an eye measurement"),
    (_STORAGE + "80.", "an eye measurement"),
    (_STORAGE + "88.59", "a key object selection"),
    (_STORAGE + "88.", "a structured report"),
    (_STORAGE + "90.", "a structured report"),
    (_STORAGE + "104.", "an encapsulated document"),
    (_STORAGE + "200.", "an imaging protocol"),
    (_STORAGE + "481.2", "a radiotherapy dose"),
    (_STORAGE + "481.3", "a radiotherapy structure set"),
    (_STORAGE + "481.4", "a radiotherapy treatment record"),
    (_STORAGE + "481.5", "a radiotherapy plan"),
    (_STORAGE + "481.6", "a radiotherapy treatment record"),
    (_STORAGE + "481.7", "a radiotherapy treatment record"),
    (_STORAGE + "481.8", "a radiotherapy plan"),
    (_STORAGE + "481.", "a radiotherapy object"),
    (_STORAGE + "4.2", "a spectrum"),
    ("1.2.840.10008.5.1.4.34.", "a procedure step"),
    ("1.2.840.10008.5.1.4.38.", "a hanging protocol"),
    ("1.2.840.10008.5.1.4.39.", "a colour palette"),
    ("1.2.840.10008.5.1.4.43.", "an implant template"),
    ("1.2.840.10008.5.1.4.45.", "an implant template"),
)
"""Prefix of the SOP Class UID and what it is, most particular first; a prefix ends at a full component."""

_RT_IMAGE: Final = _STORAGE + "481.1"
_SECONDARY_CAPTURE: Final = _STORAGE + "7"
_CT: Final = _STORAGE + "2"
_ENHANCED: Final = frozenset(
    _STORAGE + part for part in ("2.1", "2.2", "4.1", "4.3", "4.4", "6.2", "6.3", "12.1.1", "12.2.1", "128.1", "130")
)


@lru_cache(maxsize=256)
def name_of_other_kind(sop_class_uid: bytes | str) -> str:
    """Return what an object that is no picture is, in words with an article; "" for pictures and unknown classes."""
    uid = sop_class_uid.decode("ascii", "replace") if isinstance(sop_class_uid, bytes) else sop_class_uid
    uid = uid.strip("\0 ")
    if uid == _RT_IMAGE:
        return ""
    for prefix, name in _OTHER_KINDS:
        if uid == prefix or uid.startswith(prefix if prefix.endswith(".") else prefix + "."):
            return name
    return ""


def is_secondary_capture(sop_class_uid: str) -> bool:
    """Whether pictures of this class were made from a screen or a film, not measured."""
    return sop_class_uid == _SECONDARY_CAPTURE or sop_class_uid.startswith(_SECONDARY_CAPTURE + ".")


def is_ct(sop_class_uid: str) -> bool:
    """Whether this is CT Image Storage or one of its multi-frame forms."""
    return sop_class_uid == _CT or sop_class_uid.startswith(_CT + ".")


def keeps_geometry_per_frame(sop_class_uid: str) -> bool:
    """Whether files of this class hold functional groups (DICOM PS3.3 C.7.6.16)."""
    return sop_class_uid in _ENHANCED
