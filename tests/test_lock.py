"""The lock names all that is shipped, exactly, and agrees with what the project asks for."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LINE = re.compile(
    r"^(?P<asked>[A-Za-z0-9._-]+==[^;\\\n]+(?:;[^\\\n]+)?)(?P<hashes>(?: \\\n +--hash=\S+)*)$", re.MULTILINE
)


def locked() -> dict[str, list[tuple[Requirement, int]]]:
    """By name, each pinned requirement (several where markers tell them apart) and how many hashes it has."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    for match in LINE.finditer(TEXT):
        asked = Requirement(match["asked"].strip())
        found.setdefault(canonicalize_name(asked.name), []).append((asked, match["hashes"].count("--hash=sha256:")))
    return found


def versions(name: str) -> list[Version]:
    return [Version(each.version) for asked, _ in locked().get(canonicalize_name(name), []) for each in asked.specifier]


def test_every_dependency_of_the_project_is_locked_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in project["dependencies"]:
        asked = Requirement(text)
        found = versions(asked.name)
        assert found, f"{asked.name} is not in requirements.lock: make it anew"
        assert all(asked.specifier.contains(each) for each in found), f"{asked} is not what requirements.lock has"


def test_what_dependencies_need_is_locked_too() -> None:
    missing = []
    for name, pins in locked().items():
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:  # for another system
            continue
        here = [asked for asked, _ in pins if asked.marker is None or asked.marker.evaluate()]
        assert len(here) == 1, f"{name} is locked {len(here)} times for this system"
        wanted = [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
        missing += [f"{each.name} of {name}" for each in wanted if not versions(each.name)]
    assert missing == []


def test_every_package_has_hashes_and_no_place_is_named() -> None:
    assert [name for name, pins in locked().items() if not all(count for _, count in pins)] == []
    assert len(locked()) > 30
    assert not re.search(r"https?://|file:|--index-url|--find-links", TEXT)
    named = {line.partition("==")[0] for line in TEXT.splitlines() if "==" in line}
    assert {canonicalize_name(name) for name in named} == set(locked())
