"""The only owner of colours, sizes and fonts."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from lungview.assets import resource_path


class Scheme(StrEnum):
    """Which set of interface colours."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Palette:
    """Interface colours, as #rrggbb."""

    window: str
    panel: str
    raised: str
    line: str
    text: str
    secondary_text: str
    accent: str
    image: str = "#000000"
    on_accent: str = "#ffffff"


DARK = Palette("#1b1d21", "#23262b", "#2c3036", "#3a3f47", "#e6e8eb", "#9aa3ad", "#4c9be8", on_accent="#0d1117")
LIGHT = Palette("#eceef1", "#f7f8fa", "#ffffff", "#c9ced6", "#1b1d21", "#5a636e", "#1f6fbf")


class Mark:
    """Colours of marks on the slice, from the Okabe-Ito set, which stays apart for colour-blind readers."""

    READER = "#56b4e9"
    AI = "#e69f00"
    ACCEPTED = "#009e73"
    DISMISSED = "#8a929c"
    MEASUREMENT = "#f0e442"
    TROUBLE = "#d55e00"


ATTENTION_RAMP = ("#1c0f3f", "#56217a", "#9c2f8f", "#d9568a", "#f4958f", "#fde3d0")
"""Attention from none to most: lightness only grows, so that it reads without hue, and no colour is a mark's."""


class Space:
    """Spacing in px, steps of 4."""

    TIGHT = 4
    INSIDE = 8
    BETWEEN = 12
    AROUND = 16


class Size:
    """Sizes of text, icons and fixed parts in px."""

    FONT = 13
    SMALL_FONT = 12
    CORNER_FONT = 12
    HEADING_FONT = 18
    ICON = 18
    RADIUS = 4
    TITLE_ROW = 28
    TOOLBAR = 46
    STRIP_THUMBNAIL = 56
    FINDING_THUMBNAIL = 36


def palette_of(scheme: Scheme) -> Palette:
    """The interface colours of a scheme."""
    return LIGHT if scheme is Scheme.LIGHT else DARK


def current_palette() -> Palette:
    """The interface colours in use, for widgets that paint themselves."""
    app = QApplication.instance()
    return palette_of(Scheme(str(app.property("lungview_scheme") or Scheme.DARK))) if app is not None else DARK


def apply(app: QApplication, scheme: Scheme) -> None:
    """Dress the whole program in a scheme; costly with many widgets, so nothing is done where it is worn already."""
    if app.property("lungview_scheme") == scheme.value:
        return
    app.setProperty("lungview_scheme", scheme.value)
    app.setStyle("Fusion")
    app.setPalette(qt_palette(palette_of(scheme)))
    app.setFont(font())
    app.setStyleSheet(stylesheet(palette_of(scheme)))


def font(size_px: int = Size.FONT, *, is_bold: bool = False) -> QFont:
    """The system's font at a size, with figures of equal width."""
    made = QFont()
    made.setPixelSize(size_px)
    made.setBold(is_bold)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def qt_palette(colours: Palette) -> QPalette:
    """The colours for the parts that Qt paints by itself."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.panel,
        QPalette.ColorRole.AlternateBase: colours.raised,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.BrightText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.secondary_text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.Mid: colours.line,
        QPalette.ColorRole.Dark: colours.line,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, mixed(colours.secondary_text, colours.panel, 0.55))
    return made


def mixed(front: str, back: str, share: float) -> QColor:
    """The colour of front laid over back; share of front in [0, 1]."""
    a, b = QColor(front), QColor(back)
    return QColor.fromRgbF(*(x * share + y * (1 - share) for x, y in zip(_rgb(a), _rgb(b), strict=True)))


def legible(mark: str) -> QColor:
    """A mark's colour as text on a panel: darker in the light scheme, where sky blue and orange are too pale."""
    colours = current_palette()
    return mixed(mark, colours.text, 0.6) if colours is LIGHT else QColor(mark)


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def stylesheet(colours: Palette) -> str:
    """The one style sheet of the program; object names and properties here are set by the widgets concerned."""
    selected = mixed(colours.accent, colours.panel, 0.28).name()
    hovered = mixed(colours.text, colours.panel, 0.07).name()
    disabled = mixed(colours.secondary_text, colours.panel, 0.55).name()
    trouble = mixed(Mark.TROUBLE, colours.panel, 0.22).name()
    return "\n".join(
        (
            _frame_rules(colours, hovered),
            _control_rules(colours, hovered, selected, disabled),
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


def _control_rules(colours: Palette, hovered: str, selected: str, disabled: str) -> str:
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
QComboBox, QLineEdit, QSpinBox, QKeySequenceEdit QLineEdit {{ background: {colours.raised};
  border: 1px solid {colours.line}; border-radius: {Size.RADIUS}px; padding: 4px 8px; min-height: 16px; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{_picture("caret-down.svg")}"); width: 12px; height: 12px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {colours.secondary_text}; border-radius: 3px;
  background: {colours.raised}; }}
QCheckBox::indicator:checked {{ background: {colours.accent}; border-color: {colours.accent};
  image: url("{_picture("check.svg")}"); }}
QComboBox QAbstractItemView {{ border: 1px solid {colours.line}; }}
QComboBox:focus, QLineEdit:focus {{ border-color: {colours.accent}; }}
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
QFrame#emptyState {{ background: {colours.window}; }}
QFrame#emptyState[dropping="true"] {{ background: {colours.panel}; border: 2px dashed {colours.accent}; }}
"""
