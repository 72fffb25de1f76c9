"""The program's one style sheet, made of the theme's colours and sizes; no style string stands elsewhere."""

from lungview.assets import resource_path
from lungview.ui.theme import Mark, Palette, Size, Space, mixed


def style_sheet(colours: Palette) -> str:
    """The one style sheet of the program; object names and properties here are set by the widgets concerned."""
    selected = mixed(colours.accent, colours.panel, 0.28).name()
    hovered = mixed(colours.text, colours.panel, 0.07).name()
    disabled = mixed(colours.secondary_text, colours.panel, 0.55).name()
    trouble = mixed(Mark.TROUBLE, colours.panel, 0.22).name()
    return "\n".join(
        (
            _frame_rules(colours, hovered),
            _button_rules(colours, hovered, selected, disabled),
            _field_rules(colours, hovered),
            _list_rules(colours, hovered, selected),
            _own_rules(colours, trouble),
        )
    )


def _frame_rules(colours: Palette, hovered: str) -> str:
    return f"""
QMainWindow, QDialog {{ background: {colours.window}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QMainWindow::separator {{ background: {colours.window}; width: 4px; height: 4px; }}
QMainWindow::separator:hover {{ background: {colours.accent}; }}
QMenuBar {{ background: {colours.window}; padding: 2px {Space.TIGHT}px; }}
QMenuBar::item {{ padding: 4px 10px; border-radius: {Size.RADIUS}px; background: transparent; }}
QMenuBar::item:selected {{ background: {colours.raised}; }}
QMenu {{ background: {colours.raised}; border: 1px solid {colours.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 28px; border-radius: {Size.RADIUS}px; }}
QMenu::item:selected {{ background: {colours.accent}; color: {colours.on_accent}; }}
QMenu::item:disabled {{ color: {colours.secondary_text}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {colours.line}; margin: 4px 8px; }}
QMenu::icon {{ left: 8px; }}
QMenu::icon:checked {{ background: {hovered}; border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 8px; }}
QToolBar {{ background: {colours.window}; border: none; border-bottom: 1px solid {colours.line};
  padding: 3px {Space.INSIDE}px; spacing: 2px; }}
QToolBar::separator {{ background: {colours.line}; width: 1px; margin: 5px 6px; }}
QStatusBar {{ background: {colours.window}; border-top: 1px solid {colours.line}; }}
QStatusBar::item {{ border: none; }}
QToolTip {{ background: {colours.raised}; color: {colours.text}; border: 1px solid {colours.line}; padding: 4px 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: {Size.RADIUS}px; padding: 4px; background: transparent; }}
QToolButton:hover {{ background: {hovered}; }}
QToolButton:pressed {{ background: {colours.line}; }}
QToolButton:checked {{ background: {colours.raised}; border-color: {colours.line}; }}
QToolButton[popupMode="1"], QToolButton[popupMode="2"] {{ padding-right: 16px; }}
QToolButton::menu-indicator {{ subcontrol-position: right center; right: 3px; width: 9px; }}
"""


def _button_rules(colours: Palette, hovered: str, selected: str, disabled: str) -> str:
    return f"""
QPushButton {{ background: {colours.raised}; border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px;
  padding: 5px 14px; min-height: 16px; }}
QPushButton:hover {{ border-color: {colours.secondary_text}; }}
QPushButton:pressed, QPushButton:checked {{ background: {selected}; border-color: {colours.accent}; }}
QPushButton:default {{ background: {colours.accent}; border-color: {colours.accent}; color: {colours.on_accent}; }}
QPushButton:disabled {{ color: {disabled}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {colours.accent}; }}
QPushButton[role="stop"] {{ padding: 3px 10px; }}
QPushButton[role="link"] {{ background: transparent; border: none; padding: 1px {Space.TIGHT}px;
  color: {colours.accent}; text-align: left; }}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="offer"] {{ background: {colours.panel}; border: none; border-top: 1px solid {colours.line};
  border-radius: 0; padding: {Space.INSIDE}px {Space.BETWEEN}px; color: {colours.accent}; text-align: left; }}
QPushButton[role="offer"]:hover {{ background: {hovered}; }}
"""


def _field_rules(colours: Palette, hovered: str) -> str:
    return f"""
QComboBox, QLineEdit, QAbstractSpinBox, QKeySequenceEdit QLineEdit {{ background: {colours.raised};
  border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px; padding: 4px 8px; min-height: 16px; }}
QAbstractSpinBox {{ padding: 3px 20px 3px 0; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 20px; border: none; }}
QAbstractSpinBox::up-arrow {{ image: url("{_picture("caret-up.svg")}"); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url("{_picture("caret-down.svg")}"); width: 10px; height: 10px; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{_picture("caret-down.svg")}"); width: 12px; height: 12px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {colours.secondary_text}; border-radius: 3px;
  background: {colours.raised}; }}
QCheckBox::indicator:checked {{ background: {colours.accent}; border-color: {colours.accent};
  image: url("{_picture("check.svg")}"); }}
QComboBox QAbstractItemView {{ border: 1px solid {colours.line}; }}
QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus {{ border-color: {colours.accent}; }}
QPlainTextEdit, QTextBrowser {{ background: {colours.panel}; border: 1px solid {colours.line};
  border-radius: {Size.RADIUS}px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {colours.line}; }}
QSlider::sub-page:horizontal {{ background: {colours.line}; border-radius: 2px; }}
QSlider::add-page:horizontal {{ background: {colours.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -4px 0; border-radius: 6px;
  background: {colours.text}; }}
QSlider::handle:horizontal:disabled, QSlider::add-page:horizontal:disabled {{ background: {colours.line}; }}
QProgressBar {{ background: {colours.line}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {colours.accent}; border-radius: 2px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {colours.line}; border-radius: 3px; min-height: 24px; min-width: 24px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {colours.secondary_text}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QTabWidget::pane {{ border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px; top: -1px; }}
QTabBar::tab {{ padding: 6px 14px; color: {colours.secondary_text}; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {colours.text}; border-bottom-color: {colours.accent}; }}
QTabBar::tab:hover {{ background: {hovered}; }}
"""


def _picture(name: str) -> str:
    """The path of a shipped picture as style sheets want it."""
    return resource_path("icons", name).as_posix()


def _list_rules(colours: Palette, hovered: str, selected: str) -> str:
    return f"""
QAbstractItemView {{ background: {colours.panel}; border: none; outline: none;
  selection-background-color: {selected}; selection-color: {colours.text}; }}
QDialog QAbstractItemView {{ border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px; }}
QTableView {{ gridline-color: {colours.line}; }}
QAbstractItemView::item {{ padding: 2px {Space.TIGHT}px; border: none; }}
QAbstractItemView::item:hover {{ background: {hovered}; }}
QAbstractItemView::item:selected {{ background: {selected}; }}
QHeaderView {{ background: {colours.panel}; }}
QHeaderView::section {{ background: {colours.panel}; color: {colours.secondary_text}; border: none;
  border-bottom: 1px solid {colours.line}; padding: 4px {Space.TIGHT}px; font-size: {Size.SMALL_FONT}px; }}
QTableCornerButton::section {{ background: {colours.panel}; border: none; }}
"""


def _own_rules(colours: Palette, trouble: str) -> str:
    return f"""
QWidget#panel {{ background: {colours.panel}; }}
QWidget#paneTitle {{ background: {colours.panel}; border-bottom: 1px solid {colours.line}; }}
QWidget#paneTitle QToolButton {{ padding: 2px; }}
QToolButton#onImage {{ background: {colours.raised}; border-color: {colours.line}; padding: 2px 6px;
  font-size: {Size.SMALL_FONT}px; }}
QToolButton#onImage:checked {{ border-color: {colours.accent}; color: {colours.accent}; }}
QWidget#imageArea {{ background: {colours.image}; }}
QLabel[role="secondary"] {{ color: {colours.secondary_text}; }}
QLabel[role="small"] {{ color: {colours.secondary_text}; font-size: {Size.SMALL_FONT}px; }}
QLabel[role="title"] {{ color: {colours.secondary_text}; font-size: {Size.SMALL_FONT}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {Size.HEADING_FONT}px; font-weight: 600; }}
QLabel[role="notice"] {{ color: {colours.secondary_text}; font-size: {Size.SMALL_FONT}px; }}
QFrame#messageBar {{ background: {trouble}; border: none; border-bottom: 1px solid {Mark.TROUBLE}; }}
QFrame#messageBar[news="true"] {{ background: {colours.panel}; border-bottom: 1px solid {colours.accent}; }}
QFrame#emptyState {{ background: {colours.window}; }}
QFrame#emptyState[dropping="true"] {{ background: {colours.panel}; border: 2px dashed {colours.accent}; }}
"""
