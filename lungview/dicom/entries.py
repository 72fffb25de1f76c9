"""Turn a raw header into what the rest of the program knows: planes, and the facts of the series they belong to."""

from dataclasses import dataclass

from lungview.dicom import kinds, numbers, syntaxes, tags, text
from lungview.dicom.header import RawHeader
from lungview.domain.study import FileSource, Instance, PixelFormat
from lungview.domain.window import Window

_FACT_TAGS = (
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
)
_FORMAT_TAGS = (
    tags.SAMPLES_PER_PIXEL,
    tags.PHOTOMETRIC,
    tags.ROWS,
    tags.COLUMNS,
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.HIGH_BIT,
    tags.PIXEL_REPRESENTATION,
    tags.PIXEL_PADDING,
    tags.PIXEL_PADDING_LIMIT,
    tags.RESCALE_INTERCEPT,
    tags.RESCALE_SLOPE,
)
_COMMON_TAGS = (
    *_FACT_TAGS,
    *_FORMAT_TAGS,
    tags.MODALITY_LUT,
    tags.ACQUISITION_NUMBER,
    tags.IMAGE_ORIENTATION,
    tags.PIXEL_SPACING,
    tags.SLICE_THICKNESS,
    tags.WINDOW_CENTRE,
    tags.WINDOW_WIDTH,
)
_HU_TYPES = frozenset({"", "HU", "US"})
"""Rescale types (DICOM PS3.3 C.11.1) under which CT values are HU: older scanners write US, "unspecified"."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plane says of its patient, study and series; equal, and the same object, for most planes of a series.

    unit: "HU" for CT values, else the DICOM unit ("BQML") or "" where numbers mean nothing absolute.
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


@dataclass(slots=True)
class Entry:
    """One plane with what is needed to sort it into a stack."""

    instance: Instance
    facts: Facts
    acquisition_time: str = ""
    temporal_position: int | None = None


@dataclass(frozen=True, slots=True)
class _Common:
    """What most planes of a series say alike."""

    facts: Facts
    pixels: PixelFormat
    acquisition_number: int | None
    orientation: tuple[float, float, float, float, float, float] | None
    pixel_spacing_mm: tuple[float, float] | None
    slice_thickness_mm: float | None
    windows: tuple[Window, ...]


class EntryBuilder:
    """Builds entries; decodes only once what repeats from slice to slice."""

    def __init__(self) -> None:
        self._common: dict[tuple[object, ...], _Common] = {}
        self._facts: dict[tuple[bytes | None, ...], Facts] = {}

    def build(self, source: FileSource, header: RawHeader) -> list[Entry]:
        """Return one entry per plane of a file, in the order of its frames."""
        if header.frames:
            return [
                self._entry(source, header, {**header.values, **frame}, k, len(header.frames))
                for k, frame in enumerate(header.frames)
            ]
        frames = max(1, numbers.integer(header.values.get(tags.NUMBER_OF_FRAMES)) or 1)
        if frames == 1:
            return [self._entry(source, header, header.values, 0, 1)]
        # A classic multi-frame file tells one position at most: no frame is known to lie there.
        values = {tag: value for tag, value in header.values.items() if tag not in _SINGLE_PLANE}
        return [self._entry(source, header, values, k, frames) for k in range(frames)]

    def _entry(self, source: FileSource, header: RawHeader, values: dict[int, bytes], frame: int, frames: int) -> Entry:
        get = values.get
        key = (header.transfer_syntax_uid, header.pixel_offset, frame, *map(get, _COMMON_TAGS))
        common = self._common.get(key)
        if common is None:
            common = self._common[key] = self._read_common(header, values, frame)
        position = get(tags.IMAGE_POSITION)
        instance = Instance(
            source,
            text.plain(get(tags.SOP_INSTANCE_UID, b"")),
            common.pixels,
            frame,
            frames,
            numbers.integer(get(tags.INSTANCE_NUMBER)),
            common.acquisition_number,
            numbers.point(position) if position else None,
            common.orientation,
            common.pixel_spacing_mm,
            common.slice_thickness_mm,
            numbers.decimal(get(tags.SLICE_LOCATION)),
            common.windows,
        )
        return Entry(
            instance,
            common.facts,
            text.plain(get(tags.ACQUISITION_TIME, b"")),
            numbers.integer(get(tags.TEMPORAL_POSITION)),
        )

    def _read_common(self, header: RawHeader, values: dict[int, bytes], frame: int) -> _Common:
        get = values.get
        orientation, spacing = get(tags.IMAGE_ORIENTATION), get(tags.PIXEL_SPACING)
        return _Common(
            facts=self._facts_of(values),
            pixels=_decode_format(header, values, frame),
            acquisition_number=numbers.integer(get(tags.ACQUISITION_NUMBER)),
            orientation=numbers.orientation(orientation) if orientation else None,
            pixel_spacing_mm=numbers.spacing(spacing) if spacing else None,
            slice_thickness_mm=numbers.decimal(get(tags.SLICE_THICKNESS)),
            windows=_windows(get(tags.WINDOW_CENTRE), get(tags.WINDOW_WIDTH)),
        )

    def _facts_of(self, values: dict[int, bytes]) -> Facts:
        key = tuple(map(values.get, _FACT_TAGS))
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = _decode_facts(values)
        return facts


_SINGLE_PLANE = frozenset({tags.IMAGE_POSITION, tags.SLICE_LOCATION})


def _decode_facts(values: dict[int, bytes]) -> Facts:
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
    )


def _unit(values: dict[int, bytes]) -> str:
    rescale_type = text.plain(values.get(tags.RESCALE_TYPE, b"")).upper()
    if not kinds.is_ct(text.plain(values.get(tags.SOP_CLASS_UID, b""))):
        return text.plain(values.get(tags.UNITS, b"")).upper()
    is_derived_map = rescale_type == "US" and values.get(tags.IMAGE_TYPE, b"").startswith(b"DERIVED")
    if rescale_type in _HU_TYPES and not is_derived_map:
        return "HU"
    return "" if rescale_type == "US" else rescale_type


def _decode_format(header: RawHeader, values: dict[int, bytes], frame: int) -> PixelFormat:
    def number(tag: int, default: int = 0) -> int:
        return numbers.uint16(values.get(tag), default)

    bits_allocated = number(tags.BITS_ALLOCATED, 16)
    bits_stored = min(number(tags.BITS_STORED) or bits_allocated, bits_allocated)
    rows, columns = number(tags.ROWS), number(tags.COLUMNS)
    samples = number(tags.SAMPLES_PER_PIXEL, 1)
    is_signed = number(tags.PIXEL_REPRESENTATION) == 1
    slope = numbers.decimal(values.get(tags.RESCALE_SLOPE))
    has_plain_bits = number(tags.HIGH_BIT, bits_stored - 1) == bits_stored - 1
    is_plain = header.transfer_syntax_uid in syntaxes.UNCOMPRESSED_LITTLE_ENDIAN and has_plain_bits
    is_located = header.pixel_offset >= 0 and is_plain and bits_allocated % 8 == 0
    return PixelFormat(
        rows=rows,
        columns=columns,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        is_signed=is_signed,
        samples=samples,
        photometric=text.plain(values.get(tags.PHOTOMETRIC, b"")).upper() or ("RGB" if samples > 1 else "MONOCHROME2"),
        transfer_syntax_uid=header.transfer_syntax_uid,
        slope=1.0 if slope is None or slope == 0 else slope,
        intercept=numbers.decimal(values.get(tags.RESCALE_INTERCEPT)) or 0.0,
        padding=_padding(values, is_signed),
        has_modality_lut=tags.MODALITY_LUT in values,
        offset=header.pixel_offset + frame * (rows * columns * samples * bits_allocated // 8) if is_located else -1,
    )


def _padding(values: dict[int, bytes], is_signed: bool) -> tuple[int, int] | None:
    """Return the first and last stored value that stand for "no measurement" (DICOM PS3.3 C.7.5.1.1.2)."""
    if not values.get(tags.PIXEL_PADDING):
        return None

    def stored(tag: int) -> int:
        filed = numbers.uint16(values[tag])
        # Signedness follows Pixel Representation, whatever VR a writer chose; 0xF830 is -2000.
        return filed - 0x10000 if is_signed and filed >= 0x8000 else filed

    first = stored(tags.PIXEL_PADDING)
    last = stored(tags.PIXEL_PADDING_LIMIT) if values.get(tags.PIXEL_PADDING_LIMIT) else first
    return min(first, last), max(first, last)


def _windows(centres: bytes | None, widths: bytes | None) -> tuple[Window, ...]:
    """Return the file's own windows; those without a width are left out."""
    if not centres or not widths:
        return ()
    pairs = zip(numbers.decimals(centres) or (), numbers.decimals(widths) or (), strict=False)
    return tuple(dict.fromkeys(Window(centre, width) for centre, width in pairs if width >= 1))
