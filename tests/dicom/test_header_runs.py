"""What headers have in common is found, cut where one differs, and begun anew with another series."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lungview.dicom.header_runs import Element, Run, SharedRuns

CONTENTS = st.binary(max_size=6)


def elements(values: Sequence[bytes], start: int = 0) -> list[Element]:
    """Elements of ever higher tags, the value of each wanted."""
    return [
        Element(bytes((tag, 0, tag, 0)) + bytes((len(value),)) + value, tag, {tag: value})
        for tag, value in enumerate(values, start=start)
    ]


def joined(of: Sequence[Element]) -> bytes:
    return b"".join(element.content for element in of)


def read(shared: SharedRuns, header: Sequence[Element]) -> tuple[dict[int, bytes], int]:
    """Go through a header as the parser does; return its values, and in how many steps."""
    data, position, steps = joined(header), 0, 0
    values: dict[int, bytes] = {}
    while position < len(data):
        steps += 1
        run = shared.by_tag.get(data[position : position + 4])
        fitting = run and shared.fitting(run, data, position)
        if fitting:
            values.update(fitting.values)
            position += len(fitting.content)
        else:
            element = next(each for each in header if data.startswith(each.content, position))
            values.update(element.values)
            position += len(element.content)
    return values, steps


@given(st.lists(st.lists(st.none() | CONTENTS, min_size=9, max_size=9), min_size=1, max_size=5))
def test_whatever_headers_differ_in_each_gives_its_own_values(made: list[list[bytes | None]]) -> None:
    headers = [[e for e, value in zip(elements([v or b"" for v in row]), row, strict=True) if value is not None]
               for row in made]  # fmt: skip
    shared = SharedRuns(headers[0])
    for header in headers:
        expected = {tag: value for element in header for tag, value in element.values.items()}
        assert read(shared, header)[0] == expected


def test_a_series_is_read_in_as_many_steps_as_it_has_differences() -> None:
    def slice_of(k: int) -> list[Element]:
        values = [b"alike"] * 60
        values[20], values[40] = str(k).encode(), str(-k).encode()
        return elements(values)

    shared = SharedRuns(slice_of(0))
    assert read(shared, slice_of(0))[1] == 1
    assert [read(shared, slice_of(k))[1] for k in (1, 12, 123)] == [5, 5, 5]


def test_an_element_that_is_missing_or_new_costs_no_more_than_itself() -> None:
    usual = elements([b"alike"] * 60)
    shared = SharedRuns(usual)
    assert read(shared, [*usual[:30], *usual[31:]])[1] == 2
    with_more = [*usual[:30], Element(b"\xff\0\xff\0new", 30, {255: b"new"}), *usual[31:]]
    values, steps = read(shared, with_more)
    assert steps == 3
    assert values[255] == b"new"


def test_a_header_that_is_not_all_there_yet_tells_nothing_against_a_run() -> None:
    usual = elements([b"alike"] * 9)
    shared = SharedRuns(usual)
    (run,) = shared.by_tag.values()
    assert shared.fitting(run, joined(usual)[:-3], 0) is None
    assert shared.by_tag == {run.tag: run}


def test_another_series_is_told_by_its_many_steps() -> None:
    shared = SharedRuns(elements([b"alike"] * 9))
    assert not shared.are_of_another_series(200)  # the first that follows cuts what there is to be cut
    assert not shared.are_of_another_series(70)
    assert not shared.are_of_another_series(70)
    assert shared.are_of_another_series(150)


def test_a_header_beyond_any_usual_size_is_not_kept() -> None:
    assert not SharedRuns([Element(bytes(2 << 20), 8, {})]).by_tag
    assert not SharedRuns([]).by_tag


def test_a_run_knows_its_ends() -> None:
    run = Run(elements([b"a", b"b", b"c"], start=8))
    assert (run.first_group, run.last_group, run.tag) == (8, 10, b"\x08\0\x08\0")
    assert run.values == {8: b"a", 9: b"b", 10: b"c"}
