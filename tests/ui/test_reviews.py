"""What the reader made of findings, on disk."""

from dataclasses import replace
from pathlib import Path

from lungview.domain.finding import ReviewState
from lungview.ui.reviews import ReviewStore
from tests.support.volumes import make_stack


def test_reviews_come_back_for_the_same_instances_wherever_they_lie(tmp_path: Path) -> None:
    stack = make_stack()
    ReviewStore(tmp_path).save(stack, {"a": ReviewState.ACCEPTED, "b": ReviewState.DISMISSED, "c": ReviewState.OPEN})
    moved = replace(stack, key="elsewhere", instances=stack.instances[::-1])
    assert ReviewStore(tmp_path).load(moved) == {"a": ReviewState.ACCEPTED, "b": ReviewState.DISMISSED}


def test_another_series_has_reviews_of_its_own(tmp_path: Path) -> None:
    ReviewStore(tmp_path).save(make_stack(5), {"a": ReviewState.ACCEPTED})
    assert ReviewStore(tmp_path).load(make_stack(6)) == {}


def test_a_broken_file_counts_as_no_reviews(tmp_path: Path) -> None:
    ReviewStore(tmp_path).save(make_stack(), {"a": ReviewState.ACCEPTED})
    (file,) = tmp_path.iterdir()
    for text in ("{", '{"reviews": [1]}', '{"reviews": {"a": "perhaps"}}', "[]"):
        file.write_text(text, encoding="utf-8")
        assert ReviewStore(tmp_path).load(make_stack()) == {}


def test_the_file_names_no_patient_and_no_path(tmp_path: Path) -> None:
    ReviewStore(tmp_path).save(make_stack(), {"a": ReviewState.ACCEPTED})
    (file,) = tmp_path.iterdir()
    assert set(file.stem) <= set("0123456789abcdef")
    assert "1.2.826" not in file.read_text(encoding="utf-8")
