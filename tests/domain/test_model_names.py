"""Names that a model may have."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.model_names import LONGEST, checked_name, file_stem, folded, suggested_name
from lungview.errors import ModelStoreError


@given(st.text(max_size=90), st.lists(st.text(max_size=20), max_size=4))
def test_a_suggested_name_can_always_be_used(text: str, taken: list[str]) -> None:
    name = suggested_name(text, taken)
    assert checked_name(name, taken) == name
    assert len(name) <= LONGEST
    assert file_stem(name)
    assert Path(file_stem(name)).name == file_stem(name)


@given(st.text(max_size=90))
def test_a_checked_name_stays_as_it_is_and_is_no_path(text: str) -> None:
    name = suggested_name(text, ())
    with contextlib.suppress(ModelStoreError):
        name = checked_name(text, ())
    assert checked_name(name, ()) == name
    assert not set(name) & set('/\\:*?"<>|\n\0')
    with pytest.raises(ModelStoreError):
        checked_name(text, [folded(name)])
