"""What a raw header says of patient, study and series."""

from dataclasses import dataclass

from lungview.dicom import kinds, numbers, tags, text

FACT_TAGS = (
    tags.CHARACTER_SET,
    tags.SOP_CLASS_UID,
    tags.IMAGE_TYPE,
    tags.STUDY_DATE,
    tags.STUDY_DESCRIPTION,
    tags.SERIES_DESCRIPTION,
    tags.MODALITY,
    tags.PATIENT_NAME,
    tags.PATIENT_ID,
    tags.PATIENT_BIRTH_DATE,
    tags.PATIENT_SEX,
    tags.PATIENT_POSITION,
    tags.BODY_PART,
    tags.KERNEL,
    tags.STUDY_INSTANCE_UID,
    tags.SERIES_INSTANCE_UID,
    tags.SERIES_NUMBER,
    tags.FRAME_OF_REFERENCE_UID,
    tags.RESCALE_TYPE,
    tags.UNITS,
    tags.OVERLAY_ROWS,
)
"""What facts are made of."""

_HU_TYPES = frozenset({"", "HU", "US"})
"""Rescale types (DICOM PS3.3 C.11.1) under which CT values are HU: older scanners write US, "unspecified"."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plane says of its patient, study and series; equal, and the same object, for most planes of a series.

    unit: "HU" for CT values, else the DICOM unit ("BQML") or "" where numbers mean nothing absolute. has_overlay:
    whether graphics come with it (PS3.3 C.9.2).
    """

    sop_class_uid: str
    image_type: tuple[str, ...]
    patient_id: str
    patient_name: str
    patient_sex: str
    patient_birth_date: str
    patient_position: str
    study_uid: str
    study_date: str
    study_description: str
    series_uid: str
    series_number: int | None
    series_description: str
    modality: str
    body_part: str
    kernel: str
    frame_of_reference_uid: str
    unit: str
    has_overlay: bool


def decode_facts(values: dict[int, bytes]) -> Facts:
    """Return the facts in a header's raw values."""
    character_set = values.get(tags.CHARACTER_SET, b"")

    def plain(tag: int) -> str:
        return text.plain(values.get(tag, b""))

    def decoded(tag: int, *, is_name: bool = False) -> str:
        return text.decode(values.get(tag, b""), character_set, is_name=is_name)

    return Facts(
        sop_class_uid=plain(tags.SOP_CLASS_UID),
        image_type=tuple(part.strip() for part in plain(tags.IMAGE_TYPE).split("\\")),
        patient_id=decoded(tags.PATIENT_ID),
        patient_name=decoded(tags.PATIENT_NAME, is_name=True),
        patient_sex=plain(tags.PATIENT_SEX),
        patient_birth_date=plain(tags.PATIENT_BIRTH_DATE),
        patient_position=plain(tags.PATIENT_POSITION),
        study_uid=plain(tags.STUDY_INSTANCE_UID),
        study_date=plain(tags.STUDY_DATE).replace(".", ""),
        study_description=decoded(tags.STUDY_DESCRIPTION),
        series_uid=plain(tags.SERIES_INSTANCE_UID),
        series_number=numbers.integer(values.get(tags.SERIES_NUMBER)),
        series_description=decoded(tags.SERIES_DESCRIPTION),
        modality=plain(tags.MODALITY) or ("CT" if kinds.is_ct(plain(tags.SOP_CLASS_UID)) else "OT"),
        body_part=plain(tags.BODY_PART),
        kernel=" ".join(dict.fromkeys(part.strip() for part in decoded(tags.KERNEL).split("\\") if part.strip())),
        frame_of_reference_uid=plain(tags.FRAME_OF_REFERENCE_UID),
        unit=_unit(values),
        has_overlay=tags.OVERLAY_ROWS in values,
    )


def _unit(values: dict[int, bytes]) -> str:
    rescale_type = text.plain(values.get(tags.RESCALE_TYPE, b"")).upper()
    if not kinds.is_ct(text.plain(values.get(tags.SOP_CLASS_UID, b""))):
        return text.plain(values.get(tags.UNITS, b"")).upper()
    is_derived_map = rescale_type == "US" and values.get(tags.IMAGE_TYPE, b"").startswith(b"DERIVED")
    if rescale_type in _HU_TYPES and not is_derived_map:
        return "HU"
    return "" if rescale_type == "US" else rescale_type
