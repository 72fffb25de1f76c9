"""New names for patients, UIDs and days: the same throughout one copy, and not to be traced back from it."""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

_MOST_DAYS = 3650
_LEAST_DAYS = 365


class Pseudonyms:
    """Draws a secret that is never written down; with it gone, nobody can tell which patient a copy is of."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or secrets.token_bytes(32)

    def uid(self, uid: str) -> str:
        """Another UID of the UUID root (PS3.5 B.2) for this one."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16])}"

    def patient(self, patient: str) -> str:
        """The name and ID that stand for a patient, as "P-1A2B3C4D". patient: ID, name and birth date as one text."""
        return f"P-{self._digest('patient', patient)[:4].hex().upper()}"

    def shift(self, patient: str) -> timedelta:
        """Whole days, one to ten years, by which all of a patient's dates go back."""
        drawn = int.from_bytes(self._digest("days", patient)[:8])
        return timedelta(days=-(_LEAST_DAYS + drawn % (_MOST_DAYS - _LEAST_DAYS)))

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self._secret, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), sha256).digest()
