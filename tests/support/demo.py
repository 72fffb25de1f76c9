"""The small demo patient, written once for a whole test run."""

from functools import cache
from pathlib import Path

import pytest

from lungview.demo.phantom import Phantom, quick
from lungview.demo.write import write_demo


@cache
def quick_phantom() -> Phantom:
    """The small phantom of the usual seed; not to be changed."""
    return quick()


def demo_root(factory: pytest.TempPathFactory) -> Path:
    """The folder of the small demo patient; a test that changes it copies it first."""
    return write_demo(factory.getbasetemp() / "demo-patient", phantom=quick_phantom())
