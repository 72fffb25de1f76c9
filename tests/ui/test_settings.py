"""What is remembered between starts."""

from pathlib import Path

import pytest

from lungview.ui.mouse_scheme import MouseScheme
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


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    SettingsStore(tmp_path / "settings.ini").save(FULL)
    assert SettingsStore(tmp_path / "settings.ini").load() == FULL


def test_a_first_start_has_the_defaults(tmp_path: Path) -> None:
    loaded = SettingsStore(tmp_path / "settings.ini").load()
    assert loaded == Settings(docks={"reading": b"", "comparison": b""})


def test_nonsense_in_the_file_is_taken_as_not_set(tmp_path: Path) -> None:
    file = tmp_path / "settings.ini"
    file.write_text(
        '[General]\nscheme=pink\nlayout=9\nrecent={\nscore_thresholds="{\\"a\\": 7}"\nkeys=[1]\n', encoding="utf-8"
    )
    loaded = SettingsStore(file).load()
    assert (loaded.scheme, loaded.layout, loaded.recent) == (Scheme.DARK, Layout.READING, ())
    assert (loaded.score_thresholds, loaded.keys) == ({}, {})


def test_settings_follow_the_programs_own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path / "stick"))
    SettingsStore().save(FULL)
    assert list((tmp_path / "stick").rglob("settings.ini"))


def test_the_newest_recent_path_is_first_and_each_stands_once() -> None:
    settings = Settings(recent=tuple(f"/data/{number}" for number in range(RECENT_LIMIT)))
    assert settings.recent_with("/data/3")[:2] == ("/data/3", "/data/0")
    assert len(settings.recent_with("/data/new")) == RECENT_LIMIT


def test_nothing_recent_is_kept_where_the_reader_does_not_want_it() -> None:
    assert Settings(remembers_recent=False).recent_with("/data/a") == ()
