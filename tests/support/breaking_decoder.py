"""A decoding process that breaks at frames that say so; run as a script in place of the usual one.

A frame that holds CRASH ends the process; ONCE does so while the file that LUNGVIEW_TEST_FLAG names is absent; HANG
keeps it busy for good; BOMB takes memory without end.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungview.dicom.decoding import codecs, worker
from lungview.dicom.decoding.jobs import Frame, Job

_decode = codecs.decode


def _breaking(job: Job, frame: Frame, room: NDArray[np.uint8]) -> codecs.Plane:
    data = bytes(frame)
    if b"CRASH" in data:
        os.abort()
    if b"ONCE" in data and not (flag := Path(os.environ["LUNGVIEW_TEST_FLAG"])).exists():
        flag.touch()
        os.abort()
    while b"HANG" in data:
        time.sleep(0.05)
    taken = []
    while b"BOMB" in data:
        taken.append(np.zeros(256 << 20, np.uint8))  # asked for, never touched
    return _decode(job, frame, room)


if __name__ == "__main__":
    codecs.decode = _breaking
    sys.exit(worker.main(sys.argv[1:]))
