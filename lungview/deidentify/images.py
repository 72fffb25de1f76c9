"""One image file read whole, and written again with nothing around its data set that could tell."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lungview.deidentify.dataset import Cleaner
from lungview.deidentify.streams import remove_remarks
from lungview.dicom.kinds import is_secondary_capture
from lungview.dicom.pydicom_header import name_syntax
from lungview.dicom.sources import SourceReader
from lungview.dicom.syntaxes import is_encapsulated
from lungview.domain.study import FileSource
from lungview.errors import DicomError

if TYPE_CHECKING:
    from pydicom import Dataset

_CLASSES: Final = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "": "1.2.840.10008.5.1.4.1.1.7",
}
"""What an image of a modality is where its file does not say (PS3.4 B.5)."""


def read_image(reader: SourceReader, source: FileSource) -> "Dataset":
    """All of a file's data set. Raises OSError, and DicomError or nearly anything where it is no image."""
    from pydicom import dcmread

    with reader.stream(source) as stream:
        dataset = dcmread(stream, force=True)
        name_syntax(dataset)
    if "PixelData" not in dataset:
        raise DicomError("holds no pixels")
    _name(dataset, source)
    return dataset


def _name(dataset: "Dataset", source: FileSource) -> None:
    """Give an image its SOP class and instance where it lacks them, since a file cannot be written without."""
    meta = dataset.file_meta
    if not dataset.get("SOPClassUID"):
        usual = _CLASSES.get(str(dataset.get("Modality", "")), _CLASSES[""])
        dataset.SOPClassUID = meta.get("MediaStorageSOPClassUID") or usual
    if not dataset.get("SOPInstanceUID"):
        dataset.SOPInstanceUID = meta.get("MediaStorageSOPInstanceUID") or f"{source.path}/{source.member}"


def may_show_words(dataset: "Dataset") -> bool:
    """Whether a file says that words stand in its pixels, or is the picture of a screen (PS3.3 C.7.6.1, C.8.6.1)."""
    return str(dataset.get("BurnedInAnnotation", "")).upper() == "YES" or is_secondary_capture(
        str(dataset.get("SOPClassUID", ""))
    )


def write_image(dataset: "Dataset", cleaner: Cleaner, path: Path) -> None:
    """Clean a data set and write it with file meta information of our own."""
    from pydicom.dataset import FileMetaDataset

    syntax = dataset.file_meta.TransferSyntaxUID
    cleaner.clean(dataset)
    if is_encapsulated(syntax):
        remove_remarks(dataset)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.preamble = b"\0" * 128
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
