"""What is remembered between starts."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lungview.errors import LungViewError
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.preferences import Preferences
from lungview.ui.settings import RECENT_LIMIT, Layout, Settings, SettingsStore
from lungview.ui.theme import Scheme

FULL = Settings(
    recent=("/data/a", "/data/b, c"),
    remembers_recent=True,
    geometry=b"\x01\x00\xff",
    docks={"reading": b"\x02\x00", "comparison": b"\x03"},
    layout=Layout.COMPARISON,
    scheme=Scheme.LIGHT,
    mouse_scheme=MouseScheme.PACS,
    score_thresholds={"compact": 0.25},
    annotation_folders={"1f": "/data/xml"},
    keys={"invert": ("X",), "fit": ()},
    model="compact",
    is_notice_shown=True,
)


OLD = """[General]
recent="[\\"/data/a\\", \\"/data/b, c\\"]"
remembers_recent=true
geometry=@ByteArray(\\x1\\0\\xff)
layout=comparison
scheme=light
mouse_scheme=pacs
score_thresholds="{\\"compact\\": 0.25}"
annotation_folders="{\\"1f\\": \\"/data/xml\\"}"
keys="{\\"invert\\": [\\"X\\"], \\"fit\\": []}"
model=compact
is_notice_shown=true

[docks]
comparison=@ByteArray(\\x3)
reading=@ByteArray(\\x2\\0)
"""


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    SettingsStore(tmp_path / "settings.json").save(FULL)
    assert SettingsStore(tmp_path / "settings.json").load() == FULL


def test_a_first_start_has_the_defaults(tmp_path: Path) -> None:
    loaded = SettingsStore(tmp_path / "settings.json").load()
    assert loaded == Settings(docks={"reading": b"", "comparison": b""})


def test_settings_of_the_program_before_are_taken_over_and_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text(OLD, encoding="utf-8")
    store = SettingsStore(tmp_path / "settings.json")
    assert store.load() == FULL
    store.save(replace(FULL, scheme=Scheme.DARK))
    assert (tmp_path / "settings.ini").read_text(encoding="utf-8") == OLD
    assert SettingsStore(tmp_path / "settings.json").load().scheme is Scheme.DARK


@pytest.mark.parametrize(
    "text",
    [
        '[General]\nscheme=pink\nlayout=9\nrecent={\nscore_thresholds="{\\"a\\": 7}"\nkeys=[1]\n',
        '{"version": 2, "scheme": "pink", "layout": 9, "recent": {}, "score_thresholds": {"a": 7}, "keys": [1]}',
    ],
)
def test_nonsense_in_the_file_is_taken_as_not_set(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.ini"
    file.write_text(text, encoding="utf-8")
    loaded = SettingsStore(file).load()
    assert (loaded.scheme, loaded.layout, loaded.recent) == (Scheme.DARK, Layout.READING, ())
    assert (loaded.score_thresholds, loaded.keys) == ({}, {})


def test_a_damaged_file_is_put_aside_told_and_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b'{"version": 2, "sch')
    store = SettingsStore(file)
    assert store.load().scheme is Scheme.DARK
    assert "put aside" in store.trouble
    (aside,) = tmp_path.glob("settings.damaged-*")
    assert aside.read_bytes() == b'{"version": 2, "sch'
    store.save(FULL)
    assert SettingsStore(file).load() == FULL


def test_settings_of_a_later_version_are_told_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(later := '{"version": 99, "scheme": "light"}', encoding="utf-8")
    store = SettingsStore(file)
    assert store.load() == Settings()
    assert "later version" in store.trouble
    store.save(FULL)
    assert file.read_text(encoding="utf-8") == later


def test_a_later_version_that_came_meanwhile_is_not_written_over_either(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    store = SettingsStore(file)
    store.load()
    file.write_text(later := '{"version": 99}', encoding="utf-8")
    store.save(FULL)
    assert file.read_text(encoding="utf-8") == later


def test_what_two_windows_change_is_kept_of_both(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    SettingsStore(file).save(FULL)
    one, other = SettingsStore(file), SettingsStore(file)
    mine, theirs = one.load(), other.load()
    one.save(replace(mine, scheme=Scheme.DARK, score_thresholds={"compact": 0.5, "new": 0.1}))
    other.save(replace(theirs, model="mine", score_thresholds={}, keys={**FULL.keys, "cine": ("V",)}))
    kept = SettingsStore(file).load()
    assert (kept.scheme, kept.model) == (Scheme.DARK, "mine")
    assert kept.score_thresholds == {"new": 0.1}
    assert kept.keys == {**FULL.keys, "cine": ("V",)}


def test_a_disk_that_refuses_is_told_once_and_tried_again(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    preferences = Preferences(SettingsStore(file))
    told: list[LungViewError] = []
    preferences.failed.connect(told.append)
    monkeypatch.setattr("lungview.ui.preferences._RETRY_MS", 1)
    with monkeypatch.context() as patch:
        patch.setattr("lungview.ui.settings.write_atomically", _refuse)
        preferences.take(replace(preferences.current, model="mine"))
        preferences.flush()
        preferences.flush()
    assert len(told) == 1
    assert "No space left" in str(told[0])
    qtbot.waitUntil(lambda: file.exists() and SettingsStore(file).load().model == "mine")


def _refuse(_path: Path, _data: bytes) -> None:
    raise OSError(28, "No space left on device")


def test_settings_follow_the_programs_own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path / "stick"))
    SettingsStore().save(FULL)
    assert list((tmp_path / "stick").rglob("settings.json"))


def test_the_newest_recent_path_is_first_and_each_stands_once() -> None:
    settings = Settings(recent=tuple(f"/data/{number}" for number in range(RECENT_LIMIT)))
    assert settings.recent_with("/data/3")[:2] == ("/data/3", "/data/0")
    assert len(settings.recent_with("/data/new")) == RECENT_LIMIT


def test_nothing_recent_is_kept_where_the_reader_does_not_want_it() -> None:
    assert Settings(remembers_recent=False).recent_with("/data/a") == ()
