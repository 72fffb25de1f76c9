"""The Qt application: its names, its screen, and Ctrl+C."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from lungview.assets import resource_path

_WITHOUT_SCREEN = frozenset({"offscreen", "minimal"})


def make_application(*, is_offscreen: bool = False) -> QApplication:
    """The one application of this process, made where there is none; without a display it draws into memory."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if is_offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif "QT_QPA_PLATFORM" not in os.environ and sys.platform.startswith("linux"):
        os.environ["QT_QPA_PLATFORM"] = _linux_platforms()
    application = QApplication(["lungview"])
    application.setOrganizationName("LungView")
    application.setApplicationName("LungView")
    application.setDesktopFileName("lungview")
    icon = resource_path("icons", "lungview.svg")
    if icon.is_file():
        application.setWindowIcon(QIcon(str(icon)))
    return application


def has_screen() -> bool:
    """Whether a window would be seen."""
    return QApplication.platformName() not in _WITHOUT_SCREEN


def _linux_platforms() -> str:
    """Qt's platforms in the order to try: the session's own, and memory where no display answers."""
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return "offscreen"
    is_wayland = os.environ.get("XDG_SESSION_TYPE") == "wayland" or not os.environ.get("DISPLAY")
    return "wayland;xcb;offscreen" if is_wayland else "xcb;wayland;offscreen"


@contextlib.contextmanager
def interrupting(on_interrupt: Callable[[], object]) -> Iterator[None]:
    """While the event loop runs, answer Ctrl+C by a call: Python itself would only look between Qt's events."""
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    notifier = QSocketNotifier(inside.fileno(), QSocketNotifier.Type.Read)

    def on_wake() -> None:
        inside.recv(64)  # Python runs the handler below as soon as it runs anything

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        on_interrupt()

    notifier.activated.connect(on_wake)
    before, before_fd = signal.signal(signal.SIGINT, on_signal), signal.set_wakeup_fd(outside.fileno())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(before_fd)
        notifier.setEnabled(False)
        inside.close()
        outside.close()
