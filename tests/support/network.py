"""Proof that nothing is sent: a guard that every Python process of a test carries, and what the system says."""

import os
from pathlib import Path

GUARD = """
import os, socket, sys

def guard(event, arguments):
    if event == "socket.__new__":
        is_local = arguments[1] == getattr(socket, "AF_UNIX", None)
    elif event in ("socket.connect", "socket.bind", "socket.sendto"):
        is_local = isinstance(arguments[1], (str, bytes))
    else:
        is_local = event not in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request", "ftplib.connect",
                                 "http.client.connect", "smtplib.connect")
    if not is_local:
        import traceback
        with open(os.environ["NETWORK_USED"], "a") as told:
            told.write(f"{event} in {sys.argv}\\n" + "".join(traceback.format_stack()))
        raise RuntimeError(f"the network was used: {event}")

sys.addaudithook(guard)
"""
"""A sitecustomize.py: Python loads it first, in the program and in each of its children."""


def guarded_environment(folder: Path) -> dict[str, str]:
    """The environment of a process whose use of the network ends in an error and in folder/network-used."""
    (folder / "guard").mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    path = os.pathsep.join([str(folder / "guard"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "NETWORK_USED": str(folder / "network-used")}


def open_internet_sockets() -> list[str]:
    """Sockets of this process that are not local, native ones too; empty where the system does not tell (not Linux)."""
    own = set()
    for handle in Path("/proc/self/fd").glob("*"):
        try:
            own.add(str(handle.readlink()))
        except OSError:  # closed meanwhile
            continue
    inodes = {link[8:-1] for link in own if link.startswith("socket:[")}
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        path = Path("/proc/self/net") / table
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        found += [f"{table} {line}" for line in lines if line.split()[9] in inodes]
    return found
