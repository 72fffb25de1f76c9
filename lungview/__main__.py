"""`lungview` and `python -m lungview`."""

import sys


def main() -> int:
    """Run the command line, which opens the window unless a sub-command is named. Returns the exit code.

    The frozen program is also its own decoding process: no other Python is there to be one.
    """
    if sys.argv[1:2] == ["--decode-frames"]:
        from lungview.dicom.decoding.worker import main as decode_frames

        return decode_frames(sys.argv[2:])
    from lungview.cli.main import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
