"""Makes LungView ready to run in this folder, then shows its demo patient.

    python3 start.py            install into .venv, then start the demo
    python3 start.py test       the same with the test tools, then run the tests
    python3 start.py WORDS      the same, then hand the words to lungview: a folder to open, or a sub-command

Needs nothing but Python itself. Written so that an older Python gets as far as saying which one is needed.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NEEDED = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "lungview-installed.json"
INSTALL_LOG = VENV / "lungview-install.log"

# Shared library -> Debian package. Qt loads these from the system; everything else comes in its wheel.
QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-shape.so.0": "libxcb-shape0",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}


class StartError(Exception):
    """What stands in the way, as a sentence with the remedy."""


def say(text: str) -> None:
    """Tell the user at once, also where the output goes into a file."""
    print(text, flush=True)


def starts(python: str) -> bool:
    """Whether a Python of this name is there and runs; a version manager's stand-in may only say that it does not."""
    try:
        return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def check_python() -> None:
    """Refuse a Python that is too old, naming one that will do where it is at hand."""
    if sys.version_info >= NEEDED:
        return
    wanted = ".".join(map(str, NEEDED))
    newer = [name for name in ("python3.13", "python3.12", "python3.11") if starts(name)]
    remedy = f"Run: {newer[0]} start.py" if newer else "Install a newer Python and run this again with it."
    raise StartError(f"LungView needs Python {wanted} or newer, and this is {sys.version.split()[0]}. {remedy}")


def is_loadable(library: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_libraries() -> dict[str, str]:
    """Shared libraries that Qt will ask for on this Linux and not find, with their Debian packages."""
    wanted = dict(QT_LIBRARIES)
    if os.environ.get("DISPLAY"):
        wanted.update(X11_LIBRARIES)
    elif os.environ.get("WAYLAND_DISPLAY"):
        wanted.update(WAYLAND_LIBRARIES)
    return {library: package for library, package in wanted.items() if not is_loadable(library)}


def apt_install(packages: list[str]) -> bool:
    """Name the apt line for Debian and Ubuntu; run it and tell whether it succeeded where this user may."""
    line = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        say(f"Needed from the system:\n  sudo {' '.join(line)}")
        return False
    say(f"Needed from the system; running:\n  {' '.join(line)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Package lists are absent in containers and cannot be renewed offline; only the install itself counts.
    subprocess.run(["apt-get", "update"], check=False, env=quiet, capture_output=True)
    return subprocess.run(line, check=False, env=quiet, stdout=subprocess.DEVNULL).returncode == 0


def check_system() -> None:
    """On Linux, see that the libraries Qt takes from the system are there."""
    if not sys.platform.startswith("linux"):
        return
    missing = missing_libraries()
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise StartError(
            f"Qt needs system libraries that are not here: {', '.join(missing)}. "
            "Install the packages of your system that hold them, and start again."
        )
    if not apt_install(list(missing.values())) or missing_libraries():
        raise StartError("Qt needs these system packages. Install them with the line above, and start again.")


def venv_python() -> Path:
    """The interpreter of .venv, whether or not it is there yet."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def is_venv_sound() -> bool:
    """Whether .venv holds a Python that starts, is new enough and has pip."""
    check = f"import sys, pip; sys.exit(sys.version_info < {NEEDED})"
    try:
        return subprocess.run([venv_python(), "-c", check], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """Make .venv where there is none, or none that runs."""
    if is_venv_sound():
        return
    if importlib.util.find_spec("ensurepip") is None:
        # Debian and Ubuntu keep this part of Python in a package of its own.
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if shutil.which("apt-get") is None or not apt_install([package]):
            raise StartError("This Python cannot make virtual environments: its ensurepip is missing. Install it.")
    say("Making a virtual environment in .venv")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if made.returncode or not is_venv_sound():
        raise StartError("The virtual environment could not be made in .venv: see the message above.")


def project_hash() -> str:
    """Names the state of what decides the installed packages: the project file, and which Python has them."""
    config = VENV / "pyvenv.cfg"
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + config.read_bytes()).hexdigest()


def installed_extras() -> set[str] | None:
    """Extras of the finished install of this very project file; None where there is no such install."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return set(stamp["extras"]) if stamp["project"] == project_hash() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def progress_line(line: str) -> str:
    """What a line of pip's output is worth telling, "" for nothing."""
    words = line.split()
    if len(words) < 2 or words[0] not in {"Downloading", "Processing", "Installing"}:
        return ""
    if words[0] in {"Downloading", "Processing"}:
        # Its address or path says nothing to the reader: name, version and size do.
        parts = words[1].replace(os.sep, "/").split("/")[-1].split("-")
        size = "" if "(from" in words else " ".join(words[2:])
        return f"  {' '.join(parts[:2])} {size}".rstrip() if len(parts) > 1 else ""
    if words[0] == "Installing" and "collected" in words:
        return "  unpacking"
    return ""


def run_pip(requirement: str) -> int:
    """Install with pip, its whole output in a log, the large steps told here. Returns its exit code."""
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--editable", requirement]
    with INSTALL_LOG.open("w", encoding="utf-8") as log:
        pip = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        assert pip.stdout is not None  # it was asked for above
        for line in pip.stdout:
            log.write(line)
            told = progress_line(line)
            if told:
                say(told)
    return pip.wait()


def install(extras: set[str]) -> None:
    """Install the project and its extras unless just that stands already."""
    have = installed_extras()
    if have is not None and extras <= have:
        return
    extras = extras | (have or set())
    requirement = f".[{','.join(sorted(extras))}]" if extras else "."
    say("Installing LungView and what it needs (PyTorch is large: the first time takes some minutes)")
    STAMP.unlink(missing_ok=True)
    begun = time.monotonic()
    if run_pip(requirement) != 0:
        tail = "".join(INSTALL_LOG.read_text(encoding="utf-8").splitlines(keepends=True)[-12:])
        where = INSTALL_LOG.relative_to(ROOT)
        raise StartError(f"{tail}\npip could not install LungView. All it said stands in {where}.")
    STAMP.write_text(json.dumps({"project": project_hash(), "extras": sorted(extras)}), encoding="utf-8")
    say(f"Installed in {time.monotonic() - begun:.0f} s")


def run(arguments: list[str], **defaults: str) -> int:
    """Run .venv's Python on a module, with settings the user's environment may override. Returns its exit code."""
    child = subprocess.Popen([str(venv_python()), "-m", *arguments], env={**defaults, **os.environ})
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:  # Ctrl+C reaches the child as well, and is its to answer
            continue
        return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """Make ready what the words ask for, run it, and return its exit code."""
    if arguments[:1] in (["-h"], ["--help"]):
        say((__doc__ or "").strip())
        return 0
    is_test = arguments[:1] == ["test"]
    try:
        check_python()
        check_system()
        make_venv()
        install({"test"} if is_test else set())
    except (StartError, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run this again to go on.", file=sys.stderr)
        return 130
    if is_test:
        os.chdir(ROOT)
        return run(["pytest", *arguments[1:]], QT_QPA_PLATFORM="offscreen")
    return run(["lungview", *(arguments or ["demo"])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
