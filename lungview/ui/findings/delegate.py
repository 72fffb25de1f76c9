"""How the cells with a picture are painted."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from lungview.domain.finding import ReviewState
from lungview.ui import icons, theme
from lungview.ui.findings.model import PICTURE_ROLE, REVIEW_ROLE
from lungview.ui.theme import Mark, Size

Index = QModelIndex | QPersistentModelIndex

_STATE_ICONS = {
    ReviewState.OPEN: ("circle", Mark.DISMISSED),
    ReviewState.ACCEPTED: ("check-circle", Mark.ACCEPTED),
    ReviewState.DISMISSED: ("x-circle", Mark.DISMISSED),
}


class TextDelegate(QStyledItemDelegate):
    """Text keeps its colour where the row is selected."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Use the cell's own colour for selected text too."""
        super().initStyleOption(option, index)
        colour = option.palette.color(QPalette.ColorRole.Text)
        option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)


class StateDelegate(QStyledItemDelegate):
    """The verdict as an icon."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the background of the cell and the icon over it."""
        super().paint(painter, option, index)
        name, colour = _STATE_ICONS[index.data(REVIEW_ROLE)]
        picture = icons.pixmap(name, colour, Size.ICON, painter.device().devicePixelRatioF())
        painter.drawPixmap(option.rect.center() - QPoint(Size.ICON // 2, Size.ICON // 2), picture)


class PictureDelegate(QStyledItemDelegate):
    """The lesion's picture."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the background of the cell and the picture over it."""
        super().paint(painter, option, index)
        picture = index.data(PICTURE_ROLE)
        side = Size.FINDING_THUMBNAIL
        frame = QRect(0, 0, side, side)
        frame.moveCenter(option.rect.center())
        painter.fillRect(frame, QColor(theme.current_palette().image))
        if isinstance(picture, QImage):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(frame, picture)
