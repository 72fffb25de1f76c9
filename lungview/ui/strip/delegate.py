"""How a row of the strip is painted."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lungview.ui import theme
from lungview.ui.strip.model import ROW_ROLE
from lungview.ui.strip.rows import RowKind, StripRow
from lungview.ui.theme import Mark, Palette, Size, Space

Index = QModelIndex | QPersistentModelIndex

_LINE = 18
_STACK_HEIGHT = Size.STRIP_THUMBNAIL + 2 * Space.INSIDE
_STUDY_HEIGHT = _LINE + Space.INSIDE


class StripDelegate(QStyledItemDelegate):
    """Headings for patients and studies; a picture, two lines and a badge for stacks."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        """The row's height; the width is the list's."""
        row: StripRow = index.data(ROW_ROLE)
        patient = (2 if row.details else 1) * _LINE + 2 * Space.INSIDE
        heights = {RowKind.PATIENT: patient, RowKind.STUDY: _STUDY_HEIGHT, RowKind.STACK: _STACK_HEIGHT}
        return QSize(100, heights[row.kind])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        row: StripRow = index.data(ROW_ROLE)
        place: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if row.kind is RowKind.STACK:
            _paint_stack(painter, place, row, index.data(Qt.ItemDataRole.DecorationRole), state)
        else:
            _paint_heading(painter, place, row)
        painter.restore()


def _paint_heading(painter: QPainter, place: QRect, row: StripRow) -> None:
    colours = theme.current_palette()
    inner = place.adjusted(Space.BETWEEN, Space.INSIDE // 2, -Space.INSIDE, -Space.INSIDE // 2)
    if row.kind is RowKind.PATIENT:
        line = QRect(inner.left(), inner.top() + Space.TIGHT, inner.width(), _LINE)
        _write(painter, line, row.title, colours.text, is_bold=True)
        _write(painter, line.translated(0, _LINE), row.details, colours.secondary_text, Size.SMALL_FONT)
        return
    text = " · ".join(part for part in (row.title, row.details) if part)
    _write(painter, inner, text, colours.secondary_text, Size.SMALL_FONT)


def _paint_stack(
    painter: QPainter, place: QRect, row: StripRow, picture: QImage | None, state: QStyle.StateFlag
) -> None:
    colours = theme.current_palette()
    is_selected = bool(state & QStyle.StateFlag.State_Selected)
    if is_selected or state & QStyle.StateFlag.State_MouseOver:
        share = 0.22 if is_selected else 0.07
        painter.fillRect(place, theme.mixed(colours.accent if is_selected else colours.text, colours.panel, share))
    if is_selected:
        painter.fillRect(QRect(place.left(), place.top(), 3, place.height()), QColor(colours.accent))
    side = Size.STRIP_THUMBNAIL
    frame = QRect(place.left() + Space.BETWEEN, place.top() + Space.INSIDE, side, side)
    _paint_picture(painter, frame, picture, colours)
    left = frame.right() + Space.INSIDE + 2
    line = QRect(left, frame.top() - 1, place.right() - left - Space.INSIDE, _LINE)
    _write(painter, line, row.title, colours.text)
    _write(painter, line.translated(0, _LINE + 1), row.details, colours.secondary_text, Size.SMALL_FONT)
    third = line.translated(0, 2 * _LINE + 3)
    if row.boxes:
        badge = _paint_badge(painter, third, _boxes_in_words(row.boxes), colours)
        third.setLeft(badge.right() + Space.INSIDE)
    _write(painter, third, row.part, colours.secondary_text, Size.SMALL_FONT)


def _paint_picture(painter: QPainter, frame: QRect, picture: QImage | None, colours: Palette) -> None:
    painter.fillRect(frame, QColor(colours.image))
    if picture is None or picture.isNull():
        return
    size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(0, 0, size.width(), size.height())
    target.moveCenter(frame.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(target, picture)


def _paint_badge(painter: QPainter, line: QRect, text: str, colours: Palette) -> QRect:
    painter.setFont(theme.font(Size.SMALL_FONT - 1))
    width = min(QFontMetrics(painter.font()).horizontalAdvance(text) + 14, line.width())
    badge = QRect(line.left(), line.top(), width, 16)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(Mark.READER))
    painter.setBrush(theme.mixed(Mark.READER, colours.panel, 0.18))
    painter.drawRoundedRect(badge, 8, 8)
    painter.setPen(QColor(colours.text))
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, width - 10)
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, shown)
    return badge


def _boxes_in_words(count: int) -> str:
    return f"{count} reader box{'' if count == 1 else 'es'}"


def _write(
    painter: QPainter, place: QRect, text: str, colour: str, size_px: int = Size.FONT, *, is_bold: bool = False
) -> None:
    painter.setFont(theme.font(size_px, is_bold=is_bold))
    painter.setPen(QColor(colour))
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
