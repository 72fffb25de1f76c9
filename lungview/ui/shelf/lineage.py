"""A model's family and what its making is known by, as a tree."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from lungview.domain.model_shelf import Gain, Origin, Shelf, StoredModel
from lungview.ui import theme
from lungview.ui.shelf.table import figure_in_words

_DEEPEST = 50
_NOT_TOLD = {"name", "seed", "sources", "output", "threads", "cache", "cache_gib", "weights_licence"}
_ORIGINS = {Origin.BUNDLED: "came with LungView", Origin.TRAINED: "trained here", Origin.IMPORTED: "imported"}


class LineageTree(QTreeWidget):
    """Ancestors above, descendants below, the model itself in bold; then what is noted of its making."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setWordWrap(True)
        self.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().resizeSection(0, 240)

    def show_model(self, shelf: Shelf, model: StoredModel | None) -> None:
        """Show another model's."""
        self.clear()
        if model is None:
            return
        family = QTreeWidgetItem(["Family"])
        self.addTopLevelItem(family)
        _add_line(family, shelf, model)
        made = QTreeWidgetItem(["Making"])
        self.addTopLevelItem(made)
        for name, text in facts_of(shelf, model):
            _child(made, name, text)
        if told := settings_of(model.lineage.settings):
            settings = QTreeWidgetItem(["Training settings"])
            self.addTopLevelItem(settings)
            for name, text in told:
                _child(settings, name, text)
        self.expandAll()
        for number in range(self.topLevelItemCount()):
            heading = self.topLevelItem(number)
            if heading is not None:
                heading.setFirstColumnSpanned(True)
                heading.setFont(0, theme.font(theme.Size.SMALL_FONT, is_bold=True))


def ancestors_of(shelf: Shelf, model: StoredModel) -> tuple[StoredModel, ...]:
    """Parents on the shelf, the eldest first; a card that names its own child is not followed in a circle."""
    found: list[StoredModel] = []
    parent = shelf.parent_of(model)
    while parent is not None and parent != model and parent not in found and len(found) < _DEEPEST:
        found.append(parent)
        parent = shelf.parent_of(parent)
    return tuple(reversed(found))


def children_of(shelf: Shelf, model: StoredModel) -> tuple[StoredModel, ...]:
    """Models trained from it."""
    sha256 = model.info.weights_sha256
    return tuple(each for each in shelf.models if sha256 and each.lineage.parent_sha256 == sha256 and each != model)


def facts_of(shelf: Shelf, model: StoredModel) -> list[tuple[str, str]]:
    """What is noted of a model's making, by name; what nobody noted is left out."""
    lineage = model.lineage
    told = [
        ("Origin", _ORIGINS[model.origin]),
        ("Date", model.made),
        ("Trained from", lineage.parent),
        ("Imported from", lineage.source),
        ("Box IoU", "" if model.iou is None else figure_in_words(model.iou)),
        ("AP 50", "" if model.precision is None else figure_in_words(model.precision)),
        *_gained(model.gain),
        ("Seed", "" if lineage.seed is None else str(lineage.seed)),
        ("Data", lineage.data_hash[:16]),
        ("Parent's weights", lineage.parent_sha256[:16]),
        ("Weights", model.info.weights_sha256[:16]),
        ("Size", f"{model.megabytes:.1f} MB" if model.megabytes else ""),
        ("Notes", model.notes),
    ]
    if lineage.parent and shelf.parent_of(model) is None:
        told.insert(3, ("", "which is not here any more"))
    return [(name, text) for name, text in told if text]


def _gained(gain: Gain | None) -> list[tuple[str, str]]:
    if gain is None:
        return []
    spread = "" if gain.low is None else f" ({gain.low:+.2f} to {gain.high:+.2f})"
    words = "Patients held out" if gain.is_test else "Validation patients"
    return [(f"IoU over {gain.base}", f"{gain.value:+.2f}{spread}"), (words, str(gain.patients or ""))]


def settings_of(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Training settings in words; those that say nothing of the learning are left out."""
    told = {name: value for name, value in settings.items() if name not in _NOT_TOLD and value not in (None, "", 0)}
    return [(name.replace("_", " ").capitalize(), f"{value:g}" if isinstance(value, float) else str(value))
            for name, value in told.items() if not isinstance(value, dict | list)]  # fmt: skip


def _add_line(family: QTreeWidgetItem, shelf: Shelf, model: StoredModel) -> None:
    """Ancestors one inside the other, then the model, then those trained from it."""
    place, seen = family, {model.key}
    elders = ancestors_of(shelf, model)
    if not elders and model.lineage.parent:
        place = _child(place, f"{model.lineage.parent} (not here)", "")
    for elder in elders:
        seen.add(elder.key)
        place = _child(place, elder.name, figure_in_words(elder.iou))
    own = _child(place, model.name, figure_in_words(model.iou))
    own.setFont(0, theme.font(is_bold=True))
    _add_children(own, shelf, model, seen)


def _add_children(place: QTreeWidgetItem, shelf: Shelf, model: StoredModel, seen: set[str]) -> None:
    for child in children_of(shelf, model):
        if child.key not in seen:
            seen.add(child.key)
            _add_children(_child(place, child.name, figure_in_words(child.iou)), shelf, child, seen)


def _child(place: QTreeWidgetItem, name: str, text: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([name, text])
    item.setToolTip(0, name)
    item.setToolTip(1, text)
    item.setTextAlignment(0, Qt.AlignmentFlag.AlignTop)
    place.addChild(item)
    return item
