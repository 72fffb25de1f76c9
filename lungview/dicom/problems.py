"""Say in a sentence why a file is not among the images, and what to do."""

from lungview.domain.study import FileProblem, FileSource, ProblemKind
from lungview.errors import DicomError


def not_dicom(source: FileSource) -> FileProblem:
    """Describe a file that holds no DICOM data set."""
    return FileProblem(
        source,
        ProblemKind.NOT_DICOM,
        f"{source.name} is no DICOM file and was left out. If it should be an image, export it as DICOM again.",
    )


def other_kind(source: FileSource, kind: str) -> FileProblem:
    """Describe DICOM of another kind; kind: what it is, in words with an article."""
    remedy = "Nothing need be done." if "index" in kind else "Open it with a program for such objects."
    return FileProblem(
        source, ProblemKind.NOT_AN_IMAGE, f"{source.name} is {kind}, not an image, and was left out. {remedy}"
    )


def no_pixels(source: FileSource) -> FileProblem:
    """Describe an image object whose pixels are absent."""
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} describes an image but holds no pixels, and was left out. Copy it again from its source.",
    )


def no_image(source: FileSource) -> FileProblem:
    """Describe a data set that names neither an image nor a known kind of object."""
    return FileProblem(
        source,
        ProblemKind.NOT_AN_IMAGE,
        f"{source.name} is a DICOM data set without an image, and was left out. Nothing need be done.",
    )


def truncated(source: FileSource, held: int, needed: int) -> FileProblem:
    """Describe a file that ends before its pixels do; held, needed: bytes of pixel data."""
    share = f"{100 * held // needed} %" if 0 < held < needed else "none"
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} is cut short: it holds {share} of its pixels, and was left out. Copy it again from its source.",
    )


def bad_value(source: FileSource, what: str) -> FileProblem:
    """Describe a file whose header says something impossible; what: the element, in words."""
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} gives an impossible {what}, and was left out. Export it again from its source.",
    )


def broken(source: FileSource, reason: str) -> FileProblem:
    """Describe a damaged file; reason: a clause with the file as its subject."""
    return FileProblem(
        source, ProblemKind.BROKEN, f"{source.name} {reason}, and was left out. Copy it again from its source."
    )


def unreadable(source: FileSource, error: OSError) -> FileProblem:
    """Describe a file that the system does not let be read."""
    if isinstance(error, PermissionError):
        text = f"{source.name} may not be read by this user, and was left out. Change its permissions or copy it."
    else:
        text = f"{source.name} cannot be read from its disk, and was left out. Check the disk, or copy it elsewhere."
    return FileProblem(source, ProblemKind.BROKEN, text)


def unsupported(source: FileSource, what: str, remedy: str) -> FileProblem:
    """Describe a file of a form that is not read; what: a clause with the file as its subject."""
    return FileProblem(source, ProblemKind.UNSUPPORTED, f"{source.name} {what}, and was left out. {remedy}")


def duplicate(source: FileSource, first: FileSource) -> FileProblem:
    """Describe a second file of the same SOP instance at the same place."""
    return FileProblem(
        source,
        ProblemKind.DUPLICATE,
        f"{source.name} calls itself the same image as {first.name} (equal SOP Instance UID and place),"
        " and that one is shown. Open this one alone to see it.",
    )


def stalled(source: FileSource, seconds: float) -> FileProblem:
    """Describe a file or folder whose drive does not answer; seconds: how long it was waited for."""
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} did not answer for {seconds:g} s, and was left out. Check its disk or the network, then open it"
        " again.",
    )


def given_up(source: FileSource) -> FileProblem:
    """Describe a file beside several that did not answer."""
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} stands beside files that did not answer, and was left out. Check its disk or the network, then"
        " open it again.",
    )


def too_deep(source: FileSource, depth: int) -> FileProblem:
    """Describe a folder that lies too deep to be looked into."""
    return FileProblem(
        source,
        ProblemKind.UNSUPPORTED,
        f"{source.name} lies more than {depth} folders deep, and was not looked into. Open it by itself.",
    )


def failed_read(source: FileSource, error: OSError | MemoryError) -> DicomError:
    """Word why a file that was scanned cannot be read now."""
    if isinstance(error, MemoryError):
        return DicomError(f"{source.name} needs more memory than is free. Close other programs, then reopen.")
    return DicomError(f"{source.name} can no longer be read. Check its disk, then open it again.")


def too_large_for_memory(source: FileSource) -> FileProblem:
    """Describe a file for which there is not enough memory."""
    return FileProblem(
        source,
        ProblemKind.BROKEN,
        f"{source.name} needs more memory than is free, and was left out. Close other programs and try again.",
    )
