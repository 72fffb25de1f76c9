"""The program's log file, kept free of patients' names and of paths that may hold them."""

import contextlib
import logging
import re
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.places import log_folder

if TYPE_CHECKING:
    from logging.handlers import RotatingFileHandler

_OWN_LOGGERS = ("lungview", "lungview_training")
"""Others are left out: a DICOM library's warnings quote the patient's data."""

_MOST_BYTES = 500_000
_CODE = {str(Path(__file__).resolve().parents[1]), sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")}
_CODE_FOLDER = re.compile("|".join(re.escape(folder) + r"[\\/]" for folder in sorted(_CODE, key=len, reverse=True)))
"""Where code lies; what follows it is the path of a module, which helps and says nothing of a patient."""

_QUOTED_PATH = re.compile(r"""(["'])(?:~|[A-Za-z]:|file:)?[\\/][^"'\n]*\1|(?<!File )(["'])[^"'\n]*[\\/][^"'\n]*\2""")
_BARE_PATH = re.compile(r"(?:(?<=[\s(=,:])|^)(?:file:)?(?:~|[A-Za-z]:)?[\\/](?=\S).*$", re.MULTILINE)
_QUOTED = re.compile(r"""(["'])(?:(?!\1)[^\n\\]|\\.)*\1""")


_NOWHERE = logging.NullHandler()
"""At the root, else Python prints what libraries log there, with what it quotes."""


class _LogFile(logging.Handler):
    """The program's own log, opened with its first record: what it is written by brings sockets and pickles along."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: RotatingFileHandler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write it down."""
        if self._file is None:
            from logging.handlers import RotatingFileHandler

            self._file = RotatingFileHandler(
                self._path, maxBytes=_MOST_BYTES, backupCount=1, encoding="utf-8", delay=True
            )
            self._file.setFormatter(RedactingFormatter())
        self._file.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()


def log_file() -> Path:
    """Where the log is, whether or not anything was noted yet."""
    return log_folder() / "lungview.log"


def start_logging(level: int = logging.INFO) -> None:
    """Note what the program's own modules tell in the log file; without a place to write, go on without a log.

    A second call changes level and place, and leaves one log.
    """
    stop_logging()
    logging.getLogger().addHandler(_NOWHERE)
    with contextlib.suppress(OSError):
        log_folder().mkdir(parents=True, exist_ok=True)
        handler = _LogFile(log_file())
        for name in _OWN_LOGGERS:
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.addHandler(handler)


def stop_logging() -> None:
    """Close the log file."""
    logging.getLogger().removeHandler(_NOWHERE)
    for logger in map(logging.getLogger, _OWN_LOGGERS):
        for handler in [each for each in logger.handlers if isinstance(each, _LogFile)]:
            logger.removeHandler(handler)
            handler.close()


def redacted(text: str) -> str:
    """The text without folders: a path of code keeps its module, of any other path nothing is left.

    An unquoted path may hold blanks, so all that follows it on its line goes too.
    """
    text = _CODE_FOLDER.sub("", text)
    return _BARE_PATH.sub("<path>", _QUOTED_PATH.sub("<path>", text))


def describe(error: BaseException) -> str:
    """An error's kind and the way it took, fit for a log or a report: what its message quotes is left out.

    Messages of a library may quote what stands in a file, and that may be a name.
    """
    chain = traceback.TracebackException.from_exception(error, capture_locals=False)
    parts = [] if chain.__cause__ is None and chain.__context__ is None else [_earlier(error)]
    parts += [*traceback.format_list(chain.stack), f"{type(error).__name__}: {_QUOTED.sub('…', str(error))}\n"]
    return redacted("".join(parts)).rstrip()


def _earlier(error: BaseException) -> str:
    """The error that led to this one, "" where that is hidden."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "" if earlier is None else f"{describe(earlier)}\nwhich led to:\n"


class RedactingFormatter(logging.Formatter):
    """Formats records so that neither message nor traceback holds a path, or what an error quotes."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        head = redacted(f"{self.formatTime(record)} {record.levelname} {record.name}: {record.getMessage()}")
        error = record.exc_info[1] if record.exc_info else None
        return head if error is None else f"{head}\n{describe(error)}"
