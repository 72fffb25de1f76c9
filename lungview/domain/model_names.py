"""Which names a model may have: ones that read well, that no file system minds, and that are no path."""

import re
import unicodedata
from collections.abc import Collection

from lungview.errors import ModelStoreError

LONGEST = 60
_RESERVED = {"default", "none", "con", "prn", "aux", "nul"}
_RESERVED |= {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
_SIGNS = " -_.,()+'&"
_FALLBACK = "model"


def checked_name(text: str, taken: Collection[str]) -> str:
    """The name, tidied; refuses one that cannot be used or that another model has, whatever its capitals."""
    name = tidied(text)
    if not name:
        raise ModelStoreError("A model needs a name: letters, figures, spaces and - _ . , ( ) + are fine.")
    if len(name) > LONGEST:
        raise ModelStoreError(f"The name is too long: {LONGEST} characters are the most.")
    for sign in name:
        if not _is_fine(sign):
            raise ModelStoreError(
                f"A model's name cannot hold {sign!r}: use letters, figures, spaces and - _ . , ( ) +."
            )
    if not name[0].isalnum():
        raise ModelStoreError("A model's name must begin with a letter or a figure.")
    if name.casefold() in _RESERVED or name.endswith("."):
        raise ModelStoreError(f"A model cannot be called {name!r}: choose another name.")
    if folded(name) in {folded(each) for each in taken}:
        raise ModelStoreError(f"There is already a model called {name!r}: choose another name.")
    return name


def suggested_name(text: str, taken: Collection[str]) -> str:
    """A name that can be used, as near to the text as can be; a number is added where another model has it."""
    kept = tidied("".join(sign if _is_fine(sign) else " " for sign in unicodedata.normalize("NFC", text)))
    begin = next((place for place, sign in enumerate(kept) if sign.isalnum()), len(kept))
    base = kept[begin:][:LONGEST].rstrip(_SIGNS.replace(")", "")) or _FALLBACK
    base = f"{base} {_FALLBACK}" if base.casefold() in _RESERVED else base
    others = {folded(each) for each in taken}
    number, name = 1, base
    while folded(name) in others:
        number += 1
        name = f"{base[: LONGEST - len(str(number)) - 1].rstrip()} {number}"
    return name


def tidied(text: str) -> str:
    """Without spaces at the ends or more than one between, letters and their accents joined."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folded(name: str) -> str:
    """The same for two names that a reader would take for one."""
    return unicodedata.normalize("NFC", name.casefold())


def file_stem(name: str) -> str:
    """A file's name, without its ending, for a model's name: plain letters that every system takes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40] or _FALLBACK


def _is_fine(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M") or sign in _SIGNS
