"""What is higher than its place, behind a scroll bar."""

from PySide6.QtWidgets import QScrollArea, QWidget


def scrolled(inner: QWidget) -> QScrollArea:
    """A frameless area that scrolls a widget and keeps it as wide as itself."""
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    return area
