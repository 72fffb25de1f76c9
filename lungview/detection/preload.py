"""Loads torch's large libraries without holding Python's lock, so that a window goes on answering meanwhile."""

import ctypes
import logging
import sys
from importlib.util import find_spec
from pathlib import Path

log = logging.getLogger(__name__)

_LIBRARIES = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}
_RTLD_NOW = 2


def load_torch_libraries() -> None:
    """Load what `import torch` would load; where that can't be done, the import does it.

    CPython 3.11 holds its lock while it loads a library, which for torch takes hundreds of milliseconds; a foreign
    function called through ctypes runs without it, and so does the system's own loader called that way.
    """
    name, found = _LIBRARIES.get(sys.platform), find_spec("torch")
    if "torch" in sys.modules or name is None or found is None or found.origin is None:
        return
    library = Path(found.origin).parent / "lib" / name
    loader = ctypes.CDLL(None).dlopen
    loader.argtypes, loader.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    if not library.is_file() or not loader(str(library).encode(), _RTLD_NOW):
        log.info("torch's libraries are left to its import")
