"""`lungview` and `python -m lungview`."""

import sys


def main() -> int:
    """Run the command line, which opens the window unless a sub-command is named. Returns the exit code."""
    from lungview.cli.main import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
