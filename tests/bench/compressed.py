"""Folder -> sorted int16 HU volume where slices are compressed: real chest slices, in each transfer syntax.

Peers are measured one file after the other, as they are mostly used, and those that can with as many threads as there
are cores; in the table each stands with the better of the two.
"""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.bench.load import check, is_ahead
from tests.bench.peers import readers
from tests.bench.rows import LEVEL, Row, Scale, race, row
from tests.bench.series import SYNTAXES, write_compressed

_THREADS = ", threads"


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure every syntax."""
    found = []
    for name, syntax in SYNTAXES.items():
        series = folder / name.replace(" ", "-")
        write_compressed(series, syntax, scale.compressed)
        methods = readers(with_threads=True)
        wrong = check(methods, series)
        calls = {name: partial(method, series) for name, method in methods.items() if name not in wrong}
        times, cannot = race(calls, scale.few)
        measured = row(
            "compressed",
            f"{scale.compressed} slices, {name}",
            times,
            {**wrong, **cannot},
            bar="ahead of or level with every peer",
            is_met=lambda ratios: is_ahead(ratios, LEVEL),
        )
        found.append(_better_of_two(measured))
        shutil.rmtree(series)
    return found


def _better_of_two(measured: Row) -> Row:
    """Keep of each peer the way that was faster, under its plain name; the other stays among further figures."""
    beside, ratios, also = dict(measured.beside), dict(measured.ratios), {}
    for threaded in [name for name in beside if name.endswith(_THREADS)]:
        plain = threaded.removesuffix(_THREADS)
        also[threaded] = beside[threaded]
        if plain in beside:
            also[f"{plain}, one thread"] = beside[plain]
        if ratios[threaded] > ratios.get(plain, 0.0):
            beside[plain], ratios[plain] = beside[threaded], ratios[threaded]
        del beside[threaded], ratios[threaded]
    cannot = {name: why for name, why in measured.cannot.items() if not name.endswith(_THREADS)}
    return replace(measured, beside=beside, ratios=ratios, cannot=cannot, also=also)
