"""Failures that are not our bugs; each message is a sentence the reader may see, with the remedy."""


class LungViewError(Exception):
    """Something outside the program went wrong; the text says what happened and what to do."""


class NothingFoundError(LungViewError):
    """The path holds no image that can be read, or none of the kind asked for."""


class DicomError(LungViewError):
    """A DICOM file or series cannot be used."""


class NotDicomError(DicomError):
    """The file holds no DICOM data set."""


class UnsupportedTransferSyntaxError(DicomError):
    """No installed decoder reads this transfer syntax."""


class InconsistentSeriesError(DicomError):
    """The slices of a stack do not fit into one volume."""


class AnnotationError(LungViewError):
    """An annotation file cannot be read or written."""


class DetectionError(LungViewError):
    """A model cannot be loaded or run."""


class WeightsError(DetectionError):
    """A weights file is not one, is not safe to read, or fits no known network."""


class ModelStoreError(DetectionError):
    """A model of the reader's own cannot be kept, renamed, deleted or brought back."""


class DeviceMemoryError(DetectionError):
    """The device ran out of memory."""


class ExportError(LungViewError):
    """A de-identified copy cannot be made."""


class TrainingError(LungViewError):
    """A training cannot start or go on."""


class TrainingConfigError(TrainingError):
    """A training setting is unknown or out of range."""
