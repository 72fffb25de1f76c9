"""The pane that outlines the lesion in focus on the Sobel gradient, with its two axes."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QToolButton, QWidget

from lungview.domain.arrays import VoxelArray
from lungview.domain.window import Window
from lungview.imaging.gradient import sobel_magnitude
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import JobRunner
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.note import NoteOverlay
from lungview.ui.panes.outline_finder import OutlineFinder
from lungview.ui.panes.outline_overlay import Measured, OutlineOverlay
from lungview.ui.panes.slice_image import SliceImage
from lungview.ui.panes.zoom import ZoomPane
from lungview.ui.state import ViewerState
from lungview.ui.theme import Space

_WHITE_PERCENTILE = 99.5
"""The gradient shown white, so that one bright edge does not darken all others."""
NOT_HERE = "The chosen lesion has no box on this slice"
NOTHING_FOUND = "Nothing in this box stands out enough to outline"
NO_MASK = "The model is not sure of an outline here"
IS_COLOUR = "A colour capture has no values to outline"


class OutlinePane(ZoomPane):
    """Shows the zoom with a closed contour of the lesion and its axes, over the slice or over its plain gradient.

    runner: finds the outline in the background; without one it is found on the GUI thread.
    """

    has_slab = False

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        focus: Focus,
        parent: QWidget | None = None,
        *,
        runner: JobRunner | None = None,
    ) -> None:
        super().__init__(state, display, focus, parent)
        self.finder = OutlineFinder(state, focus, runner, self)
        self.overlays = [OutlineOverlay(self._measured), NoteOverlay(self.note), self.scale_bar]
        self._toggle = self._gradient_toggle()
        self._from_model = self._model_toggle()
        self.finder.changed.connect(self.update)
        state.detections_changed.connect(lambda _index: self._offer_model())
        state.slice_changed.connect(lambda _index: self._offer_model())
        display.gradient_shown_changed.connect(self.forget_picture)

    def picture_of(self, values: VoxelArray, image: SliceImage) -> QImage:
        """Turn values, or their gradient, into a picture."""
        volume = self.state.volume
        if not self.display.shows_gradient or volume is None or volume.is_colour:
            return super().picture_of(values, image)
        gradient = sobel_magnitude(values, volume.geometry.pixel_spacing_mm)
        white = max(float(np.percentile(gradient, _WHITE_PERCENTILE)), 1.0)
        return image.render(gradient, Window(white / 2 + 0.5, white + 1), self.display.is_inverted)

    def showEvent(self, event: QShowEvent) -> None:
        """Look for outlines."""
        super().showEvent(event)
        self.finder.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest: nobody looks."""
        self.finder.watch(False)
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the toggle in its corner."""
        super().resizeEvent(event)
        size = self._toggle.sizeHint()
        self._toggle.setGeometry(self.width() - size.width() - Space.TIGHT, Space.TIGHT, size.width(), size.height())
        other = self._from_model.sizeHint()
        left = self.width() - size.width() - other.width() - 2 * Space.TIGHT
        self._from_model.setGeometry(left, Space.TIGHT, other.width(), other.height())

    def _model_toggle(self) -> QToolButton:
        toggle = self._toggle_on_image("Model", "The outline as the model drew it, in place of the slice's edges")
        toggle.hide()
        toggle.toggled.connect(self.finder.follow_model)
        return toggle

    def _offer_model(self) -> None:
        """Offer the model's outline where it drew one; one that was chosen can always be left again."""
        self._from_model.setVisible(self.finder.has_mask or self._from_model.isChecked())

    def _gradient_toggle(self) -> QToolButton:
        toggle = self._toggle_on_image("Gradient", "The plain Sobel gradient behind the outline")
        toggle.setChecked(self.display.shows_gradient)
        toggle.toggled.connect(self.display.set_shows_gradient)
        self.display.gradient_shown_changed.connect(toggle.setChecked)
        return toggle

    def _toggle_on_image(self, text: str, tip: str) -> QToolButton:
        toggle = QToolButton(self)
        toggle.setObjectName("onImage")
        toggle.setText(text)
        toggle.setToolTip(tip)
        toggle.setCheckable(True)
        toggle.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        toggle.setCursor(Qt.CursorShape.ArrowCursor)
        return toggle

    def _measured(self) -> Measured | None:
        outline, volume = self.finder.outline, self.state.volume
        if outline is None or volume is None:
            return None
        return Measured(outline, "mm" if volume.geometry.is_known else "px")

    def note(self) -> str:
        """Why there is no outline, "" where there is one or it is on its way."""
        volume = self.state.volume
        if self.values is None or volume is None:
            return ""
        if volume.is_colour:
            return IS_COLOUR
        if not self._focus.is_on_slice:
            return NOT_HERE
        if not self.finder.is_settled or self.finder.outline is not None:
            return ""
        return NO_MASK if self.finder.follows_model else NOTHING_FOUND
