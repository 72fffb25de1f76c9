"""What stands in the middle before anything is open."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from lungview.ui import theme
from lungview.ui.theme import Space

_MOST_RECENT = 5
_SIGN_PX = 56


class EmptyState(QFrame):
    """Says what to do, and offers what was open before."""

    folder_wanted = Signal()
    file_wanted = Signal()
    demo_wanted = Signal()
    recent_wanted = Signal(str)

    def __init__(self, *, has_demo: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._sign.setFixedHeight(_SIGN_PX)
        self._told = _centred("Drop a DICOM folder here, or press Ctrl+O", "heading")
        self._told.setWordWrap(True)  # a folder's name may be long
        self._more = _centred(
            "A file, a DICOMDIR or a zip will do. Annotation folders beside it are found.", "secondary"
        )
        self._recent = QVBoxLayout()
        self._recent.setSpacing(Space.TIGHT)
        self._lay_out(self._buttons(has_demo))

    @property
    def invitation(self) -> str:
        """What is said."""
        return self._told.text()

    def say(self, text: str) -> None:
        """Put another sentence in place of the invitation."""
        self._told.setText(text)

    def set_recent(self, paths: tuple[str, ...]) -> None:
        """List what was open before, by short name."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if paths:
            self._recent.addWidget(_centred("Recent", "title"), 0, Qt.AlignmentFlag.AlignHCenter)
        for path in paths[:_MOST_RECENT]:
            button = QPushButton(Path(path).name or path)
            button.setProperty("role", "link")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setToolTip(path)
            button.clicked.connect(lambda _checked=False, path=path: self.recent_wanted.emit(path))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def set_dropping(self, is_dropping: bool) -> None:
        """Show that what is dragged may be dropped."""
        self.setProperty("dropping", "true" if is_dropping else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def dress(self) -> None:
        """Draw the sign in the colours in use; not at the first paint, which must not wait for the font of icons."""
        from lungview.ui import icons

        colours = theme.current_palette()
        faint = theme.mixed(colours.secondary_text, colours.window, 0.7)
        self._sign.setPixmap(icons.pixmap("folder-notch-open", faint, _SIGN_PX, self.devicePixelRatioF()))

    def _buttons(self, has_demo: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.INSIDE)
        row.addStretch()
        offers = [("Open folder…", self.folder_wanted), ("Open file…", self.file_wanted)]
        offers += [("Demo patient", self.demo_wanted)] if has_demo else []
        for text, wanted in offers:
            button = QPushButton(text)
            button.clicked.connect(wanted)
            row.addWidget(button)
        row.addStretch()
        return row

    def _lay_out(self, buttons: QHBoxLayout) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addStretch(2)
        for part in (self._sign, self._told, self._more):
            column.addWidget(part)
        column.addSpacing(Space.INSIDE)
        column.addLayout(buttons)
        column.addSpacing(Space.AROUND)
        column.addLayout(self._recent)
        column.addStretch(3)


def _centred(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label
