"""Settings for every test."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile("lungview", deadline=None)  # a busy machine is no failure
settings.load_profile("lungview")

REQUIRE_DATA = "LUNGVIEW_REQUIRE_DATA"
"""Set to 1 where the real data must be at hand: then a skip for want of them is a failure."""

_ABSENT_DATA = ("real data not at hand", "got empty parameter set")


def skip_reason(report: pytest.TestReport) -> str:
    """Why a test was skipped, "" if it was not."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return ""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Keep settings, caches and logs of the user who runs the tests out of them, and theirs out of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LUNGVIEW_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    reason = skip_reason(report)
    if os.environ.get(REQUIRE_DATA) == "1" and any(words in reason for words in _ABSENT_DATA):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} must not be skipped here ({REQUIRE_DATA}=1): {reason}"
    return report
