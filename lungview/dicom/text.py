"""Turn the bytes of text elements into text, whatever their character set (DICOM PS3.5 section 6.1, C.12.1.1.2)."""

from functools import lru_cache
from typing import Final

_CODECS: Final = {
    "": "latin-1",
    "ISO_IR 6": "latin-1",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "iso8859-11",
    "ISO_IR 192": "utf-8",
    "ISO_IR 203": "iso8859-15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
_UNDECLARED: Final = frozenset({"", "ISO_IR 6"})
_ESCAPE: Final = b"\x1b"


def plain(value: bytes) -> str:
    """Return the text of an element that may hold basic characters only: UIDs, codes, dates, numbers."""
    return value.decode("latin-1").strip("\0 ")


@lru_cache(maxsize=1024)
def decode(value: bytes, character_set: bytes, *, is_name: bool = False) -> str:
    """Return the text of an element that may hold any characters, by the file's Specific Character Set.

    Never fails: what cannot be decoded is replaced. Undeclared text beyond ASCII is tried as UTF-8 first, which many
    archives write without saying so.
    """
    value = value.strip(b"\0 ")
    if is_name:
        value = value.rstrip(b"=")  # groups of a name that are empty
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    terms = [plain(term).replace("-", "_", 1).replace("ISO_IR_", "ISO_IR ") for term in character_set.split(b"\\")]
    if _ESCAPE in value or len(terms) > 1 or terms[0] not in _CODECS:
        return _decode_with_extensions(value, [plain(term) for term in character_set.split(b"\\")], is_name)
    if terms[0] in _UNDECLARED:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return value.decode(_CODECS[terms[0]], "replace")


def _decode_with_extensions(value: bytes, terms: list[str], is_name: bool) -> str:
    """Decode text that switches between character sets by escape sequences, with pydicom."""
    from pydicom.charset import convert_encodings, decode_bytes
    from pydicom.valuerep import TEXT_VR_DELIMS, PersonName

    from lungview.dicom.pydicom_quiet import quiet

    with quiet():
        try:
            encodings = convert_encodings(terms)
            if is_name:
                return str(PersonName(value, encodings))
            return decode_bytes(value, encodings, TEXT_VR_DELIMS)
        except Exception:  # names of character sets may be anything
            return value.decode("latin-1")
