"""The settings that a reader need not touch, each with what it means in its tooltip."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QSpinBox, QWidget

from lungview.ui.number_field import in_line
from lungview.ui.theme import Space
from lungview_training.config import SplitKind
from lungview_training.supervision.plan import Choices
from lungview_training.supervision.sensible import MOST_FROZEN, SensibleSettings

_DEVICES = {"auto": "Automatic", "cuda": "Graphics card (CUDA)", "mps": "Graphics card (Apple)", "cpu": "CPU"}
_SPLITS = {
    SplitKind.PATIENT: "By patient (nobody stands on both sides)",
    SplitKind.IMAGE: "By image (as in the study; flatters)",
}
_Rows = tuple[tuple[str, QWidget], ...]
_RATES = ("0.0001", "0.0002", "0.0003", "0.0005", "0.001", "0.002")


class AdvancedSettings(QWidget):
    """Follows what suits the folder until the reader changes something."""

    def __init__(self) -> None:
        super().__init__()
        self.split = QComboBox()
        for kind, words in _SPLITS.items():
            self.split.addItem(words, kind.value)
        self.epochs = _spin(1, 1000, "How often each slice is seen")
        self.batch = _spin(1, 128, "Slices per step; fewer need less memory")
        self.rate = QComboBox()
        self.rate.setEditable(True)
        self.rate.addItems(_RATES)
        self.rate.setToolTip("How far the weights move at a step")
        self.freeze = _spin(0, MOST_FROZEN, "How many stages of the network, from its stem on, stay as they are")
        self.patience = _spin(0, 100, "Ends after so many evaluations without a gain; 0 goes on to the end")
        self.validation = _share("Held back to choose the best weights by")
        self.test = _share("Held back for the proof at the end")
        self.device = QComboBox()
        self.set_devices(("cpu",))
        data: _Rows = (
            ("Split", self.split),
            ("Validation part", self.validation),
            ("Test part", self.test),
            ("Device", self.device),
        )
        learning: _Rows = (
            ("Epochs", self.epochs),
            ("Batch size", self.batch),
            ("Learning rate", self.rate),
            ("Frozen stages", self.freeze),
            ("Patience", self.patience),
        )
        both = QHBoxLayout(self)
        both.setContentsMargins(Space.AROUND, 0, 0, 0)
        both.setSpacing(2 * Space.AROUND)
        both.addLayout(_form(data), 3)
        both.addLayout(_form(learning), 2)

    def set_devices(self, found: Sequence[str]) -> None:
        """List what this computer has."""
        self.device.clear()
        for name in ("auto", *found):
            self.device.addItem(_DEVICES.get(name, name), name)

    def suggest(self, sensible: SensibleSettings) -> None:
        """Show what suits the folder."""
        self.split.setCurrentIndex(self.split.findData(sensible.split.value))
        self.epochs.setValue(sensible.epochs)
        self.batch.setValue(sensible.batch_size)
        self.rate.setCurrentText(f"{sensible.learning_rate:g}")
        self.freeze.setValue(sensible.freeze)
        self.patience.setValue(sensible.patience)
        self.validation.setValue(sensible.validation_share * 100)
        self.test.setValue(sensible.test_share * 100)

    def applied_to(self, choices: Choices) -> Choices:
        """The choices with what stands here."""
        try:
            rate = float(self.rate.currentText().replace(",", "."))
        except ValueError:
            rate = choices.learning_rate
        return replace(
            choices,
            split=SplitKind(self.split.currentData()),
            epochs=self.epochs.value(),
            batch_size=self.batch.value(),
            learning_rate=rate if rate > 0 else choices.learning_rate,
            freeze=self.freeze.value() if choices.base.weights else 0,
            patience=self.patience.value(),
            validation_share=self.validation.value() / 100,
            test_share=self.test.value() / 100,
            device=str(self.device.currentData()),
        )


def _form(rows: _Rows) -> QFormLayout:
    form = QFormLayout()
    form.setVerticalSpacing(Space.INSIDE)
    form.setHorizontalSpacing(Space.AROUND)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for words, field in rows:
        form.addRow(QLabel(words), field)
    return form


def _spin(least: int, most: int, meaning: str) -> QSpinBox:
    made = in_line(QSpinBox())
    made.setRange(least, most)
    made.setToolTip(meaning)
    return made


def _share(meaning: str) -> QDoubleSpinBox:
    made = in_line(QDoubleSpinBox())
    made.setRange(0, 45)
    made.setDecimals(0)
    made.setSuffix(" %")
    made.setToolTip(meaning)
    return made
