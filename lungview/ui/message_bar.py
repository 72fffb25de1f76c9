"""Sentences about what went wrong, or what is new, in a quiet bar that blocks nothing."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from lungview.ui import icons, theme
from lungview.ui.theme import Mark, Space

_MOST_SENTENCES = 3


class MessageBar(QFrame):
    """Shows the newest sentences until they are closed; may offer one thing to do about them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messageBar")
        self._sentences: dict[str, bool] = {}
        """What is shown, oldest first, and whether it is news."""
        self._do: Callable[[], None] | None = None
        self._lasting: tuple[str, str, Callable[[], None] | None, bool] | None = None
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._offer = QPushButton()
        self._offer.clicked.connect(self._on_offer)
        self._close = QToolButton()
        self._close.setToolTip("Close")
        self._close.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.BETWEEN, Space.TIGHT, Space.INSIDE, Space.TIGHT)
        row.setSpacing(Space.INSIDE)
        for part, stretch in ((self._sign, 0), (self._text, 1), (self._offer, 0), (self._close, 0)):
            row.addWidget(part, stretch)
        self.dress()
        self.hide()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._text.text() if self._sentences else ""

    def tell(
        self,
        sentence: str,
        offer: str = "",
        do: Callable[[], None] | None = None,
        *,
        is_news: bool = False,
        lasts: bool = False,
    ) -> None:
        """Add a sentence. offer, do: the text of a button and what it does; without one, the one before stays.

        is_news: nothing is wrong. The bar looks like trouble as long as one sentence of it tells of some.
        lasts: it is of no case, and stays when another is opened.
        """
        if lasts:
            self._lasting = sentence, offer, do, is_news
        self._sentences.pop(sentence, None)
        self._sentences[sentence] = is_news
        self._sentences = dict(list(self._sentences.items())[-_MOST_SENTENCES:])
        self._text.setText("\n".join(self._sentences))
        if do is not None:
            self._do = do
            self._offer.setText(offer)
        self._offer.setVisible(self._do is not None)
        self.dress()
        self.show()

    def leave_case(self) -> None:
        """Forget what was said of the case that was open."""
        lasting = self._lasting
        self.clear()
        if lasting is not None:
            sentence, offer, do, is_news = lasting
            self.tell(sentence, offer, do, is_news=is_news, lasts=True)

    def clear(self) -> None:
        """Close the bar."""
        self._lasting = None
        self._sentences.clear()
        self._do = None
        self.hide()

    def dress(self) -> None:
        """Draw the bar as what it tells, in the colours in use."""
        is_news = bool(self._sentences) and all(self._sentences.values())
        name, colour = ("info", theme.current_palette().accent) if is_news else ("warning-circle", Mark.TROUBLE)
        self._sign.setPixmap(icons.pixmap(name, colour, ratio=self.devicePixelRatioF()))
        if self.property("news") != is_news:
            self.setProperty("news", is_news)
            self.style().unpolish(self)
            self.style().polish(self)
        self._close.setIcon(icons.icon("x", theme.current_palette(), 14))
        self._text.setForegroundRole(QPalette.ColorRole.WindowText)

    def _on_offer(self) -> None:
        do = self._do
        self.clear()
        if do is not None:
            do()
