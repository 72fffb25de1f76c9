"""Data sets with something telling in every attribute that the Basic Profile names, and in many that it does not."""

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.sequence import Sequence

from lungview.deidentify.profile import named_tags

SECRET = "ZQXVJ"
"""Stands in everything planted; chance does not put it into pixels or UIDs."""
SECRET_UID = "1.2.3.77777.424242"
SECRET_DATE = "19631122"
SECRET_AGE = "077Y"

UNNAMED = {
    "comments on the patient": (0x00104000, "LT"),
    "text that nobody lists": (0x00187003, "LO"),
    "an undefined attribute": (0x0018EE00, "LO"),
    "a name for a number": (0x00187001, "LO"),
    "bytes": (0x00282000, "OB"),
    "trailing bytes": (0xFFFCFFFC, "OB"),
    "a private creator": (0x00291010 - 0x1000, "LO"),
    "a private value": (0x00291001, "UT"),
    "an overlay": (0x60003000, "OB"),
    "an overlay's remark": (0x60004000, "LT"),
    "a curve": (0x50003000, "OB"),
    "code meaning with a name": (0x00080104, "LO"),
    "manufacturer with a name": (0x00080070, "LO"),
    "body part with a name": (0x00180015, "CS"),
    "a badly written coded word": (0x00185101, "CS"),
}
"""Tags that the table does not name one by one."""


def kind_of(tag: int) -> str:
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "LO"


def planted(kind: str, depth: int = 0) -> object:
    """A telling value of a kind; None where the kind can't hold any."""
    texts = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR")
    if kind in texts:
        return SECRET
    if kind in ("OB", "UN", "OW", "OB or OW"):
        return SECRET.encode() * 2
    if kind == "SQ":
        item = Dataset()
        if depth < 2:
            plant_into(item, depth + 1, few=True)
        return Sequence([item])
    dated = {"DA": SECRET_DATE, "DT": f"{SECRET_DATE}010203.5", "TM": "010203.77777", "AS": SECRET_AGE}
    return dated.get(kind, SECRET_UID if kind == "UI" else None)


def plant_into(dataset: Dataset, depth: int = 0, *, few: bool = False) -> None:
    """Put something telling everywhere; few: into the best known alone, for what is nested."""
    known = [0x00100010, 0x00100020, 0x00100030, 0x00080050, 0x0040A123, 0x00081155, 0x0040A730, 0x00081140]
    tags = {tag: kind_of(tag) for tag in (known if few else named_tags())}
    tags |= dict(UNNAMED.values())
    for tag, kind in sorted(tags.items()):
        is_outside = tag >> 16 < 8
        value = planted(kind, depth)
        if value is not None and not is_outside:
            dataset.add(DataElement(tag, "OB" if kind == "OB or OW" else kind, value))


def is_clean(data: bytes) -> bool:
    """Whether nothing planted is left in a file's bytes."""
    secrets = (SECRET, SECRET_UID, SECRET_DATE, SECRET_AGE, "010203")
    return not any(each.encode() in data or each.lower().encode() in data for each in secrets)
