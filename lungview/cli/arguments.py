"""Arguments that several sub-commands take."""

import argparse
import os
from pathlib import Path

DEVICES = ("auto", "cpu", "cuda", "mps")


def existing_path(text: str) -> Path:
    """A file or folder that is there."""
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no file or folder {text!r}")
    return path


def existing_folder(text: str) -> Path:
    """A folder that is there."""
    path = existing_path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return path


def output_path(*suffixes: str) -> "_OutputPath":
    """A type for a file to be written, whose name must end with one of the suffixes."""
    return _OutputPath(suffixes)


class _OutputPath:
    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self._suffixes = suffixes

    def __call__(self, text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in self._suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} must end with {' or '.join(self._suffixes)}")
        if path.is_dir():
            raise argparse.ArgumentTypeError(f"{text!r} is a folder")
        if not _is_writable(path.absolute().parent):
            raise argparse.ArgumentTypeError(f"the folder of {text!r} cannot be written to")
        return path


def output_folder(text: str) -> Path:
    """A folder to write into, made where it is missing."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    if not _is_writable(path.absolute()):
        raise argparse.ArgumentTypeError(f"the folder {text!r} cannot be written to")
    return path


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be written to, or made; asked before hours of work."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    return there.is_dir() and os.access(there, os.W_OK)


def add_path(parser: argparse.ArgumentParser) -> None:
    """PATH: what to open."""
    parser.add_argument("path", metavar="PATH", type=existing_path, help="a folder, DICOM file, DICOMDIR or zip")


def add_annotations(parser: argparse.ArgumentParser) -> None:
    """--annotations DIR: readers' boxes that cannot be found by themselves."""
    parser.add_argument(
        "--annotations",
        metavar="DIR",
        type=existing_folder,
        help="folder of the readers' XML files; without it they are looked for in and beside PATH",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model, --device and --no-cache: which network answers, where, and whether earlier answers will do."""
    parser.add_argument(
        "--model", metavar="NAME|FILE", default="", help="a model of `lungview models`, or a weights file"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where the network runs (default: %(default)s)"
    )
    parser.add_argument("--no-cache", action="store_true", help="ask the network even where its answers are kept")


def add_thorough(parser: argparse.ArgumentParser) -> None:
    """--thorough: twice the time for answers that do not depend on which side is left."""
    parser.add_argument(
        "--thorough", action="store_true", help="look at each slice twice, as it is and mirrored; takes twice as long"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json: for scripts."""
    parser.add_argument("--json", action="store_true", help="print JSON")
