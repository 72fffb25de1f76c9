"""The Qt application: its names, its screen, and Ctrl+C."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
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
        os.environ["QT_QPA_PLATFORM"] = linux_platforms(os.environ)
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


def linux_platforms(environment: Mapping[str, str]) -> str:
    """Qt's platforms in the order to try: the session's own, and memory where no display answers."""
    has_x11 = bool(environment.get("DISPLAY"))
    if not has_x11 and not environment.get("WAYLAND_DISPLAY"):
        return "offscreen"
    is_wayland = not has_x11 or environment.get("XDG_SESSION_TYPE") == "wayland"
    return "wayland;xcb;offscreen" if is_wayland else "xcb;wayland;offscreen"


@contextlib.contextmanager
def interrupting(on_interrupt: Callable[[], object]) -> Iterator[Callable[[], bool]]:
    """While the event loop runs, answer Ctrl+C by a call; what is yielded tells whether it came.

    Python looks for signals only when it runs, which it may not do for hours while Qt waits: a socket wakes it.
    """
    interrupts: list[int] = []
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    notifier = QSocketNotifier(inside.fileno(), QSocketNotifier.Type.Read)

    def on_wake() -> None:
        inside.recv(64)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        on_interrupt()

    notifier.activated.connect(on_wake)
    before, before_fd = signal.signal(signal.SIGINT, on_signal), signal.set_wakeup_fd(outside.fileno())
    try:
        yield lambda: bool(interrupts)
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(before_fd)
        notifier.setEnabled(False)
        inside.close()
        outside.close()
