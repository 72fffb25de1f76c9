"""Data sets after cleaning: nothing planted is left, whatever stands beside it stays."""

from datetime import timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from lungview.deidentify.dataset import Cleaner, telling_words
from lungview.deidentify.dates import shifted
from lungview.deidentify.profile import Action, action_for, named_tags
from lungview.deidentify.pseudonyms import Pseudonyms
from lungview.dicom.pydicom_quiet import quiet
from tests.deidentify.planting import SECRET, SECRET_DATE, SECRET_UID, is_clean, plant_into, planted

BY = timedelta(days=-1000)


def cleaned(dataset: Dataset, by: timedelta | None = None) -> Dataset:
    Cleaner(Pseudonyms(b"secret"), "P-1", telling_words(dataset), by).clean(dataset)
    return dataset


def image() -> Dataset:
    made = Dataset()
    plant_into(made)
    made.SOPClassUID, made.Modality, made.Rows = CTImageStorage, "CT", 512
    made.PatientName, made.RescaleSlope = f"{SECRET}^Jörg=山田^太郎", "1.5"
    return made


def as_bytes(dataset: Dataset, *, is_implicit: bool = False) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    stream = BytesIO()
    with quiet():
        dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize("by", [None, BY])
@pytest.mark.parametrize("is_implicit", [False, True])
def test_nothing_planted_in_any_attribute_of_the_profile_is_left(by: timedelta | None, is_implicit: bool) -> None:
    with quiet():
        original = as_bytes(image(), is_implicit=is_implicit)
        assert not is_clean(original)
        read = dcmread(BytesIO(original))
        data = as_bytes(cleaned(read, by), is_implicit=is_implicit)
    assert is_clean(data) if by is None else SECRET.encode() not in data
    assert SECRET_DATE.encode() not in data
    assert "山田".encode() not in data


@pytest.mark.parametrize("tag", sorted(named_tags()), ids=lambda tag: keyword_for_tag(tag) or f"{tag:08x}")
def test_every_named_attribute_is_changed_for_itself_and_nested(tag: int) -> None:
    dataset, item = Dataset(), Dataset()
    kind = {"OB or OW": "OB"}.get(found := _kind(tag), found)
    value = planted(kind)
    if value is None:
        value = 4 if kind in ("US", "UL", "SS", "SL") else "4"
    for each in (dataset, item):
        each.add_new(tag, kind, value)
    dataset.add_new(0x00082112 if tag != 0x00082112 else 0x00081140, "SQ", [item])
    with quiet():
        cleaned(dataset)
    assert is_clean(repr(dataset).encode())
    if action_for(tag, kind) is Action.REMOVE and keyword_for_tag(tag) not in ("PatientName",):
        assert tag not in dataset


def _kind(tag: int) -> str:
    from tests.deidentify.planting import kind_of

    return kind_of(tag)


def test_what_pixels_and_geometry_need_stays() -> None:
    dataset = Dataset()
    dataset.Manufacturer, dataset.ConvolutionKernel, dataset.PatientPosition = "Scanners", "B30f", "HFS"
    dataset.ImagePositionPatient, dataset.RescaleIntercept, dataset.ImageType = (
        [1, 2, 3],
        "-1024",
        ["ORIGINAL", "AXIAL"],
    )
    before = {element.tag: element.value for element in dataset}
    cleaned(dataset)
    assert {tag: dataset[tag].value for tag in before} == before


def test_a_name_hidden_in_a_kept_attribute_goes_with_it() -> None:
    dataset = Dataset()
    dataset.PatientName, dataset.PatientID = "Okonkwo^Adaeze", "MRN-557"
    dataset.Manufacturer, dataset.ConvolutionKernel, dataset.BodyPartExamined = "for OKONKWO", "B mrn-557", "ADAEZE"
    cleaned(dataset)
    assert "Manufacturer" not in dataset
    assert "ConvolutionKernel" not in dataset
    assert "BodyPartExamined" not in dataset


def test_what_a_picture_is_stays_though_someone_is_called_like_it() -> None:
    dataset = Dataset()
    dataset.PatientName, dataset.PatientID, dataset.SeriesNumber = "Perfusion^Test", "123456", "123456"
    dataset.ImageType = ["DERIVED", "PRIMARY", "PERFUSION", "OF TEST"]
    cleaned(dataset)
    assert list(dataset.ImageType) == ["DERIVED", "PRIMARY", "PERFUSION", "OTHER"]
    assert "SeriesNumber" not in dataset


def test_the_copy_says_by_which_profile_it_was_made() -> None:
    dataset = cleaned(Dataset(), BY)
    assert dataset.PatientIdentityRemoved == "YES"
    assert "Basic Profile" in dataset.DeidentificationMethod[1]
    assert [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    assert dataset.LongitudinalTemporalInformationModified == "MODIFIED"
    assert dataset.PatientID == dataset.PatientName == "P-1"
    assert cleaned(Dataset()).LongitudinalTemporalInformationModified == "REMOVED"


def test_dates_keep_their_distance_and_their_times_where_they_are_shifted() -> None:
    dataset = Dataset()
    dataset.StudyDate, dataset.AcquisitionDate, dataset.StudyTime = "20200301", "20200229", "101112"
    dataset.PatientBirthDate, dataset.AcquisitionDateTime = "19500101", "20200229101112.5+0100"
    cleaned(dataset, BY)
    assert (dataset.StudyDate, dataset.AcquisitionDate, dataset.StudyTime) == ("20170605", "20170604", "101112")
    assert dataset.AcquisitionDateTime == "20170604101112.5+0100"
    assert dataset.PatientBirthDate == ""


@given(st.dates(), st.integers(-3650, -365))
def test_a_shifted_date_is_a_date_or_nothing(day: object, count: int) -> None:
    assert len(shifted(f"{day:%Y%m%d}".rjust(8, "0"), timedelta(days=count))) in (0, 8)
    assert shifted(SECRET, timedelta(days=count)) == ""


@given(st.text(max_size=64))
def test_uids_are_changed_alike_within_a_copy_and_not_between_two(uid: str) -> None:
    one, other = Pseudonyms(), Pseudonyms()
    new = one.uid(uid)
    assert new == one.uid(uid) != other.uid(uid)
    assert new.startswith("2.25.")
    assert len(new) <= 64


def test_references_follow_the_images_they_name() -> None:
    dataset, reference = Dataset(), Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, SECRET_UID
    dataset.SOPInstanceUID, dataset.ReferencedImageSequence = SECRET_UID, [reference]
    cleaned(dataset)
    (kept,) = dataset.ReferencedImageSequence
    assert kept.ReferencedSOPInstanceUID == dataset.SOPInstanceUID != SECRET_UID
    assert kept.ReferencedSOPClassUID == CTImageStorage
