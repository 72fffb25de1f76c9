"""The training dialog: set up, check, watch, judge. It may be closed at any time; the training goes on without it."""

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from lungview.errors import LungViewError
from lungview.ui.jobs import JobRunner
from lungview.ui.theme import Space
from lungview.ui.training.controller import TrainingController
from lungview.ui.training.live_page import LivePage
from lungview.ui.training.outcome_page import OutcomePage
from lungview.ui.training.plots import load_library
from lungview.ui.training.preflight_page import PreflightPage
from lungview.ui.training.services import TrainingServices
from lungview.ui.training.setup_page import SetupPage
from lungview_training.supervision.registry import State

_TITLES = ("Choose what to learn from", "Before it begins", "Training", "Before and after")


class TrainingDialog(QDialog):
    """Non-modal. What is shown follows the controller; the buttons in the last row belong to the page shown."""

    keep_wanted = Signal(str)
    """Keep the new model; with a name to suggest."""
    default_wanted = Signal(str)
    """Let the model of this name, kept just now, answer where none is chosen."""

    use_wanted = Signal(str)
    """Let the model of this name, kept just now, look at the case that is open."""

    def __init__(
        self, controller: TrainingController, runner: JobRunner, services: TrainingServices, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Fine-tune a model")
        self.setModal(False)
        self.resize(940, 700)
        self._controller, self._can_keep = controller, services.keep is not None
        self.offered = ""
        self.is_keeping = False
        self._place: QPoint | None = None
        self.setup = SetupPage(runner)
        self.preflight = PreflightPage(runner, services, controller.registry.folder)
        self.live = LivePage(controller)
        self.outcome = OutcomePage(runner, services)
        self.pages = QStackedWidget()
        for page in (self.setup, self.preflight, self.live, self.outcome):
            self.pages.addWidget(page)
        self.heading = QLabel()
        self.heading.setProperty("role", "heading")
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self._make_buttons()
        self._lay_out()
        self.setup.ready_changed.connect(lambda _ready: self._show_buttons())
        self.preflight.checked.connect(lambda _can: self._show_buttons())
        self.outcome.proved.connect(lambda _can: self._show_buttons())
        controller.changed.connect(self._on_changed)
        for page in (self.setup, self.preflight, self.outcome):
            page.failed.connect(self.tell)
        controller.failed.connect(self.tell)
        runner.start("Loading the curves", load_library, is_quiet=True).failed.connect(self.tell)
        self.show_page(self.live if controller.is_going or controller.record is not None else self.setup)

    def showEvent(self, event: QShowEvent) -> None:
        """Come back to where it was: a window manager may put a window shown again a title bar further down."""
        super().showEvent(event)
        if self._place is not None:
            self.move(self._place)

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember the place."""
        self._place = self.pos()
        super().hideEvent(event)

    def tell(self, error: object) -> None:
        """Say what went wrong, inside the dialog."""
        said = str(error) if isinstance(error, LungViewError) else f"Something went wrong: {type(error).__name__}."
        self.trouble.setText(said)
        self.trouble.show()
        self._show_buttons()

    def show_keeping(self, is_keeping: bool) -> None:
        """Hold the buttons that would get in the way while the model is kept."""
        self.is_keeping = is_keeping
        self._show_buttons()

    def show_kept(self, told: str, offered: str = "") -> None:
        """Say what became of the new model. offered: its name, where it can be made the default; "" for no offer."""
        self.offered = offered
        self.trouble.setText(told)
        self.trouble.show()
        self._show_buttons()

    def show_page(self, page: QWidget) -> None:
        """Go to a page."""
        self.trouble.hide()
        self.offered = ""
        self.pages.setCurrentWidget(page)
        self.heading.setText(_TITLES[self.pages.currentIndex()])
        self._show_buttons()

    def _check(self) -> None:
        look_at_it = self.setup.looker()
        if self.setup.look is not None and look_at_it is not None:
            self.show_page(self.preflight)
            self.preflight.check(look_at_it, self.setup.choices())
            self._show_buttons()

    def _start(self) -> None:
        found = self.preflight.found
        if found is not None and found.config is not None:
            self.preflight.cancel()
            choices = self.setup.choices()
            self._controller.start(found.config, base=choices.base.name, title=choices.title)
            self.show_page(self.live)

    def _go_on(self) -> None:
        record = self._controller.record
        if record is not None:
            self._controller.go_on(record)

    def _pause(self) -> None:
        if self._controller.progress.is_paused:
            self._controller.resume()
        else:
            self._controller.pause()
        self.pause.setEnabled(False)  # until the worker says that it has heard

    def _judge(self) -> None:
        record = self._controller.record
        if record is None:
            return
        try:
            config = self._controller.registry.config_of(record)
        except LungViewError as error:
            self.tell(error)
            return
        self.show_page(self.outcome)
        self.outcome.compare(record, config)
        self._show_buttons()

    def _discard(self) -> None:
        self.outcome.cancel()
        self._controller.discard()
        self.show_page(self.setup)

    def _keep(self) -> None:
        record = self._controller.record
        if record is not None:
            self.keep_wanted.emit(record.title)

    def _back(self) -> None:
        self.preflight.cancel()
        self.show_page(self.setup)

    def _on_changed(self) -> None:
        if self.pages.currentWidget() is self.preflight and self._controller.is_going:
            self.show_page(self.live)
        self._show_buttons()

    def _make_buttons(self) -> None:
        self.check = _button("Check", self._check)
        self.back = _button("Back", self._back)
        self.start = _button("Start training", self._start)
        self.pause = _button("Pause", self._pause)
        self.stop = _button("Stop and save", self._controller.stop)
        self.keep_best = _button("Stop, keep best", self._controller.keep_best)
        self.end_now = _button("End it", self._controller.end_now)
        self.go_on = _button("Go on from the last checkpoint", self._go_on)
        self.judge = _button("Before and after", self._judge)
        self.discard = _button("Discard", self._discard)
        self.keep = _button("Keep the new model…", self._keep)
        self.use = _button("Read with it now", lambda: self.use_wanted.emit(self.offered))
        self.make_default = _button("Make it the default", lambda: self.default_wanted.emit(self.offered))
        self.anew = _button("New training", lambda: self.show_page(self.setup))
        self.hide_button = _button("Close", self.close)
        self.buttons = (self.hide_button, self.make_default, self.anew, self.use, self.back, self.discard, self.end_now,
                        self.stop, self.keep_best, self.pause, self.go_on, self.check, self.start, self.judge,
                        self.keep)  # fmt: skip

    def _wanted(self) -> dict[QPushButton, bool]:
        """Buttons of the page shown, and whether each can be pressed."""
        controller, page = self._controller, self.pages.currentWidget()
        progress = controller.progress
        if page is self.setup:
            return {self.check: self.setup.is_ready and not controller.is_going}
        if page is self.preflight:
            can = self.preflight.found is not None and self.preflight.found.config is not None
            return {self.back: True, self.start: can and not controller.is_going}
        if page is self.outcome:
            return self._wanted_at_the_end()
        if controller.is_going:
            has_begun = progress.started is not None
            silent = {self.end_now: True} if progress.silent_s is not None else {}
            return silent | {self.stop: True, self.keep_best: has_begun, self.pause: has_begun}
        return self._wanted_after()

    def _wanted_at_the_end(self) -> dict[QPushButton, bool]:
        record = self._controller.record
        is_free = not self.outcome.is_busy and not self.is_keeping
        if record is not None and record.state is State.KEPT:
            return {self.anew: is_free} | ({self.make_default: is_free, self.use: is_free} if self.offered else {})
        return {self.anew: is_free, self.discard: is_free} | ({self.keep: is_free} if self._can_keep else {})

    def _wanted_after(self) -> dict[QPushButton, bool]:
        record = self._controller.record
        if record is None:
            return {self.anew: True}
        if record.state in (State.FINISHED, State.KEPT):
            return {self.anew: True, self.judge: True}
        return {self.discard: True, self.go_on: self._controller.can_go_on}

    def _show_buttons(self) -> None:
        wanted = self._wanted()
        for button in self.buttons:
            button.setVisible(button in wanted or button is self.hide_button)
            button.setEnabled(wanted.get(button, True))
        self.pause.setText("Go on" if self._controller.progress.is_paused else "Pause")
        self.hide_button.setText("Keep reading" if self._controller.is_going else "Close")
        main = next((each for each in reversed(self.buttons) if each in wanted), self.hide_button)
        if self._controller.is_going and self.pages.currentWidget() is self.live:
            main = self.hide_button  # Enter does not stop what goes on
        for button in self.buttons:
            if button.isDefault() != (button is main):
                button.setDefault(button is main)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.INSIDE)
        for button in self.buttons:
            row.addWidget(button)
            if button is self.hide_button:
                row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.BETWEEN, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addWidget(self.heading)
        column.addWidget(self.trouble)
        column.addWidget(self.pages, 1)
        column.addLayout(row)


def _button(text: str, do: object) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _checked=False: do())  # type: ignore[operator]
    return button
