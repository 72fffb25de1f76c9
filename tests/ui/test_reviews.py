"""What the reader made of findings, on disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from lungview.domain.finding import ReviewState
from lungview.ui.reviews import ReviewsError, ReviewStore
from tests.support.volumes import make_stack


def test_reviews_come_back_for_the_same_instances_wherever_they_lie(tmp_path: Path) -> None:
    stack = make_stack()
    ReviewStore(tmp_path).save(stack, {"a": ReviewState.ACCEPTED, "b": ReviewState.DISMISSED, "c": ReviewState.OPEN})
    moved = replace(stack, key="elsewhere", instances=stack.instances[::-1])
    assert ReviewStore(tmp_path).load(moved) == {"a": ReviewState.ACCEPTED, "b": ReviewState.DISMISSED}


def test_another_series_has_reviews_of_its_own(tmp_path: Path) -> None:
    ReviewStore(tmp_path).save(make_stack(5), {"a": ReviewState.ACCEPTED})
    assert ReviewStore(tmp_path).load(make_stack(6)) == {}


@pytest.mark.parametrize("text", ["{", '{"reviews": [1]}', '{"reviews": {"a": "perhaps"}}', "[]"])
def test_a_damaged_file_counts_as_no_reviews_and_is_put_aside(tmp_path: Path, text: str) -> None:
    store, stack = ReviewStore(tmp_path), make_stack()
    store.file(stack).write_text(text, encoding="utf-8")
    assert store.load(stack) == {}
    assert [each.read_text() for each in tmp_path.glob("*.damaged-*")] == [text]


def test_reviews_of_a_later_version_are_neither_read_nor_written_over(tmp_path: Path) -> None:
    store, stack = ReviewStore(tmp_path), make_stack()
    store.file(stack).write_text(later := '{"version": 99}', encoding="utf-8")
    with pytest.raises(ReviewsError, match="later version"):
        store.load(stack)
    with pytest.raises(ReviewsError, match="later version"):
        store.save(stack, {"a": ReviewState.ACCEPTED})
    assert store.file(stack).read_text() == later


def test_what_two_windows_make_of_findings_is_kept_of_both(tmp_path: Path) -> None:
    store, stack = ReviewStore(tmp_path), make_stack()
    base = store.save(stack, {"a": ReviewState.ACCEPTED, "b": ReviewState.ACCEPTED})
    store.save(stack, {**base, "c": ReviewState.DISMISSED}, base)
    kept = store.save(stack, {**base, "a": ReviewState.OPEN}, base)
    assert kept == store.load(stack) == {"b": ReviewState.ACCEPTED, "c": ReviewState.DISMISSED}


def test_the_file_names_no_patient_and_no_path(tmp_path: Path) -> None:
    ReviewStore(tmp_path).save(make_stack(), {"a": ReviewState.ACCEPTED})
    (file,) = tmp_path.glob("*.json")
    assert set(file.stem) <= set("0123456789abcdef")
    assert "1.2.826" not in file.read_text(encoding="utf-8")
