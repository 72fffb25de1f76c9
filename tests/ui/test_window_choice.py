"""Which grey window a stack starts in, and how long a chosen one is kept."""

from dataclasses import replace

import pytest

from lungview.domain.study import Stack
from lungview.domain.window import LUNG, PRESETS, Window
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState
from lungview.ui.window_choice import file_windows, is_lung_kernel, starting_window
from lungview.ui.window_keeper import WindowKeeper, name_of
from tests.support.states import make_case
from tests.support.volumes import make_stack, make_volume

SOFT = Window(40, 400)


def soft_stack(key: str = "soft", **changes: object) -> Stack:
    return replace(make_stack(key=key, windows=(SOFT, Window(300, 1500))), kernel="B", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kernel", ["L", "B70f", "B60s", "Bl57d", "LUNG", "BONE", "I70f\\3", "FC51", "YB", "lung"])
def test_sharp_kernels_are_taken_for_lung(kernel: str) -> None:
    assert is_lung_kernel(kernel)


@pytest.mark.parametrize("kernel", ["", "B", "B30f", "B31s", "STANDARD", "SOFT", "FC17", "I30f\\2", "Br40", "A", "C"])
def test_soft_kernels_are_not(kernel: str) -> None:
    assert not is_lung_kernel(kernel)


def test_a_lung_kernel_starts_in_lung_whatever_the_file_says() -> None:
    assert starting_window(replace(soft_stack(), kernel="L")) == LUNG


def test_a_lung_window_in_the_file_starts_in_lung() -> None:
    assert starting_window(replace(make_stack(windows=(Window(-500, 1400),)), kernel="B")) == LUNG


def test_a_soft_series_starts_in_the_files_own_first_window() -> None:
    assert starting_window(soft_stack()) == SOFT
    assert file_windows(soft_stack()) == (SOFT, Window(300, 1500))


def test_another_modality_without_a_window_leaves_it_to_its_values() -> None:
    assert starting_window(replace(make_stack(), modality="PT", unit="BQML")) is None


def shown(*stacks: Stack) -> tuple[ViewerState, DisplayState, WindowKeeper]:
    state, display = ViewerState(), DisplayState()
    keeper = WindowKeeper(state, display)
    state.open_case(make_case(*stacks))
    state.choose_stack(stacks[0])
    return state, display, keeper


def test_a_chosen_window_survives_series_of_the_same_modality(qapp: object) -> None:
    lung, soft = make_stack(key="lung"), soft_stack()
    state, display, keeper = shown(lung, soft)
    state.choose_stack(soft)
    assert display.window == SOFT
    keeper.choose_preset(4)
    state.choose_stack(lung)
    assert display.window == PRESETS[3].window


def test_a_new_case_starts_by_its_own_rule(qapp: object) -> None:
    state, display, keeper = shown(make_stack(key="lung"))
    keeper.choose_preset(4)
    soft = soft_stack()
    state.open_case(make_case(soft))
    state.choose_stack(soft)
    assert display.window == SOFT


def test_values_decide_where_the_file_names_no_window(qapp: object) -> None:
    stack = replace(make_stack(), modality="PT", unit="BQML")
    state, display, _keeper = shown(stack)
    volume = make_volume(stack)
    state.set_volume(volume)
    state.announce_slice_read(stack.key, state.slice_index)
    values = volume.voxels[state.slice_index]
    assert values.min() - 2 <= display.window.low <= display.window.high <= values.max() + 2


def test_zero_brings_the_files_window_back(qapp: object) -> None:
    _state, display, keeper = shown(soft_stack())
    keeper.choose_preset(1)
    keeper.choose_from_file()
    assert display.window == SOFT
    keeper.choose_from_file(1)
    assert display.window == Window(300, 1500)


def test_a_window_is_named_by_its_preset_or_its_numbers() -> None:
    assert name_of(LUNG) == "Lung"
    assert name_of(Window(10, 90)) == "90 / 10"
