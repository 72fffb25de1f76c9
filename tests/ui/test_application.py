"""The Qt application's edges: displays and Ctrl+C."""

import os
import signal

import pytest
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from lungview.ui.application import has_screen, interrupting, linux_platforms, make_application


def test_there_is_one_application(qapp: QCoreApplication) -> None:
    assert make_application() is qapp


def test_offscreen_is_no_screen(qapp: QApplication) -> None:
    assert QApplication.platformName() == "offscreen"
    assert not has_screen()


@pytest.mark.parametrize(
    ("environment", "platforms"),
    [
        ({}, "offscreen"),
        ({"DISPLAY": ":0"}, "xcb;wayland;offscreen"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland;xcb;offscreen"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "XDG_SESSION_TYPE": "wayland"}, "wayland;xcb;offscreen"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "XDG_SESSION_TYPE": "x11"}, "xcb;wayland;offscreen"),
    ],
)
def test_the_sessions_own_display_is_tried_first_and_memory_last(environment: dict[str, str], platforms: str) -> None:
    assert linux_platforms(environment) == platforms


@pytest.mark.skipif(os.name == "nt", reason="Windows can send itself no SIGINT")
def test_ctrl_c_is_answered_while_qt_waits(qapp: QApplication) -> None:
    loop, before = QEventLoop(), signal.getsignal(signal.SIGINT)  # a shell's background jobs ignore it
    with interrupting(loop.quit) as was_interrupted:
        assert not was_interrupted()
        QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGINT))
        QTimer.singleShot(5000, loop.quit)
        loop.exec()
        assert was_interrupted()
    assert signal.getsignal(signal.SIGINT) is before
