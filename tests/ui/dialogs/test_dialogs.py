"""Settings, keys and the report."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from lungview.annotations.values import AnnotationIssue, AnnotationNote, Annotations
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.geometry_report import GeometryIssue, GeometryNote, GeometryReport, OrderRule
from lungview.domain.study import FileProblem, FileSource, ProblemKind
from lungview.reading.case import Case
from lungview.ui.dialogs.keys import COLUMNS, KeysDialog, sheet_rows
from lungview.ui.dialogs.report import ReportDialog
from lungview.ui.dialogs.report_sections import as_text, counts_in_words, ranges_in_words, sections_of
from lungview.ui.dialogs.settings import SettingsDialog
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import COMMANDS, Group, Id, Keys
from lungview.ui.theme import Scheme
from tests.support.volumes import make_scan, make_stack, uid


def case() -> Case:
    """A gap, a broken and a text file, an unmatched and an unreadable XML."""
    note = GeometryNote(
        GeometryIssue.GAP, "5 mm of tissue are missing; the slices are shown as neighbours.", (2, 3, 4, 8)
    )
    stack = replace(make_stack(10), report=GeometryReport(OrderRule.POSITION, 5.0, 18.5, (note,)))
    problems = (
        FileProblem(FileSource(Path("notes.txt")), ProblemKind.NOT_DICOM, "notes.txt is no DICOM file."),
        FileProblem(FileSource(Path("7.dcm")), ProblemKind.BROKEN, "7.dcm is cut short; copy it again."),
    )
    unreadable = AnnotationNote(AnnotationIssue.UNREADABLE, FileSource(Path("9.xml")), "9.xml does not parse.")
    annotations = Annotations(
        folders=(Path("Annotation"),),
        findings={uid(1): (Finding(uid(1), Box(1, 1, 2, 2)),)},
        linked=(FileSource(Path("1.xml")),),
        unmatched=(FileSource(Path("5.xml")), FileSource(Path("6.xml"))),
        unboxed={"stack": ("0.dcm", "2.dcm")},
        problems=(unreadable,),
    )
    return Case(replace(make_scan(stack), problems=problems), annotations)


def test_the_report_tells_rule_spacing_tilt_and_each_oddity_with_its_slices() -> None:
    geometry = as_text(sections_of(case())[:1])
    assert "Slices ordered by: position along the normal" in geometry
    assert "Spacing: 5 mm" in geometry
    assert "Gantry tilt: 18.5°" in geometry
    assert "Gap: 5 mm of tissue are missing; the slices are shown as neighbours. (slices 3-5, 9)" in geometry


def test_the_report_lists_files_and_annotations_by_name() -> None:
    files, annotations = (as_text((section,)) for section in sections_of(case())[1:])
    assert "7.dcm: 7.dcm is cut short; copy it again." in files
    assert files.index("Broken") < files.index("Not DICOM")
    for name in ("5.xml", "6.xml", "9.xml: 9.xml does not parse.", "1.xml", "0.dcm", "2.dcm"):
        assert name in annotations
    assert "1 files linked with 1 boxes" in annotations


def test_the_corner_counts_only_what_a_reader_may_miss() -> None:
    assert counts_in_words(case()) == "2 annotations unlinked, 2 files not read"
    assert counts_in_words(Case(make_scan(make_stack()))) == ""


def test_indices_are_counted_from_one_in_runs() -> None:
    assert ranges_in_words((8, 0, 1, 2)) == "1-3, 9"


def test_the_report_opens_on_the_stack_being_read_and_can_be_copied(qtbot: QtBot) -> None:
    sections = sections_of(case())
    dialog = ReportDialog(sections, "stack")
    qtbot.addWidget(dialog)
    dialog.open()
    tree = dialog.findChildren(QTreeWidget)[0]
    assert tree.topLevelItem(0).isExpanded()  # type: ignore[union-attr]
    copy = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Copy report")
    copy.click()
    assert QApplication.clipboard().text() == as_text(sections)


def test_the_sheet_shows_every_key_there_is_as_it_is_now(qtbot: QtBot) -> None:
    changed: Keys = {Id.INVERT: ("X",)}
    shown = [key for group in (None, *Group) for key, _told in sheet_rows(group, changed, MouseScheme.STANDARD)]
    assert len([key for key in shown if key == "X"]) == 1
    assert sum(bool(command.keys) for command in COMMANDS) + 10 == len(shown)
    dialog = KeysDialog(changed, MouseScheme.PACS)
    qtbot.addWidget(dialog)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert {"X", "Right drag", "Comparison", "Draw, move and resize your own boxes", "Fine-tune a model"} <= set(texts)


def test_every_group_of_commands_has_one_place_on_the_sheet() -> None:
    placed = [group for column in COLUMNS for group in column]
    assert sorted(placed, key=str) == sorted((None, *Group), key=str)


@pytest.fixture
def settings(qtbot: QtBot) -> SettingsDialog:
    dialog = SettingsDialog(Settings(recent=("/data/a",)))
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def set_key(dialog: SettingsDialog, command: str, key: str) -> None:
    number = [each.id for each in COMMANDS].index(command)
    item = dialog.keys.list.topLevelItem(number)
    assert item is not None
    dialog.keys.list.setCurrentItem(item)
    dialog.keys.edit.setKeySequence(QKeySequence(key))
    dialog.keys.edit.editingFinished.emit()


def test_a_clash_of_keys_is_told_and_cannot_be_saved(settings: SettingsDialog) -> None:
    agree = settings.buttons.button(QDialogButtonBox.StandardButton.Ok)
    set_key(settings, Id.FIT, "I")
    assert settings.keys.told.text() == "I is the key of Invert and Fit; change one."
    assert not agree.isEnabled()
    set_key(settings, Id.INVERT, "X")
    assert settings.keys.told.text() == ""
    assert agree.isEnabled()


def test_what_is_chosen_is_told_on_ok_only(qtbot: QtBot, settings: SettingsDialog) -> None:
    set_key(settings, Id.INVERT, "X")
    settings.scheme.setCurrentIndex(settings.scheme.findData(Scheme.LIGHT.value))
    settings.mouse.setCurrentIndex(settings.mouse.findData(MouseScheme.PACS.value))
    settings.remembers.setChecked(False)
    with qtbot.waitSignal(settings.chosen) as chosen:
        settings.accept()
    assert chosen.args == [
        Settings(scheme=Scheme.LIGHT, mouse_scheme=MouseScheme.PACS, remembers_recent=False, keys={Id.INVERT: ("X",)})
    ]


def test_a_restored_key_is_the_commands_own(settings: SettingsDialog) -> None:
    set_key(settings, Id.INVERT, "X")
    settings.keys.restore.click()
    assert settings.keys.changed == {}
