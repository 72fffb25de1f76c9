"""The bar of sentences: what is of a case goes with it, what is not stays until the reader has seen to it."""

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from lungview.ui.message_bar import MessageBar


def _offer(bar: MessageBar) -> QPushButton:
    return bar.findChild(QPushButton)  # type: ignore[return-value]


def test_a_sentence_that_lasts_outlives_the_case_with_its_offer(qtbot: QtBot) -> None:
    bar, done = MessageBar(), list[str]()
    qtbot.addWidget(bar)
    bar.tell("A training waits.", "Show training", lambda: done.append("shown"), lasts=True)
    bar.tell("2 files cannot be read.", "Show report", lambda: done.append("report"))
    assert _offer(bar).text() == "Show report"
    bar.leave_case()
    assert bar.text == "A training waits."
    assert _offer(bar).text() == "Show training"
    _offer(bar).click()
    assert done == ["shown"]
    assert bar.text == ""
    bar.leave_case()
    assert bar.text == ""


def test_what_is_said_of_a_case_goes_with_it(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.tell("2 files cannot be read.")
    bar.leave_case()
    assert bar.text == ""
    assert bar.isHidden()


def test_the_bar_looks_like_trouble_as_long_as_it_tells_of_some(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.tell("A training has finished.", is_news=True, lasts=True)
    assert bar.property("news") is True
    bar.tell("2 files cannot be read.")
    assert bar.property("news") is False
    bar.leave_case()
    assert bar.text == "A training has finished."
    assert bar.property("news") is True
    bar.clear()
    bar.tell("2 files cannot be read.")
    assert bar.property("news") is False
