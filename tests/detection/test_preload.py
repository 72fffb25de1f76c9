"""Loading torch's libraries ahead of its import."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading, time
from lungview.detection.preload import load_torch_libraries
load_torch_libraries()
assert "torch" not in sys.modules
loaded = "libtorch_cpu" in open("/proc/self/maps").read()
load_torch_libraries()
import torch
print(loaded, float(torch.ones(3).sum()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is looked up in /proc")
def test_the_libraries_are_there_before_the_import_and_torch_computes_with_them() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "True 3.0"
