"""The geometry and files report: what was done about each oddity, in one quiet place."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lungview.ui.dialogs.report_sections import Entry, Section, as_text
from lungview.ui.theme import Space

_MOST_LINES = 2000
"""Lines of one list that are shown; the copied report has all."""


class ReportDialog(QDialog):
    """Shows the report's sections as tabs; the stack being read stands open."""

    def __init__(self, sections: Sequence[Section], stack_key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Geometry and files report")
        self.resize(820, 520)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        for section in sections:
            self.tabs.addTab(_page(section, stack_key), section.title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(as_text(sections)))
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.BETWEEN, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addWidget(self.tabs)
        column.addWidget(buttons)


def _page(section: Section, stack_key: str) -> QWidget:
    page = QWidget()
    summary = QLabel(section.summary)
    summary.setWordWrap(True)
    summary.setProperty("role", "secondary")
    tree = QTreeWidget()
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setUniformRowHeights(False)
    tree.setWordWrap(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
    tree.header().resizeSection(0, 280)
    tree.header().setStretchLastSection(True)
    _fill(tree, section.entries, stack_key)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, Space.BETWEEN, 0, 0)
    column.setSpacing(Space.INSIDE)
    column.addWidget(summary)
    column.addWidget(tree)
    return page


def _fill(tree: QTreeWidget, entries: Sequence[Entry], stack_key: str) -> None:
    for entry in entries:
        item = _item(entry)
        tree.addTopLevelItem(item)
        _span(item)
        is_wanted = entry.key == stack_key if entry.key else len(entry.children) <= 20
        item.setExpanded(is_wanted or len(entries) == 1)
        if entry.key and entry.key == stack_key:
            tree.scrollToItem(item)


def _span(item: QTreeWidgetItem | None) -> None:
    """Let names that nothing is said of have the whole width; Qt does so only for items already in a tree."""
    if item is not None:
        item.setFirstColumnSpanned(not item.text(1))
        for number in range(item.childCount()):
            _span(item.child(number))


def _item(entry: Entry) -> QTreeWidgetItem:
    item = QTreeWidgetItem([entry.name, entry.text])
    for column, text in enumerate((entry.name, entry.text)):
        item.setToolTip(column, text)
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignTop)
    for child in entry.children[:_MOST_LINES]:
        item.addChild(_item(child))
    if len(entry.children) > _MOST_LINES:
        item.addChild(QTreeWidgetItem([f"… and {len(entry.children) - _MOST_LINES} more in the copied report"]))
    return item
