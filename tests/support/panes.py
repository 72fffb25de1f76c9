"""Showing panes and driving them by the mouse, in slice coordinates."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lungview.domain.arrays import UInt8Array
from lungview.domain.box import Box
from lungview.ui.panes.canvas import SliceCanvas

NO_KEY = Qt.KeyboardModifier.NoModifier
NOTCH = 120
"""Wheel units of one notch."""
SPHERE, PREDICTED = Box(70, 60, 90, 80), Box(72, 60, 92, 80)
"""The reader's and the model's box of the sphere that the small panes are tried on; their IoU is 0.82."""


def show(qtbot: QtBot, pane: QWidget, width: int = 400, height: int = 300) -> None:
    """Show a pane at a size and wait until it is there; it is closed with the test."""
    qtbot.addWidget(pane)
    pane.resize(width, height)
    with qtbot.waitExposed(pane):
        pane.show()


def turn_wheel(pane: SliceCanvas, units: int, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Turn the wheel over a slice point; positive is away from the reader."""
    place = pane.view.to_pane(x, y)
    event = QWheelEvent(
        place,
        QPointF(pane.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, units),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane, event)


def place(pane: SliceCanvas, x: float, y: float) -> QPoint:
    """Where a slice point is in the pane."""
    return pane.view.to_pane(x, y).toPoint()


def drag(pane: SliceCanvas, button: Qt.MouseButton, by: QPoint) -> None:
    """Drag from the middle of the pane by a distance in px."""
    start = pane.rect().center()
    QTest.mousePress(pane, button, NO_KEY, start)
    for share in (0.5, 1.0):
        move = QPoint(round(by.x() * share), round(by.y() * share))
        _move(pane, start + move, button)
    QTest.mouseRelease(pane, button, NO_KEY, start + by)


def hover(pane: SliceCanvas, x: float, y: float) -> None:
    """Move the mouse over a slice point without a button."""
    _move(pane, place(pane, x, y), Qt.MouseButton.NoButton)


def _move(pane: QWidget, to: QPoint, button: Qt.MouseButton) -> None:

    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(to), QPointF(pane.mapToGlobal(to)), Qt.MouseButton.NoButton, button, NO_KEY
    )
    QApplication.sendEvent(pane, event)


def pixels(widget: QWidget) -> UInt8Array:
    """(height, width, 3) RGB of a widget as it is painted now."""
    return channels(widget.grab().toImage())


def channels(image: QImage) -> UInt8Array:
    """(height, width, 3) RGB of a picture."""
    picture = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(picture.constBits(), dtype=np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return flat[:, : picture.width() * 3].reshape(picture.height(), picture.width(), 3).copy()


def is_coloured(picture: UInt8Array, colour: str, tolerance: int = 12) -> UInt8Array:
    """(height, width) 1 where a pixel has a colour, given as #rrggbb."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    near: UInt8Array = (np.abs(picture.astype(np.int64) - wanted) <= tolerance).all(axis=2).astype(np.uint8)
    return near
