"""Who may write files: whatever is kept goes through lungview.files, which never leaves half of one."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "lungview").rglob("*.py"), *(ROOT / "training" / "lungview_training").rglob("*.py")])

MAY_WRITE = {
    "lungview/files.py": "the place for it",
    "lungview/cli/main.py": "points a closed standard output at the null device",
    "lungview/processes.py": "sets a worker's priority through /proc",
    "lungview/demo/write.py": "writes the demo patient into a folder that is then moved into place",
    "lungview/deidentify/images.py": "writes a copy into a folder that is then moved into place",
    "lungview/detection/store/files.py": "copies weights into a folder that is then moved into place",
    "lungview/detection/store/importing.py": "converts weights in a temporary folder",
    "lungview/detection/store/store.py": "notes in a deleted model's folder that it was the default",
    "training/lungview_training/checkpoint.py": "torch and safetensors write a file that is then moved into place",
    "training/lungview_training/shards.py": "writes a shard a batch at a time, then moves it into place",
    "training/lungview_training/bundle.py": "the maintainers' command that fills resources/models",
    "training/lungview_training/events.py": "adds lines to a run's log; a line cut off is passed over when read",
    "training/lungview_training/run_command.py": "points a closed standard output at the null device",
    "training/lungview_training/shard_store.py": "marks a shard as used, for what is forgotten first",
    "training/lungview_training/supervision/trial.py": "collects what a trial says on standard error",
    "training/lungview_training/supervision/supervisor.py": "collects what a worker says on standard error",
    "training/lungview_training/supervision/folder_look.py": "tries whether the data folder takes files",
}

WRITERS = {"write_text", "write_bytes", "save_file", "save_as", "savez", "savez_compressed", "copyfile", "copy2",
           "copytree", "touch", "mkstemp", "NamedTemporaryFile", "dump", "tofile", "memmap"}  # fmt: skip
IN_MEMORY = {
    ("lungview/reading/results_store.py", "savez_compressed"),
    ("training/lungview_training/shards.py", "memmap"),
    ("lungview/reading/results_store.py", "touch"),
    ("training/lungview_training/preflight/check.py", "NamedTemporaryFile"),
}
"""Into a buffer, for reading alone, the time of use alone, or gone at once."""


def writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each call that opens a file for writing, or writes one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = [each.value for each in [*node.args, *(keyword.value for keyword in node.keywords)]
                 if isinstance(each, ast.Constant) and isinstance(each.value, str)]  # fmt: skip
        is_mode = any(set(word) <= set("rwxab+t") and set(word) & set("wxa+") for word in words)
        flags = any(getattr(each, "attr", "") in ("O_WRONLY", "O_RDWR", "O_CREAT") for each in ast.walk(node))
        if name in WRITERS or (name == "open" and (is_mode or flags)) or (name == "save" and _is_torch(node)):
            yield node.lineno, name


def _is_torch(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "torch"


def test_nothing_is_written_past_the_module_for_it() -> None:
    found = {}
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        places = [each for each in writes(ast.parse(path.read_bytes())) if (name, each[1]) not in IN_MEMORY]
        if places and name not in MAY_WRITE:
            found[name] = places
    assert found == {}


def test_every_exception_is_still_one() -> None:
    assert [name for name in MAY_WRITE if not list(writes(ast.parse((ROOT / name).read_bytes())))] == []
