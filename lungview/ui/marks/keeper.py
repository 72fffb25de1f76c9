"""Reads the marks of a case when it is shown, and saves them soon after each change, with the annotation files."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from lungview.domain.finding import Finding
from lungview.errors import LungViewError
from lungview.marks.mark import Marks
from lungview.marks.record import CaseRecord, merged
from lungview.marks.store import RecordStore
from lungview.marks.unsure import unsureness
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.marks.backlog import RETRY_MS, Backlog, OpenCase
from lungview.ui.marks.editor import MarksEditor, now
from lungview.ui.state import ViewerState

log = logging.getLogger(__name__)

_PAUSE_MS = 150
"""Edits that follow each other closely are written once; what is older than this is safe from a crash."""


class MarksKeeper(QObject):
    """Nothing is lost but the last moment before a crash, whoever else has the case open."""

    saving_changed = Signal(str)
    """The state of saving, for the status bar; "" where nothing was marked yet."""
    record_changed = Signal()
    """Another case, or its reviewed or committed state."""
    failed = Signal(object)

    def __init__(
        self,
        state: ViewerState,
        editor: MarksEditor,
        store: RecordStore,
        boxes_folder: Callable[[], Path],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._editor, self._store, self._boxes_folder = state, editor, store, boxes_folder
        self._open: OpenCase | None = None
        self._job: Job[CaseRecord] | None = None
        self._is_dirty, self._has_failed = False, False
        self._writing = threading.Lock()
        # Its own thread: saving must queue neither behind the reading of a series nor behind a training.
        self._runner = JobRunner(self, workers=1, stands_back=False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._save)
        self._left = Backlog(self._write, self._on_left_failed, self)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(lambda _folder: self._take_over())
        state.stack_about_to_change.connect(self.flush)
        state.stack_changed.connect(self._on_stack_changed)
        editor.changed.connect(self._on_edited)

    @property
    def key(self) -> str:
        """The open case's key, "" for none."""
        return self._open.key if self._open is not None else ""

    @property
    def record(self) -> CaseRecord:
        """The open case's record as it stands now."""
        if self._open is None:
            return CaseRecord()
        return replace(self._open.record, marks=self._editor.marks)

    @property
    def is_saved(self) -> bool:
        """Whether everything is on disk."""
        return not (self._is_dirty or self._job is not None or self._left)

    @property
    def is_refused(self) -> bool:
        """Whether something is left that the disk did not take at the last flush."""
        return bool(self._is_dirty or self._left)

    def set_reviewed(self, is_reviewed: bool) -> None:
        """Call the case done, or not."""
        if self._open is not None and is_reviewed != self._open.record.is_reviewed:
            self._set_record(replace(self._open.record, reviewed=now() if is_reviewed else ""))

    def commit(self) -> None:
        """Note that the reader has shown the model's findings of this case."""
        if self._open is not None and not self._open.record.is_committed:
            self._set_record(replace(self._open.record, is_committed=True))

    def note_unsureness(self) -> None:
        """Keep how unsure the model is of the stack shown, once it has seen all of it; the most of a case's stacks."""
        model, stack = self._state.model, self._state.stack
        answers = self._state.all_detections
        if self._open is None or model is None or stack is None or len(answers) < stack.slice_count:
            return
        measured = unsureness(answers.values())
        known = self._open.record.unsure.get(model.weights_sha256, -1.0)
        if measured is not None and measured > known:
            unsure = {**self._open.record.unsure, model.weights_sha256: round(measured, 4)}
            self._set_record(replace(self._open.record, unsure=unsure))

    def rewrite(self) -> None:
        """Write every annotation file, because they go to another folder from now on."""
        if self._open is not None:
            self._open.written = {}
            self._mark_dirty()

    def flush(self) -> None:
        """Save at once what waits; before another stack comes or the window closes."""
        self._timer.stop()
        self._left.save()
        opened = self._open
        if opened is None or not (self._is_dirty or self._job is not None):
            return
        self._is_dirty = False
        try:
            opened.base = self._write(opened, self.record)
        except LungViewError as error:
            self._on_failed(opened, error)
            self._timer.start(RETRY_MS)

    def shut_down(self) -> None:
        """Save what waits and end the thread."""
        self.flush()
        self._runner.shut_down()

    def _on_stack_changed(self) -> None:
        from lungview.reading import own_boxes

        case, stack = self._state.case, self._state.stack
        if case is None or stack is None:
            self._forget()
            return
        key = own_boxes.case_key(case.scan, stack)
        if self._open is not None and key == self._open.key:
            self._editor.publish()
            return
        self._forget()
        try:
            kept = self._store.load(key)
        except LungViewError as error:
            self.failed.emit(error)
            return
        self._show_case(key, kept, self._left.take(key))

    def _show_case(self, key: str, kept: CaseRecord, left: tuple[CaseRecord, CaseRecord] | None) -> None:
        """Show a case's marks. kept: its record on disk. left: what that could not take the last time, if so."""
        from lungview.reading import own_boxes

        case, stack = self._state.case, self._state.stack
        assert case is not None
        assert stack is not None
        is_new = not kept.opened and left is None
        together = kept if left is None else merged(*left, kept)
        path = str(own_boxes.case_path(case.scan, stack))
        marks = own_boxes.imported(_own_findings(case.annotations.findings)) if is_new else together.marks
        record = replace(together, path=path, opened=now(), marks=marks)
        written = marks if is_new or not self._lacks_files(key, marks) else {}
        self._open = OpenCase(key, kept, record, written, own_boxes.image_sizes(case.scan, stack))
        self._editor.is_enabled = True
        self._editor.take(record.marks)
        self._watch()
        self._mark_dirty()
        self.saving_changed.emit("")
        self.record_changed.emit()

    def _lacks_files(self, key: str, marks: Marks) -> bool:
        """Whether marks have no annotation files yet: a crash came between, or the folder is another one."""
        folder = self._boxes_folder() / key
        return any(not (folder / f"{mark.place.sop_instance_uid}.xml").exists() for mark in marks.values())

    def _forget(self) -> None:
        had_case = self._open is not None
        if self._open is not None and self._is_dirty:
            self._left.put(self._open, self.record)
        self._open, self._is_dirty = None, False
        self._editor.is_enabled = False
        self._editor.take({})
        if had_case:
            self.saving_changed.emit("")
            self.record_changed.emit()

    def _on_edited(self) -> None:
        self.saving_changed.emit("Saving…")
        self._mark_dirty()

    def _set_record(self, record: CaseRecord) -> None:
        if self._open is not None:
            self._open.record = record
            self._mark_dirty()
            self.record_changed.emit()

    def _mark_dirty(self) -> None:
        self._is_dirty = True
        if self._job is None and not self._timer.isActive():  # not restarted: a long row of edits is saved meanwhile
            self._timer.start()

    def _save(self) -> None:
        opened = self._open
        if opened is None or self._job is not None:
            return
        self._is_dirty = False
        mine = self.record

        def work(_task: Task) -> CaseRecord:
            return self._write(opened, mine)

        job = self._runner.start("Saving marks", work, is_quiet=True)
        self._job = job
        job.succeeded.connect(lambda kept: self._on_saved(opened, mine, kept))
        job.failed.connect(lambda error: self._on_failed(opened, error))
        job.finished.connect(self._on_ended)

    def _write(self, opened: OpenCase, mine: CaseRecord) -> CaseRecord:
        """Write record and annotation files; called in the saving thread, or at the end in the window's own."""
        from lungview.reading import own_boxes

        with self._writing:
            kept = self._store.save(opened.key, opened.base, mine)
            own_boxes.write_boxes(self._boxes_folder() / opened.key, opened.written, kept.marks, opened.sizes)
            opened.written = kept.marks
        return kept

    def _on_saved(self, opened: OpenCase, mine: CaseRecord, kept: CaseRecord) -> None:
        if opened is not self._open:
            return
        opened.base, self._has_failed = kept, False
        if kept != mine:
            self._show_merged(opened, merged(mine, self.record, kept))
        if opened.record.marks or kept.marks or self._editor.history.undo_name:
            self.saving_changed.emit("Saving…" if self._is_dirty else "Marks saved")

    def _on_failed(self, opened: OpenCase, error: Exception) -> None:
        if opened is self._open:
            self._is_dirty = self._has_failed = True  # tried again soon, and when the window closes
            self.saving_changed.emit("Marks not saved")
        self.failed.emit(error)

    def _on_left_failed(self, error: Exception) -> None:
        self.saving_changed.emit("Marks not saved")
        self.failed.emit(error)

    def _on_ended(self) -> None:
        self._job = None
        self._watch()
        self._take_over()  # what another window wrote meanwhile
        if self._is_dirty and self._open is not None and not self._timer.isActive():
            self._timer.start(RETRY_MS if self._has_failed else _PAUSE_MS)

    def _take_over(self) -> None:
        """Show what another window has written about this case."""
        opened = self._open
        if opened is None or self._job is not None:
            return
        try:
            theirs = self._store.load(opened.key)
        except LungViewError as error:
            log.warning("marks of another window were not read: %s", type(error).__name__)
            return
        if theirs != opened.base and theirs.opened:
            mine, base = self.record, opened.base
            opened.base = theirs
            opened.written = theirs.marks
            self._show_merged(opened, merged(base, mine, theirs))

    def _show_merged(self, opened: OpenCase, together: CaseRecord) -> None:
        opened.record = together
        if dict(together.marks) != dict(self._editor.marks):
            self._editor.adopt(together.marks)
        self.record_changed.emit()

    def _watch(self) -> None:
        folder = str(self._store.folder)
        if self._store.folder.is_dir() and folder not in self._watcher.directories():
            self._watcher.addPath(folder)


def _own_findings(findings: Mapping[str, tuple[Finding, ...]]) -> list[Finding]:
    return [each for found in findings.values() for each in found if each.is_own]
