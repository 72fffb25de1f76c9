"""The marks' values: edits, copies, files and windows side by side."""

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.marks.change import Change, History, change_to, patched
from lungview.marks.document import from_json, to_json
from lungview.marks.mark import Mark, Origin, OriginKind, Place
from lungview.marks.propagate import LEAST_SIDE, Spread, cut_at, propagated, spread_of
from lungview.marks.record import CaseRecord, merged, signed
from lungview.marks.store import MarksError, RecordStore
from lungview.marks.unsure import unsureness

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLACES = [Place(f"1.2.{number}") for number in range(12)]
SEED = Mark("seed", PLACES[6], Box(10, 20, 50, 60), "lesion")

corners = st.integers(0, 511)
boxes = st.builds(
    lambda a, b, c, d: Box(min(a, b), min(c, d), max(a, b), max(c, d)), corners, corners, corners, corners
)
words = st.text(max_size=6)
origins = st.builds(Origin, st.sampled_from(OriginKind), words, st.none() | st.floats(0, 1), st.none() | boxes, words)
some_marks = st.lists(
    st.builds(Mark, st.sampled_from("abcdef"), st.sampled_from(PLACES), boxes, words, words, words, words, origins)
).map(lambda made: {mark.id: mark for mark in made})
records = st.builds(CaseRecord, some_marks, words, words, words, st.booleans(), st.dictionaries(words, st.floats(0, 1)))
patches = st.dictionaries(
    st.sampled_from("abcdef"), st.none() | st.builds(Mark, st.just("x"), st.sampled_from(PLACES), boxes, words)
).map(lambda made: {each: mark and replace(mark, id=each) for each, mark in made.items()})


@few
@given(some_marks, st.lists(patches, max_size=8))
def test_undoing_all_gives_back_the_beginning_and_redoing_all_the_end(
    start: dict[str, Mark], edits: list[dict[str, Mark | None]]
) -> None:
    history, marks = History(), dict(start)
    for patch in edits:
        change = change_to("edit", marks, patch)
        history.add(change)
        marks = patched(marks, change.after)
    end = dict(marks)
    while (change_back := history.undo()) is not None:
        marks = patched(marks, change_back.after)
    assert marks == start
    while (change_on := history.redo()) is not None:
        marks = patched(marks, change_on.after)
    assert marks == end


def test_a_new_edit_forgets_what_was_undone() -> None:
    history = History()
    for name in ("one", "two"):
        history.add(Change(name, {}, {}))
    history.undo()
    assert (history.undo_name, history.redo_name) == ("one", "two")
    history.add(Change("three", {}, {}))
    assert (history.undo_name, history.redo_name) == ("three", "")


@few
@given(records)
def test_a_record_comes_back_from_its_file_as_it_was(record: CaseRecord) -> None:
    assert from_json(to_json(record)) == record


@few
@given(st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_copies_lie_on_the_slices_asked_for_and_never_outgrow_the_box(up: int, down: int, shrinks: bool) -> None:
    marks = {SEED.id: SEED}
    made = patched(marks, propagated(marks, SEED, PLACES, Spread(up, down, shrinks)))
    indices = sorted(PLACES.index(mark.place) for mark in made.values())
    assert indices == list(range(6 - up, 6 + down + 1))
    assert all(mark.box.width <= SEED.box.width and mark.box.height <= SEED.box.height for mark in made.values())
    assert {mark.lesion for mark in made.values()} == {"lesion"}
    assert spread_of(made, SEED, PLACES) == (up, down)


def test_spreading_again_replaces_the_copies_but_no_box_that_was_touched() -> None:
    marks = {SEED.id: SEED}
    marks = patched(marks, propagated(marks, SEED, PLACES, Spread(3, 3)))
    touched = next(mark for mark in marks.values() if mark.place == PLACES[7])
    moved = replace(touched, box=Box(0, 0, 9, 9), origin=Origin())
    marks = patched(marks, {moved.id: moved})
    marks = patched(marks, propagated(marks, SEED, PLACES, Spread(1, 2, shrinks=False)))
    found = {PLACES.index(mark.place): mark.box for mark in marks.values()}
    assert found == {5: SEED.box, 6: SEED.box, 7: Box(0, 0, 9, 9), 8: SEED.box}


def test_copies_stop_at_the_ends_of_the_stack() -> None:
    marks = {SEED.id: SEED}
    made = patched(marks, propagated(marks, SEED, PLACES, Spread(50, 50)))
    assert len(made) == len(PLACES)


@few
@given(boxes, st.integers(1, 40), st.integers(1, 40))
def test_a_shrunk_box_keeps_its_middle_and_a_least_size(box: Box, distance: int, count: int) -> None:
    cut = cut_at(box, min(distance, count), count)
    assert cut.width >= LEAST_SIDE - 1
    assert cut.height >= LEAST_SIDE - 1
    assert abs(cut.centre[0] - box.centre[0]) <= 1
    assert abs(cut.centre[1] - box.centre[1]) <= 1


@few
@given(some_marks, patches, patches)
def test_edits_of_two_windows_on_different_marks_are_both_kept(
    start: dict[str, Mark], one: dict[str, Mark | None], other: dict[str, Mark | None]
) -> None:
    other = {each: mark for each, mark in other.items() if each not in one}
    base = CaseRecord(start)
    mine, theirs = CaseRecord(patched(start, one)), CaseRecord(patched(start, other))
    assert merged(base, mine, theirs).marks == patched(patched(start, one), other)


@few
@given(records, records)
def test_a_window_that_changed_nothing_takes_over_what_the_other_made(base: CaseRecord, theirs: CaseRecord) -> None:
    kept = merged(base, base, theirs)
    assert (kept.marks, kept.path, kept.reviewed) == (theirs.marks, theirs.path, theirs.reviewed)


def test_an_edit_is_stronger_than_a_deletion() -> None:
    base, edited = CaseRecord({"seed": SEED}), CaseRecord({"seed": replace(SEED, label="B")})
    assert merged(base, edited, CaseRecord()).marks == edited.marks
    assert merged(base, CaseRecord(), edited).marks == edited.marks


def test_a_name_given_late_signs_the_marks_without_one() -> None:
    record = CaseRecord({"a": replace(SEED, id="a"), "b": replace(SEED, id="b", author="Other")})
    assert {mark.author for mark in signed(record, "Reader").marks.values()} == {"Reader", "Other"}


def test_a_damaged_file_is_put_aside_and_not_lost(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.file("case").write_bytes(b'{"version": 1, "marks"')
    assert store.load("case") == CaseRecord()
    (aside,) = tmp_path.glob("case.damaged-*")
    assert aside.read_bytes() == b'{"version": 1, "marks"'


def test_marks_of_a_later_version_are_neither_read_nor_written_over(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.file("case").write_text(json.dumps({"version": 99}))
    with pytest.raises(MarksError, match="later version"):
        store.load("case")
    with pytest.raises(MarksError, match="later version"):
        store.save("case", CaseRecord(), CaseRecord({"seed": SEED}))
    assert json.loads(store.file("case").read_text()) == {"version": 99}


def test_a_full_disk_is_told_and_leaves_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RecordStore(tmp_path)
    first = store.save("case", CaseRecord(), CaseRecord({"seed": SEED}))

    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lungview.marks.store.write_atomically", refuse)
    with pytest.raises(MarksError, match="No space left on device"):
        store.save("case", first, CaseRecord())
    assert store.load("case") == first


def _add_marks(folder: Path, name: str) -> None:
    store = RecordStore(folder)
    base = CaseRecord()
    for number in range(15):
        mark = replace(SEED, id=f"{name}{number}")
        base = store.save("case", base, replace(base, marks={**base.marks, mark.id: mark}))


def test_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    workers = [multiprocessing.get_context("spawn").Process(target=_add_marks, args=(tmp_path, each)) for each in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert set(RecordStore(tmp_path).load("case").marks) == {f"{each}{number}" for each in "ab" for number in range(15)}


def test_a_model_is_unsure_of_boxes_in_the_middle_of_its_scores() -> None:
    def case(*scores: float | None) -> list[SliceDetections]:
        return [SliceDetections(at, (Detection(SEED.box, each),)) for at, each in enumerate(scores)]

    sure, doubtful = unsureness(case(0.99, 0.01, 0.98)), unsureness(case(0.5, 0.6, 0.4))
    assert sure is not None
    assert doubtful is not None
    assert 0 <= sure < doubtful <= 1
    assert unsureness(case(None)) is None
    assert unsureness([]) is None
