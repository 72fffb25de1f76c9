"""Which stack is shown first."""

from dataclasses import replace

from lungview.domain.study import StackKind
from lungview.ui.first_stack import best_first_stack
from tests.support.volumes import make_stack

LARGE = make_stack(30, key="large")
SMALL = make_stack(10, key="small")
CAPTURE = make_stack(40, key="capture", kind=StackKind.CAPTURE)


def test_a_boxed_series_comes_before_a_larger_one() -> None:
    assert best_first_stack((LARGE, SMALL), {"small": 3}) is SMALL


def test_a_boxed_ct_comes_before_a_boxed_capture() -> None:
    assert best_first_stack((CAPTURE, SMALL), {"small": 1, "capture": 9}) is SMALL


def test_without_boxes_the_largest_ct_volume_comes_first() -> None:
    pet = replace(make_stack(90, key="pet"), modality="PT", unit="BQML")
    assert best_first_stack((CAPTURE, pet, SMALL, LARGE), {}) is LARGE


def test_an_empty_folder_has_none() -> None:
    assert best_first_stack((), {}) is None
