"""One data set made anonymous in place, its nested sequences too."""

import contextlib
import re
from collections.abc import Iterable
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from lungview.deidentify.dates import shifted
from lungview.deidentify.profile import EDITION, Action, action_for
from lungview.deidentify.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_DUMMIES: Final = {"DA": "19000101", "DT": "19000101000000", "TM": "000000", "AS": "000Y", "UR": "about:blank"}
_DUMMY_BYTES: Final = frozenset(("OB", "OW", "UN", "OB or OW"))
_DUMMY_TEXT: Final = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_QUOTING: Final = frozenset(("CS", "LO", "SH", "ST", "LT", "UC", "UT"))
"""Kinds of kept values in which someone may have written a name."""
_NEEDED: Final = frozenset((0x00080005, 0x00080060, 0x00280004))
"""Character set, modality and colours: without them the pixels cannot be shown rightly."""
_IMAGE_TYPES: Final = frozenset((0x00080008, 0x00089007))
"""Image Type and Frame Type."""
_USUAL_TYPES: Final = frozenset(
    (
        "ORIGINAL", "DERIVED", "MIXED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", "VOLUME", "PERFUSION", "MPR",
        "REFORMATTED", "AVERAGE", "MIP",
    )
)  # fmt: skip
_FORMS: Final = {
    "CS": re.compile(r"[A-Z0-9 _]{0,16}"),
    "DS": re.compile(r"[-+\d.eE ]*"),
    "IS": re.compile(r"[-+\d.eE ]*"),
}
"""How kept values of these kinds must be written (PS3.5 6.2, but for numbers' length): a name for a number goes."""
_TELLING: Final = frozenset((0x00100020, 0x00101000, 0x00101001, 0x00080050, 0x00080080, 0x00081010, 0x00200010))
"""The patient's numbers and other names, accession number, institution, station and study ID."""
_SHORTEST_WORD: Final = 3
_BIRTH: Final = frozenset((0x00100030, 0x00100032))
_STANDARD_UID: Final = "1.2.840.10008."
_DATE_KINDS: Final = frozenset(("DA", "DT", "TM"))


class Cleaner:
    """Treats data sets of one patient. by: how far dates move, None where they go."""

    def __init__(self, names: Pseudonyms, patient: str, words: Iterable[str], by: timedelta | None) -> None:
        self._names, self._patient, self._by = names, patient, by
        self._words = frozenset(words)

    def clean(self, dataset: "Dataset") -> None:
        """Make a whole data set anonymous and say in it how that was done (PS3.15 E.1.1)."""
        self._clean_level(dataset)
        dataset.PatientName = dataset.PatientID = self._patient
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = [
            f"LungView {version('lungview')}",
            f"PS3.15 {EDITION} Basic Profile",
            *(["Dates moved by whole days"] if self._by is not None else []),
        ]
        dataset.DeidentificationMethodCodeSequence = _method_codes(is_shifted=self._by is not None)
        dataset.LongitudinalTemporalInformationModified = "REMOVED" if self._by is None else "MODIFIED"

    def _clean_level(self, dataset: "Dataset") -> None:
        for tag in list(dataset.keys()):
            try:
                element = dataset[tag]
                kept = self._treat(element)
            except Exception:  # a value that cannot even be read can't be judged either
                kept = False
            if not kept:
                del dataset[tag]

    def _treat(self, element: "DataElement") -> bool:
        """Change an element as the profile asks; False where it must go."""
        kind = str(element.VR)
        action = action_for(int(element.tag), kind)
        if self._by is not None and kind in _DATE_KINDS and not element.tag.is_private and element.tag not in _BIRTH:
            return self._shift(element)
        if action is Action.EMPTY:
            element.value = [] if kind == "SQ" else b"" if kind in _DUMMY_BYTES else ""
        elif action is Action.DUMMY:
            return _put_dummy(element, kind)
        elif action is Action.UID:
            self._replace_uids(element)
        elif action is Action.DESCEND:
            for item in element.value:
                self._clean_level(item)
        elif element.tag in _IMAGE_TYPES:
            self._rename_types(element)
        elif action is Action.KEEP:
            return element.tag in _NEEDED or self._is_harmless(element, kind)
        return action is not Action.REMOVE

    def _shift(self, element: "DataElement") -> bool:
        assert self._by is not None
        if element.VR == "TM":
            return re.fullmatch(r"[\d.:\s]*", str(element.value or "")) is not None
        given = _values(element)
        element.value = [shifted(value, self._by) for value in given] if len(given) > 1 else ""
        if len(given) == 1:
            element.value = shifted(given[0], self._by)
        return True

    def _replace_uids(self, element: "DataElement") -> None:
        new = [uid if not uid or uid.startswith(_STANDARD_UID) else self._names.uid(uid) for uid in _values(element)]
        element.value = new[0] if len(new) == 1 else new or ""

    def _rename_types(self, element: "DataElement") -> None:
        """Keep what says how a picture was made, for it decides what the numbers mean; a name among it goes."""
        words, form = self._words, _FORMS["CS"]
        element.value = [
            value if value in _USUAL_TYPES or (form.fullmatch(value) and not holds_any(value, words)) else "OTHER"
            for value in _values(element)
        ]

    def _is_harmless(self, element: "DataElement", kind: str) -> bool:
        """Whether a value that would be kept holds nobody's name or number."""
        form, values = _FORMS.get(kind), _values(element)
        if form is not None and not all(form.fullmatch(value) for value in values):
            return False
        if kind == "IS":
            return not self._words.intersection(values)
        return kind not in _QUOTING or not holds_any("\\".join(values), self._words)


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words stands in a text, in whatever case."""
    folded = text.casefold()
    return any(word.casefold() in folded for word in words)


def telling_words(dataset: "Dataset") -> set[str]:
    """The words by which someone could be known again, from all names of people and places, and numbers of theirs.

    Those of one or two letters are left out: they stand in too many other words.
    """
    found: set[str] = set()
    for tag in list(dataset.keys()):
        if tag.is_private:
            continue
        with contextlib.suppress(Exception):  # a value that cannot be read is not kept either
            element = dataset[tag]
            if element.VR == "SQ":
                found.update(*map(telling_words, element.value))
            elif element.VR == "PN" or tag in _TELLING:
                found.update(*map(_words, _values(element)))
    return found


def _words(text: str) -> set[str]:
    words = {word.strip() for word in (text, *re.split(r"[\s^=,._/\\-]+", text))}
    return {word for word in words if len(word) >= _SHORTEST_WORD}


def _values(element: "DataElement") -> list[str]:
    value = element.value
    if value is None or value == "":
        return []
    several = not isinstance(value, str | bytes) and hasattr(value, "__iter__") and element.VM > 1
    return [str(each) for each in value] if several else [str(value)]


def _put_dummy(element: "DataElement", kind: str) -> bool:
    """A value that says nothing; False for kinds that have none, whose element then goes."""
    if kind in _DUMMIES:
        element.value = _DUMMIES[kind]
    elif kind in _DUMMY_TEXT:
        element.value = "ANONYMIZED"
    elif kind in _DUMMY_BYTES:
        element.value = b"\0\0"
    elif kind == "SQ":
        element.value = []
    else:
        return False
    return True


def _method_codes(*, is_shifted: bool) -> "list[Dataset]":
    """Codes of context group 7050 (PS3.16)."""
    from pydicom import Dataset

    codes = [("113100", "Basic Application Confidentiality Profile")]
    if is_shifted:
        codes.append(("113107", "Retain Longitudinal Temporal Information Modified Dates Option"))
    items = []
    for value, meaning in codes:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    return items
