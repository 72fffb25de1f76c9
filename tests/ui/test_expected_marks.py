"""What a threshold lets expect."""

import pytest

from lungview.domain.detection import OperatingPoint
from lungview.ui.expected_marks import expected_at, in_words

POINTS = (
    OperatingPoint("sensitive", 0.2, 0.9, 6.0),
    OperatingPoint("balanced", 0.4, 0.8, 2.0),
    OperatingPoint("specific", 0.8, 0.6, 0.4),
)


def test_a_stop_says_what_was_measured_there() -> None:
    expected = expected_at(POINTS, 0.4)
    assert (expected.sensitivity, expected.false_marks_per_scan, expected.is_measured) == (0.8, 2.0, True)
    assert in_words(expected, is_below=False) == "Finds 80 % of lesions, 2.0 false marks per scan"


def test_between_two_stops_a_straight_line_is_read_off_and_called_about() -> None:
    expected = expected_at(POINTS, 0.6)
    assert expected.sensitivity == pytest.approx(0.7)
    assert expected.false_marks_per_scan == pytest.approx(1.2)
    assert in_words(expected, is_below=False) == "Finds about 70 % of lesions, about 1.2 false marks per scan"


@pytest.mark.parametrize(("threshold", "words"), [(0.1, "more than 6.0"), (0.9, "fewer than 0.4")])
def test_beyond_the_stops_nothing_is_promised(threshold: float, words: str) -> None:
    assert words in in_words(expected_at(POINTS, threshold), is_below=threshold < 0.2)


def test_stops_that_nobody_measured_promise_nothing() -> None:
    expected = expected_at((OperatingPoint("balanced", 0.5),), 0.5)
    assert in_words(expected, is_below=False) == "Not measured for this model"


SLICE_BY_SLICE = (OperatingPoint("sensitive", 0.3, 0.6), OperatingPoint("specific", 0.5, 0.4))


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.3, "Finds 60 % of lesions slice by slice; false marks per scan not measured"),
        (0.4, "Finds about 50 % of lesions slice by slice; false marks per scan not measured"),
        (0.1, "Beyond what was measured: more found than 60 %"),
        (0.9, "Beyond what was measured: less found than 40 %"),
    ],
)
def test_stops_without_false_marks_tell_what_is_found_and_what_is_not_known(threshold: float, words: str) -> None:
    assert in_words(expected_at(SLICE_BY_SLICE, threshold), is_below=threshold < 0.3) == words
