"""Keep pydicom's warnings off the screen: what they say is told by our own problems and notes."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_saved: "list[warnings.catch_warnings[None]]" = []
_users = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings while pydicom reads a file that may be anything.

    The standard library's own context is not safe between threads: two that overlap can leave warnings off for good.
    Here the first to enter turns them off and the last to leave turns them on.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            context = warnings.catch_warnings()
            context.__enter__()
            warnings.simplefilter("ignore")
            _saved.append(context)
            logging.getLogger("pydicom").setLevel(logging.CRITICAL)


def _leave() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            _saved.pop().__exit__(None, None, None)
