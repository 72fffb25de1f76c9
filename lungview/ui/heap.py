"""Keeping Python's cycle collector from stopping the window.

A full collection walks through every object while all threads wait: with torch imported, some 90 ms, six frames. It
would come again and again while torch is imported, and now and then for ever after.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_users = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Import much without collections on the way; what was imported is left out of all later ones. Any thread."""
    global _users
    with _lock:
        _users += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.freeze()
                gc.enable()
