"""Joins editing, keeping, verdicts and second reading, and carries out their commands."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QSize
from PySide6.QtWidgets import QFileDialog

from lungview.marks.mark import Mark
from lungview.marks.store import RecordStore
from lungview.places import data_folder
from lungview.task import Task
from lungview.ui.marks.editor import MarksEditor
from lungview.ui.marks.following import FindingFollowsBox
from lungview.ui.marks.keeper import MarksKeeper
from lungview.ui.marks.second_reader import SecondReader
from lungview.ui.marks.verdicts import Verdicts
from lungview.ui.settings import Layout
from lungview.ui.shortcuts import Id
from lungview.ui.theme import Space

if TYPE_CHECKING:
    from lungview.domain.finding import ReviewState
    from lungview.reading.comparison import LesionRow
    from lungview.reading.own_boxes import OwnCase
    from lungview.ui.main_window import MainWindow

NEED_CASE = (Id.DRAW_BOX, Id.REVIEWED)
NEED_SELECTED = (Id.DELETE_BOX, Id.DELETE_LESION, Id.LABEL, Id.PROPAGATE)


class MarksDesk(QObject):
    """Everything about the reader's own boxes in one window."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._may_lose = False
        self.home = window.services.data_folder or data_folder()
        self.editor = MarksEditor(window.state, self)
        self.editor.author = window.preferences.current.reader_name
        self.keeper = MarksKeeper(window.state, self.editor, RecordStore(self.home / "marks"), self.boxes_folder, self)
        self.verdicts = Verdicts(window.state, self.editor, self)
        FindingFollowsBox(window.state, self.editor, self)
        self.second = SecondReader(
            window.state,
            self.editor,
            self.keeper,
            self.home / "reading-log" / "second-reader.jsonl",
            lambda: self._window.preferences.current.is_second_reader,
            self,
        )
        window.navigator.record = self.verdicts.record

    def boxes_folder(self) -> Path:
        """Where annotation files of the reader's own are written."""
        chosen = self._window.preferences.current.boxes_folder
        return Path(chosen) if chosen else self.home / "boxes"

    def connect_commands(self) -> None:
        """Join commands and signals, once every part of the window is there."""
        window, editor, on = self._window, self.editor, self._window.actions_by_id.on
        on(Id.UNDO, editor.undo)
        on(Id.REDO, editor.redo)
        on(Id.DELETE_BOX, lambda: self._on_selected(editor.delete))
        on(Id.DELETE_LESION, lambda: self._on_selected(partial(editor.delete, with_lesion=True)))
        on(Id.LABEL, lambda: self._on_selected(self._label))
        on(Id.PROPAGATE, lambda: self._on_selected(self._propagate))
        on(Id.LEAVE, self._leave)
        on(Id.SUGGEST_NEXT, self.suggest_next)
        on(Id.COMMIT_READ, self.second.commit)
        on(Id.READER_NAME, self.ask_for_reader)
        on(Id.BOXES_FOLDER, self._ask_for_folder)
        window.actions_by_id.on_toggle(Id.DRAW_BOX, self._set_drawing)
        window.actions_by_id.on_toggle(Id.REVIEWED, self.keeper.set_reviewed)
        window.actions_by_id.on_toggle(Id.SECOND_READER, self._set_second_reader)
        editor.tool_changed.connect(window.actions_by_id[Id.DRAW_BOX].setChecked)
        editor.drawn.connect(self._ask_once)
        for changed in (editor.changed, editor.selection_changed, self.keeper.record_changed):
            changed.connect(self.show_commands)
        window.state.findings_changed.connect(self.show_commands)
        window.state.withheld_changed.connect(lambda _withheld: self.show_commands())
        self.keeper.saving_changed.connect(window.status.set_saved)
        self.keeper.failed.connect(window.errors.show)
        self.verdicts.given.connect(self._on_verdict)
        self.verdicts.removed.connect(self._on_removed)
        window.detection.running_changed.connect(self._on_running_changed)
        window.preferences.changed.connect(lambda _settings: self._on_settings_changed())
        self._on_settings_changed()
        self.show_commands()

    def show_commands(self) -> None:
        """Enable what can be done now, and name what would be undone."""
        actions, history = self._window.actions_by_id, self.editor.history
        actions.enable(self.editor.is_enabled, *NEED_CASE)
        actions.enable(self.editor.selected is not None, *NEED_SELECTED)
        for command_id, word, name in (
            (Id.UNDO, "Undo", history.undo_name),
            (Id.REDO, "Redo", history.redo_name),
        ):
            actions.enable(bool(name), command_id)
            actions[command_id].setText(f"{word} {name[:1].lower()}{name[1:]}".strip())
        actions.enable(self.second.is_waiting, Id.COMMIT_READ)
        actions[Id.REVIEWED].setChecked(self.keeper.record.is_reviewed)
        if not self.editor.is_enabled:
            self.editor.set_drawing(False)

    def suggest_next(self) -> None:
        """Open the case, of those opened before and not reviewed, that the model is least sure of."""
        from lungview.reading import own_boxes

        model, home, folder = self._window.state.model, self.home, self.boxes_folder()
        weights, current = model.weights_sha256 if model is not None else "", self.keeper.key
        self.keeper.flush()

        def work(_task: Task) -> "tuple[OwnCase | None, int]":
            cases = own_boxes.own_cases(home, folder)
            left = sum(not case.is_reviewed and case.key != current for case in cases)
            return own_boxes.suggest_next(cases, weights, current), left

        job = self._window.runner.start("Looking for the next case", work, is_quiet=True)
        job.succeeded.connect(lambda found: self._open_suggested(*found))
        job.failed.connect(self._window.errors.show)

    def ask_for_reader(self) -> None:
        """Ask who is reading."""
        from lungview.ui.marks.dialogs import ask_for_reader  # dialogs must not delay the start

        ask_for_reader(self._window.preferences.current.reader_name, self._take_reader, self._window)

    def may_close(self) -> bool:
        """Whether marks and reviews are on disk; where it refuses them the reader is asked, and the window stays."""
        self.keeper.flush()
        self._window.reviews.flush()
        if self._may_lose or (not self.keeper.is_refused and self._window.reviews.is_saved):
            return True
        from lungview.ui.marks.closing import ask_to_close

        ask_to_close(self._close_without, self._window)
        return False

    def _close_without(self) -> None:
        self._may_lose = True
        self._window.close()

    def close(self) -> None:
        """Keep everything; before the window goes."""
        self.second.close()
        self.keeper.shut_down()

    def _open_suggested(self, case: "OwnCase | None", left: int) -> None:
        tell = self._window.centre.messages.tell
        if case is None:
            tell("No other case you opened waits for a review; open another folder.")
            return
        self._window.open_path(case.folder)
        model = self._window.state.model
        is_known = model is not None and model.weights_sha256 in case.unsure
        why = "the model is least sure of it" if is_known else "the model has not said yet how sure it is"
        rest = f"{left - 1} more {'waits' if left == 2 else 'wait'}." if left > 1 else "It is the last one."
        tell(f"Next case: {why}. {rest}")

    def _set_drawing(self, is_drawing: bool) -> None:
        if is_drawing and self._window.layouts.layout is not Layout.READING:
            self._window.show_layout(Layout.READING)
        if is_drawing and not self._window.display.shows_reader:
            self._window.display.set_shows_reader(True)  # what is drawn must be seen
        self.editor.set_drawing(is_drawing)

    def _on_selected(self, do: Callable[[Mark], None]) -> None:
        mark = self.editor.selected
        if mark is not None:
            do(mark)

    def _label(self, mark: Mark) -> None:
        from lungview.ui.marks.dialogs import open_label_menu

        pane = self._window.axial
        corner = pane.view.box_rect(mark.box).bottomLeft().toPoint()
        open_label_menu(self.editor, mark, pane.mapToGlobal(corner), self._window)

    def _propagate(self, mark: Mark) -> None:
        from lungview.ui.marks.dialogs import PropagateDialog

        dialog = PropagateDialog(self.editor, mark, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.adjustSize()
        dialog.move(self._free_corner(mark, dialog.size()))
        dialog.open()

    def _free_corner(self, mark: Mark, size: QSize) -> QPoint:
        """Where on the screen a dialog of a size leaves a mark in sight: the pane's lower corner farther from it."""
        pane = self._window.axial
        is_right = pane.view.box_rect(mark.box).center().x() < pane.width() / 2
        x = pane.width() - size.width() - Space.AROUND if is_right else Space.AROUND
        return pane.mapToGlobal(QPoint(x, max(pane.height() - size.height() - 4 * Space.AROUND, 0)))

    def _leave(self) -> None:
        if not self._window.axial.cancel_drawing():
            self.editor.leave()

    def _ask_once(self) -> None:
        """At the first box, offer to say who is reading, without a dialog in the way of the next box or key."""
        preferences = self._window.preferences
        if preferences.current.reader_name or preferences.current.is_reader_asked:
            return
        preferences.take(replace(preferences.current, is_reader_asked=True))
        sentence = "Your boxes carry no reader's name yet; you can also enter it later, in the Marks menu."
        self._window.centre.messages.tell(sentence, "Enter name…", self.ask_for_reader, is_news=True)

    def _take_reader(self, name: str) -> None:
        preferences = self._window.preferences
        preferences.take(replace(preferences.current, reader_name=name, is_reader_asked=True))
        self.editor.sign(name)

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self._window, "Choose the folder for your own boxes")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setDirectory(str(self.boxes_folder()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(self._take_folder)
        dialog.open()

    def _take_folder(self, folder: str) -> None:
        preferences = self._window.preferences
        chosen = "" if Path(folder) == self.home / "boxes" else folder
        preferences.take(replace(preferences.current, boxes_folder=chosen))
        self.keeper.rewrite()

    def _set_second_reader(self, is_on: bool) -> None:
        preferences = self._window.preferences
        preferences.take(replace(preferences.current, is_second_reader=is_on))

    def _on_settings_changed(self) -> None:
        settings = self._window.preferences.current
        self._window.actions_by_id[Id.SECOND_READER].setChecked(settings.is_second_reader)
        self.editor.author = settings.reader_name
        self.second.follow()

    def _on_verdict(self, row: "LesionRow", made: "ReviewState") -> None:
        self.second.note_verdict(row.id, made)

    def _on_removed(self, count: int) -> None:
        boxes = "The box you drew" if count == 1 else f"The {count} boxes you drew"
        told = f"{boxes} went with the dismissed finding."
        self._window.centre.messages.tell(told, "Undo", self.editor.undo, is_news=True)

    def _on_running_changed(self, is_running: bool) -> None:
        if not is_running:
            self.keeper.note_unsureness()
