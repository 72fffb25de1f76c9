"""Turn a raw header into what the rest of the program knows: planes, and the facts of the series they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass

from lungview.dicom import numbers, tags, text
from lungview.dicom.facts import FACT_TAGS, Facts, decode_facts
from lungview.dicom.header import RawHeader
from lungview.dicom.pixel_format import FORMAT_TAGS, decode_format
from lungview.dicom.soundness import problem_of
from lungview.domain.study import FileProblem, FileSource, Instance, PixelFormat
from lungview.domain.window import Window

_COMMON_TAGS = (
    *FACT_TAGS,
    *FORMAT_TAGS,
    tags.ACQUISITION_NUMBER,
    tags.IMAGE_ORIENTATION,
    tags.PIXEL_SPACING,
    tags.SLICE_THICKNESS,
    tags.WINDOW_CENTRE,
    tags.WINDOW_WIDTH,
    tags.NUMBER_OF_FRAMES,
)
"""What planes of a series say alike, and all that soundness is judged by, the file's size aside."""


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


_Key = tuple[object, ...]


class EntryBuilder:
    """Builds entries; decodes only once what repeats from slice to slice."""

    def __init__(self) -> None:
        self._common: dict[_Key, _Common] = {}
        self._facts: dict[tuple[bytes | None, ...], Facts] = {}
        self._sound: dict[_Key, int] = {}
        """The least size of a file of one plane, bytes, in which all this was found sound."""

    def build(self, source: FileSource, header: RawHeader, size: int) -> list[Entry] | FileProblem:
        """Return one entry per plane of a file, in the order of its frames, or why there is none.

        size: of the file, bytes.
        """
        key = _key(header, header.values, 0)
        least = self._sound.get(key)
        if least is not None and size >= least and not header.frames:
            return [self._entry(source, header, header.values, key, 0, 1)]
        problem = problem_of(source, header, size)
        if problem is not None:
            return problem
        if header.frames:
            return self._frames(source, header, [{**header.values, **frame} for frame in header.frames])
        frames = max(1, numbers.integer(header.values.get(tags.NUMBER_OF_FRAMES)) or 1)
        if frames == 1:
            self._sound[key] = size
            return [self._entry(source, header, header.values, key, 0, 1)]
        # A classic multi-frame file tells one position at most: no frame is known to lie there.
        values = {tag: value for tag, value in header.values.items() if tag not in _SINGLE_PLANE}
        return self._frames(source, header, [values] * frames)

    def _frames(self, source: FileSource, header: RawHeader, each: Sequence[dict[int, bytes]]) -> list[Entry]:
        return [
            self._entry(source, header, values, _key(header, values, k), k, len(each)) for k, values in enumerate(each)
        ]

    def _entry(
        self, source: FileSource, header: RawHeader, values: dict[int, bytes], key: _Key, frame: int, frames: int
    ) -> Entry:
        get = values.get
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
            numbers.length(get(tags.SLICE_LOCATION)),
            common.windows,
            common.facts.has_overlay,
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
            pixels=decode_format(header, values, frame),
            acquisition_number=numbers.integer(get(tags.ACQUISITION_NUMBER)),
            orientation=numbers.orientation(orientation) if orientation else None,
            pixel_spacing_mm=numbers.spacing(spacing) if spacing else None,
            slice_thickness_mm=numbers.length(get(tags.SLICE_THICKNESS)),
            windows=_windows(get(tags.WINDOW_CENTRE), get(tags.WINDOW_WIDTH)),
        )

    def _facts_of(self, values: dict[int, bytes]) -> Facts:
        key = tuple(map(values.get, FACT_TAGS))
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = decode_facts(values)
        return facts


def _key(header: RawHeader, values: dict[int, bytes], frame: int) -> _Key:
    pixels = header.pixel_offset, header.fragments_offset, header.has_pixels, header.is_packed
    return header.transfer_syntax_uid, frame, *pixels, *map(values.get, _COMMON_TAGS)


_SINGLE_PLANE = frozenset({tags.IMAGE_POSITION, tags.SLICE_LOCATION})


def _windows(centres: bytes | None, widths: bytes | None) -> tuple[Window, ...]:
    """Return the file's own windows; those without a width are left out."""
    if not centres or not widths:
        return ()
    pairs = zip(numbers.decimals(centres) or (), numbers.decimals(widths) or (), strict=False)
    sound = (each for each in pairs if each[1] >= 1 and all(map(numbers.is_plausible, each)))
    return tuple(dict.fromkeys(Window(centre, width) for centre, width in sound))
