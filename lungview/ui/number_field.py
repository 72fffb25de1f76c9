"""Number fields that stand in line with the other fields."""

from typing import TypeVar

from PySide6.QtWidgets import QAbstractSpinBox

from lungview.ui.theme import Space

Field = TypeVar("Field", bound=QAbstractSpinBox)


def in_line(field: Field) -> Field:
    """Indent a field's text as in combo boxes; style sheets do not reach the line inside it."""
    field.lineEdit().setTextMargins(Space.INSIDE - 2, 0, 0, 0)
    return field
