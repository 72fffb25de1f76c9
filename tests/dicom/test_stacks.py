"""How one series becomes stacks, and what is told of each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.geometry_report import GeometryIssue, GeometryNote, OrderRule
from lungview.domain.study import Stack, StackKind
from lungview.task import Task
from tests.support.dicom_series import Recipe, random_stored, write_multiframe, write_series
from tests.support.shared_data import shared

E0003 = ("lung-pet-ct-dx-slicelabels", "Lung-PET-CT-Dx", "Lung_Dx-E0003")
E0005 = ("lung-pet-ct-dx-slicelabels", "Lung-PET-CT-Dx", "Lung_Dx-E0005")


def stacks_in(path: Path) -> tuple[Stack, ...]:
    return scan(path, Task()).stacks


def note(stack: Stack, issue: GeometryIssue) -> GeometryNote:
    (found,) = [one for one in stack.report.notes if one.issue is issue]
    return found


def issues(stack: Stack) -> set[GeometryIssue]:
    return {one.issue for one in stack.report.notes}


def write(folder: Path, slices: int, edit: Callable[[Dataset, int], None], **recipe: object) -> None:
    write_series(folder, Recipe(random_stored(slices), edit=edit, **recipe))  # type: ignore[arg-type]


def test_an_even_stack_has_nothing_to_tell(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(4)))
    (stack,) = stacks_in(tmp_path)
    assert stack.report.notes == ()
    assert (stack.report.spacing_mm, stack.report.tilt_degrees) == (5.0, 0.0)
    assert (stack.name, stack.kind, stack.unit, stack.kernel) == ("synthetic", StackKind.VOLUME, "HU", "L")
    assert stack.is_detectable


def test_three_acquisitions_of_one_series_are_three_named_stacks() -> None:
    (series,) = scan(shared(*E0003), Task()).series
    assert [stack.name.rpartition(", ")[2] for stack in series.stacks] == [f"acquisition {n}" for n in (1, 2, 3)]
    for stack in series.stacks:
        positions = [one.position[2] for one in stack.instances if one.position]
        assert positions == sorted(positions)
        assert len(set(positions)) == stack.slice_count == 4
        assert {one.acquisition_number for one in stack.instances} == {int(stack.name[-1])}
        assert note(stack, GeometryIssue.SPLIT_ACQUISITIONS).value == 3
    assert len({stack.key for stack in series.stacks}) == 3


def test_bolus_tracking_at_one_place_stays_one_run() -> None:
    (stack,) = [one for one in stacks_in(shared(*E0005)) if "Smart" in one.name]
    assert (stack.kind, stack.slice_count) == (StackKind.SINGLE_POSITION, 3)
    assert [one.acquisition_number for one in stack.instances] == [1, 2, 3]
    assert note(stack, GeometryIssue.DUPLICATE_POSITION).slices == (0, 1, 2)


def test_two_reconstructions_of_one_name_stay_two_series() -> None:
    stacks = stacks_in(shared("lung-pet-ct-dx-boxed"))
    assert [(stack.slice_count, stack.kernel) for stack in stacks] == [(64, "L"), (11, "B")]
    assert len({stack.key for stack in stacks}) == 2


def test_empty_uids_do_not_scatter_a_series() -> None:
    (stack,) = stacks_in(shared("ct-abdomen-j2k-totalseg"))
    assert stack.slice_count == 20
    assert all(one.sop_instance_uid for one in stack.instances)
    assert note(stack, GeometryIssue.THICKNESS_DIFFERS).message.startswith("Slices are 3 mm thick and 2 mm apart")


def test_empty_uids_of_two_folders_are_two_series(tmp_path: Path) -> None:
    def blank(dataset: Dataset, k: int) -> None:
        dataset.SeriesInstanceUID = dataset.StudyInstanceUID = ""

    write_series(tmp_path / "a", Recipe(random_stored(2), edit=blank))
    write_series(tmp_path / "b", Recipe(random_stored(2), edit=blank, series=2))
    stacks = stacks_in(tmp_path)
    assert [stack.slice_count for stack in stacks] == [2, 2]
    assert len({stack.key for stack in stacks}) == 2


def test_tilt_scout_and_secondary_capture_of_a_study_are_told_apart() -> None:
    stacks = stacks_in(shared("ct-tilt-phantom-philips"))
    assert [stack.kind.value for stack in stacks] == ["localizer", "volume", "volume", "capture"]
    assert [stack.report.tilt_degrees for stack in stacks] == [0.0, 18.5, 16.5, 0.0]
    assert [stack.is_detectable for stack in stacks] == [False, True, True, False]
    assert note(stacks[1], GeometryIssue.TILT).value == 18.5


def test_a_gap_is_told_with_its_place_and_size() -> None:
    (stack,) = stacks_in(shared("dicomdir-tiny", "77654033", "CT2"))
    gap = note(stack, GeometryIssue.GAP)
    assert gap.slices == (1, 2) or gap.slices[1] - gap.slices[0] == 1
    assert gap.value is not None
    assert gap.value > 190


@pytest.mark.parametrize("seed", range(6))
def test_missing_slices_are_told_wherever_they_are(tmp_path: Path, seed: int) -> None:
    kept = np.sort(np.random.default_rng(seed).choice(np.arange(1, 39), 30, replace=False))
    kept = np.concatenate([[0], kept, [39]])
    write_series(tmp_path, Recipe(random_stored(len(kept)), positions_mm=[2.5 * float(k) for k in kept]))
    (stack,) = stacks_in(tmp_path)
    told = {one.slices: one.value for one in stack.report.notes if one.issue is GeometryIssue.GAP}
    wide = {(k, k + 1): 2.5 * float(kept[k + 1] - kept[k]) for k in range(len(kept) - 1) if kept[k + 1] - kept[k] > 1}
    assert told == wide
    assert stack.report.spacing_mm == 2.5


def test_spacing_that_varies_throughout_is_told_once(tmp_path: Path) -> None:
    positions = [float(p) for p in np.cumsum([0, 2.0, 2.6, 1.8, 2.4, 2.9, 2.2])]
    write_series(tmp_path, Recipe(random_stored(7), positions_mm=positions))
    (stack,) = stacks_in(tmp_path)
    assert "varies from 1.8 to 2.9 mm" in note(stack, GeometryIssue.MIXED_SPACING).message
    assert GeometryIssue.GAP not in issues(stack)


def test_rounded_positions_are_no_mixed_spacing(tmp_path: Path) -> None:
    positions = [round(k * 0.6249, 2) for k in range(40)]
    write_series(tmp_path, Recipe(random_stored(40), positions_mm=positions, thickness_mm=0.625))
    (stack,) = stacks_in(tmp_path)
    assert stack.report.notes == ()


def test_one_doubled_position_is_kept_and_told(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(5), positions_mm=(0.0, 5.0, 5.0, 10.0, 15.0)))
    (stack,) = stacks_in(tmp_path)
    assert stack.slice_count == 5
    assert note(stack, GeometryIssue.DUPLICATE_POSITION).slices == (1, 2)
    assert [one.instance_number for one in stack.instances] == [1, 2, 3, 4, 5]


def test_passes_that_nothing_but_their_number_tells_apart_are_split(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(8), positions_mm=(0.0, 5.0, 10.0, 15.0) * 2))
    first, second = stacks_in(tmp_path)
    assert [one.instance_number for one in first.instances] == [1, 2, 3, 4]
    assert [one.instance_number for one in second.instances] == [5, 6, 7, 8]
    assert [stack.name for stack in (first, second)] == ["synthetic, pass 1", "synthetic, pass 2"]


@pytest.mark.parametrize(
    ("edit", "labels"),
    [
        (lambda ds, k: setattr(ds, "AcquisitionNumber", 1 + k // 3), ["acquisition 1", "acquisition 2"]),
        (lambda ds, k: setattr(ds, "ConvolutionKernel", "LB"[k // 3]), ["kernel L", "kernel B"]),
        (lambda ds, k: setattr(ds, "TemporalPositionIdentifier", 1 + k // 3), ["time point 1", "time point 2"]),
        (
            lambda ds, k: setattr(ds, "AcquisitionTime", ("101500", "101630")[k // 3]),
            ["acquired 10:15:00", "acquired 10:16:30"],
        ),
    ],
)
def test_acquisitions_are_told_apart_by_what_differs(
    tmp_path: Path, edit: Callable[[Dataset, int], None], labels: list[str]
) -> None:
    write(tmp_path, 6, edit, positions_mm=(0.0, 5.0, 10.0) * 2)
    assert [stack.name for stack in stacks_in(tmp_path)] == [f"synthetic, {label}" for label in labels]


def test_acquisitions_one_after_the_other_stay_one_stack(tmp_path: Path) -> None:
    write(tmp_path, 6, lambda ds, k: setattr(ds, "AcquisitionNumber", 1 + k // 3))
    (stack,) = stacks_in(tmp_path)
    assert stack.slice_count == 6


def test_acquisitions_that_overlap_between_each_others_slices_are_split(tmp_path: Path) -> None:
    positions = (0.0, 5.0, 10.0, 15.0, 2.0, 7.0, 12.0, 17.0)
    write(tmp_path, 8, lambda ds, k: setattr(ds, "AcquisitionNumber", 1 + k // 4), positions_mm=positions)
    assert [stack.slice_count for stack in stacks_in(tmp_path)] == [4, 4]


def test_slices_each_of_their_own_acquisition_are_not_scattered(tmp_path: Path) -> None:
    write(
        tmp_path, 6, lambda ds, k: setattr(ds, "AcquisitionNumber", k), positions_mm=(0.0, 5.0, 5.0, 10.0, 15.0, 20.0)
    )
    (stack,) = stacks_in(tmp_path)
    assert GeometryIssue.DUPLICATE_POSITION in issues(stack)


def test_sizes_spacings_and_planes_are_split_and_named(tmp_path: Path) -> None:
    write_series(tmp_path / "a", Recipe(random_stored(3)))
    write_series(tmp_path / "b", Recipe(random_stored(2, 4, 4), edit=_same_series(20)))
    write_series(tmp_path / "c", Recipe(random_stored(2), edit=_same_series(30), pixel_spacing_mm=(0.5, 0.5)))
    coronal = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    write_series(tmp_path / "d", Recipe(random_stored(2), edit=_same_series(40), orientation=coronal))
    stacks = {stack.name: stack for stack in stacks_in(tmp_path)}
    assert {name: stack.slice_count for name, stack in stacks.items()} == {
        "synthetic, 6 x 8, axial, 0.75 mm pixels": 3,
        "synthetic, 6 x 8, axial, 0.5 mm pixels": 2,
        "synthetic, 6 x 8, coronal": 2,
        "synthetic, 4 x 4": 2,
    }
    assert issues(stacks["synthetic, 6 x 8, axial, 0.5 mm pixels"]) >= {
        GeometryIssue.MIXED_SIZE,
        GeometryIssue.MIXED_ORIENTATION,
        GeometryIssue.MIXED_PIXEL_SPACING,
    }


def _same_series(first: int) -> Callable[[Dataset, int], None]:
    def edit(dataset: Dataset, k: int) -> None:
        dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID}.{first + k}"
        dataset.InstanceNumber = first + k

    return edit


def test_slices_without_a_position_stand_apart_from_those_with_one(tmp_path: Path) -> None:
    def strip(dataset: Dataset, k: int) -> None:
        if k == 2:
            dataset.ImagePositionPatient = None

    write(tmp_path, 5, strip)
    placed, unplaced = stacks_in(tmp_path)
    assert (placed.slice_count, unplaced.slice_count) == (4, 1)
    assert unplaced.kind is StackKind.UNPLACED
    assert unplaced.name == "synthetic, no position"
    assert GeometryIssue.MISSING_POSITION in issues(placed)


def test_slices_without_any_place_go_by_instance_number(tmp_path: Path) -> None:
    def strip(dataset: Dataset, k: int) -> None:
        del dataset.ImagePositionPatient
        dataset.InstanceNumber = 9 - k

    write(tmp_path, 3, strip)
    (stack,) = stacks_in(tmp_path)
    assert (stack.kind, stack.report.order_rule) == (StackKind.UNPLACED, OrderRule.INSTANCE_NUMBER)
    assert stack.is_detectable
    assert [one.instance_number for one in stack.instances] == [7, 8, 9]


def test_files_without_numbers_go_by_name_as_people_count(tmp_path: Path) -> None:
    def strip(dataset: Dataset, k: int) -> None:
        del dataset.ImagePositionPatient, dataset.InstanceNumber

    recipe = Recipe(random_stored(3), edit=strip)
    write_series(tmp_path, recipe, ["im10", "im9", "im100"])
    (stack,) = stacks_in(tmp_path)
    assert stack.report.order_rule is OrderRule.FILE_NAME
    assert [one.source.name for one in stack.instances] == ["im9", "im10", "im100"]


def test_frames_of_a_multi_frame_file_equal_single_files(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(4), positions_mm=(10.0, 0.0, 5.0, 15.0))
    write_series(tmp_path / "single", recipe)
    write_multiframe(tmp_path / "multi.dcm", recipe)
    (single,) = stacks_in(tmp_path / "single")
    (multi,) = stacks_in(tmp_path / "multi.dcm")
    assert [one.position for one in multi.instances] == [one.position for one in single.instances]
    assert [one.frame for one in multi.instances] == [1, 2, 0, 3]
    np.testing.assert_array_equal(load_volume(multi, Task()).voxels, load_volume(single, Task()).voxels)


def test_a_real_multi_frame_file_equals_its_single_files() -> None:
    (single,) = stacks_in(shared("ct-tiny-legacy-enhanced", "image"))
    (multi,) = stacks_in(shared("ct-tiny-legacy-enhanced", "multiframe"))
    a, b = load_volume(single, Task()), load_volume(multi, Task())
    np.testing.assert_array_equal(a.voxels, b.voxels)
    np.testing.assert_allclose(a.geometry.origins, b.geometry.origins)


def test_screenshots_and_scouts_are_no_slices(tmp_path: Path) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        if k == 0:
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        if k == 1:
            dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"

    write(tmp_path, 5, edit)
    kinds = {stack.kind: stack for stack in stacks_in(tmp_path)}
    assert {kind: stack.slice_count for kind, stack in kinds.items()} == {
        StackKind.VOLUME: 3,
        StackKind.LOCALIZER: 1,
        StackKind.CAPTURE: 1,
    }
    assert kinds[StackKind.CAPTURE].unit == ""
    assert not kinds[StackKind.LOCALIZER].is_detectable


def test_a_pet_series_keeps_its_unit_and_is_not_for_the_detector(tmp_path: Path) -> None:
    def become_pet(dataset: Dataset, k: int) -> None:
        dataset.SOPClassUID, dataset.Modality, dataset.Units = "1.2.840.10008.5.1.4.1.1.128", "PT", "BQML"
        dataset.RescaleIntercept, dataset.RescaleSlope = 0, ("1.5", "0.25", "3")[k]

    recipe = Recipe(random_stored(3), edit=become_pet)
    write_series(tmp_path, recipe)
    (stack,) = stacks_in(tmp_path)
    assert (stack.unit, stack.modality, stack.is_detectable) == ("BQML", "PT", False)
    volume = load_volume(stack, Task())
    assert volume.voxels.dtype == np.float32
    slopes = np.array([1.5, 0.25, 3.0])[:, None, None]
    np.testing.assert_array_equal(volume.voxels, (recipe.stored * slopes).astype(np.float32))


@pytest.mark.parametrize(
    ("edit", "issue", "value"),
    [
        (lambda ds, k: setattr(ds, "SliceThickness", "410.5"), GeometryIssue.IMPLAUSIBLE_THICKNESS, 410.5),
        (lambda ds, k: setattr(ds, "SliceThickness", "0"), GeometryIssue.IMPLAUSIBLE_THICKNESS, 0.0),
        (lambda ds, k: setattr(ds, "SliceThickness", "10"), GeometryIssue.THICKNESS_DIFFERS, 10.0),
        (lambda ds, k: setattr(ds, "PatientPosition", "FFS"), GeometryIssue.FEET_FIRST, None),
        (lambda ds, k: setattr(ds, "PixelSpacing", None), GeometryIssue.MISSING_PIXEL_SPACING, None),
        (lambda ds, k: setattr(ds, "PixelSpacing", [0.5, 0.6]), GeometryIssue.NON_SQUARE_PIXELS, 0.833333),
    ],
)
def test_oddities_of_headers_are_told(
    tmp_path: Path, edit: Callable[[Dataset, int], None], issue: GeometryIssue, value: float | None
) -> None:
    write(tmp_path, 4, edit)
    (stack,) = stacks_in(tmp_path)
    assert issues(stack) == {issue}
    assert note(stack, issue).value == value


def test_padding_is_told_with_its_stored_value(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(3), padding=-2000))
    (stack,) = stacks_in(tmp_path)
    assert "-2000" in note(stack, GeometryIssue.PADDING).message


def test_views_that_all_look_another_way_are_kept_together_unmeasured() -> None:
    (stack,) = stacks_in(shared("dicomdir-tiny", "98892003", "MR700"))
    assert (stack.kind, stack.slice_count) == (StackKind.UNPLACED, 7)
    assert stack.report.tilt_degrees == 0.0


def test_keys_stay_the_same_between_scans_and_places(tmp_path: Path) -> None:
    write_series(tmp_path / "here", Recipe(random_stored(3)))
    key = stacks_in(tmp_path / "here")[0].key
    (tmp_path / "here").rename(tmp_path / "there")
    assert stacks_in(tmp_path / "there")[0].key == key
