"""The training's place in the status bar: how far it is; a click opens its dialog."""

from PySide6.QtWidgets import QPushButton

from lungview.ui.training.controller import TrainingController
from lungview.ui.training.words import chip_words


class TrainingChip(QPushButton):
    """Shown while there is a training that goes on, or that waits for the reader."""

    def __init__(self, controller: TrainingController) -> None:
        super().__init__()
        self.setProperty("role", "link")
        self.setToolTip("Open the training")
        self._controller = controller
        controller.changed.connect(self.show_state)
        self.show_state()

    def show_state(self) -> None:
        """Say how far it is."""
        told = chip_words(self._controller.progress, self._controller.record, is_going=self._controller.is_going)
        if told != self.text():
            self.setText(told)
        self.setVisible(bool(told))
