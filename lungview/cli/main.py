"""Which sub-command is meant, and how its end is told: one place for exit codes and messages."""

import argparse
import contextlib
import io
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module

from lungview.cli.exit_codes import ExitCode
from lungview.errors import LungViewError, NothingFoundError
from lungview.logs import log_file, start_logging
from lungview.task import Cancelled

log = logging.getLogger(__name__)

_COMMANDS = {
    "open": "open_window",
    "demo": "demo",
    "info": "info",
    "detect": "detect",
    "evaluate": "evaluate",
    "export": "export",
    "screenshot": "screenshot",
    "models": "models",
    "train": "train",
}
"""By name, the module; imported where it is meant, since a window waits for it."""
_USAGE = "lungview [PATH | COMMAND ...]"
_DESCRIPTION = (
    "Chest CT viewer that draws predicted lesion boxes beside the readers' own. For research, not for diagnosis."
)
_EPILOG = (
    "`lungview PATH` is `lungview open PATH`; a folder that is named like a sub-command is opened as ./NAME. "
    "Exit codes: 0 done; 1 something went wrong, told in a sentence; 2 wrong use; 3 nothing readable found; "
    "70 a fault of the program; 130 cancelled."
)


def main(argv: Sequence[str]) -> int:
    """Run the command line's words (without the program's name) and return the exit code."""
    _print_any_name()
    words = [word for word in argv if word != "--debug"]
    is_debug = len(words) < len(argv)
    try:
        arguments = _parsed(with_command(words))
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        return int(stop.code or 0)
    start_logging(logging.DEBUG if is_debug else logging.INFO)
    if not is_debug:
        warnings.simplefilter("ignore")  # libraries quote the file's values; what matters is told as problems
    return _guarded(arguments, is_debug)


def _print_any_name() -> None:
    """Print letters that the console lacks as their codes, rather than fail at a patient's name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def with_command(words: Sequence[str]) -> list[str]:
    """The words with "open" put in front where no sub-command is named."""
    first = words[0] if words else ""
    if first in _COMMANDS or first in {"-h", "--help", "--version"}:
        return list(words)
    return ["open", *words]


class _ShowVersion(argparse.Action):
    """Looks the version up only when asked: that reads a file by a mail library, which the window need not wait for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"lungview {version('lungview')}")
        parser.exit()


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The whole command line, or of its sub-commands one alone."""
    parser = argparse.ArgumentParser(
        prog="lungview", usage="lungview [PATH | COMMAND ...]", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the program's version and end")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure (with any sub-command)")
    commands = parser.add_subparsers(title="sub-commands", dest="command", metavar="COMMAND", prog="lungview")
    for name in (command,) if command else _COMMANDS:
        module = import_module(f"lungview.cli.{_COMMANDS[name]}")
        child = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(child)
        child.set_defaults(run=module.run)
    return parser


def _parsed(words: list[str]) -> argparse.Namespace:
    """The words parsed; those for the trainer go to it untouched, its --help among them."""
    if words[0] == "train":
        from lungview.cli import train

        return argparse.Namespace(command="train", run=train.run, words=words[1:])
    return build_parser(words[0] if words[0] in _COMMANDS else "").parse_args(words)


def _guarded(arguments: argparse.Namespace, is_debug: bool) -> int:
    """Run a sub-command and turn each way it can end into an exit code and a sentence."""
    try:
        code: int = arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # so that a closed pipe shows here and not at the exit
    except (Cancelled, KeyboardInterrupt):
        return _end(ExitCode.CANCELLED, "Cancelled.")
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except NothingFoundError as error:
        return _end(ExitCode.NOTHING_FOUND, str(error))
    except (LungViewError, OSError) as error:
        log.info("%s: ended by %s", arguments.command, type(error).__name__)
        if is_debug:
            traceback.print_exc()
        return _end(ExitCode.TROUBLE, _sentence(error))
    except Exception as error:
        log.exception("%s: a fault of the program", arguments.command)
        if is_debug:
            traceback.print_exc()
        return _end(
            ExitCode.BUG, f"LungView failed at something it should not ({type(error).__name__}). Log: {log_file()}"
        )
    return code


def _sentence(error: LungViewError | OSError) -> str:
    """What to tell: our own errors are sentences already, the system's name the file and the reason."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def _end(code: ExitCode, message: str) -> ExitCode:
    """Say the last word on standard error, which a program without a console does not have."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(message, file=sys.stderr, flush=True)
    return code
