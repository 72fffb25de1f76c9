"""The Sobel gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.imaging.gradient import sobel_components, sobel_magnitude

slopes = st.floats(-50, 50).filter(lambda slope: abs(slope) > 1e-3)
spacings = st.floats(0.3, 3)


@given(along_x=slopes, along_y=slopes, row_mm=spacings, column_mm=spacings)
def test_a_ramp_has_its_own_slope_in_hu_per_mm(along_x: float, along_y: float, row_mm: float, column_mm: float) -> None:
    y, x = np.mgrid[:9, :12].astype(np.float32)
    values = x * np.float32(column_mm * along_x) + y * np.float32(row_mm * along_y)
    across, down = sobel_components(values, (row_mm, column_mm))
    assert across[1:-1, 1:-1] == pytest.approx(along_x, rel=1e-2, abs=1e-2)
    assert down[1:-1, 1:-1] == pytest.approx(along_y, rel=1e-2, abs=1e-2)
    magnitude = sobel_magnitude(values, (row_mm, column_mm))
    assert magnitude[4, 5] == pytest.approx(np.hypot(along_x, along_y), rel=1e-2, abs=1e-2)


def test_a_flat_slice_has_no_gradient_even_at_its_border() -> None:
    assert not sobel_magnitude(np.full((5, 7), -850, dtype=np.int16), (0.7, 0.7)).any()


def test_int16_extremes_do_not_overflow() -> None:
    values = np.full((6, 6), -32768, dtype=np.int16)
    values[:, 3:] = 32767
    assert sobel_magnitude(values, (1.0, 1.0))[2, 2] == pytest.approx(65535 / 2)
