"""`lungview models`: what --model may name, and the reader's own models kept, renamed, deleted, brought back."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.cli.arguments import add_json, existing_path
from lungview.cli.exit_codes import ExitCode

if TYPE_CHECKING:  # costs numpy's import, which --help of another command need not pay
    from lungview.domain.detection import OperatingPoint
    from lungview.domain.model_shelf import StoredModel

HELP = (
    "List the models that detect lesions, the default first; import, export, rename, delete them or choose a default."
)
_ACTIONS = """\
without an ACTION the models are listed, the default first
  lungview models import weights.safetensors --name mine   keep weights (with the card beside them, where there is one)
  lungview models import study.pth                         a state dict; pickled programs are refused
  lungview models default mine                             let it answer where no --model is given
  lungview models default --back                           let the default before this one answer again
  lungview models export mine folder/                      weights and both cards, to pass on
  lungview models delete mine                              to the trash; `lungview models restore mine` brings it back

Models are kept in the user's data folder. Those that came with LungView stay as they are.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    parser.epilog = _ACTIONS
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_json(parser)
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", prog="lungview models")
    add = _action(actions, "import", "keep weights from a file among your models", _import)
    add.add_argument("file", metavar="FILE", type=existing_path, help="safetensors or its card, or a state dict")
    add.add_argument("--name", default="", help="what to call it (default: as its card or file is called)")
    out = _action(actions, "export", "write a model's weights and cards", _export, takes_model=True)
    out.add_argument("to", metavar="TO", type=Path, help="a folder, or FILE.safetensors; nothing is written over")
    rename = _action(actions, "rename", "call a model of your own something else", _rename, takes_model=True)
    rename.add_argument("new", metavar="NEW", help="the new name")
    _action(actions, "delete", "move a model of your own to the trash, for 30 days", _delete, takes_model=True)
    _action(actions, "restore", "bring back a deleted model", _restore, takes_model=True)
    default = _action(actions, "default", "choose the model that answers where none is named", _default)
    which = default.add_mutually_exclusive_group(required=True)
    which.add_argument("model", metavar="MODEL", nargs="?", help="a model of `lungview models`")
    which.add_argument("--back", action="store_true", help="go back to the default before this one")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_text: str,
    do: Callable[[argparse.Namespace], str],
    *,
    takes_model: bool = False,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
    if takes_model:
        parser.add_argument("model", metavar="MODEL", help="a model of `lungview models`")
    parser.set_defaults(do=do)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked, or print the models."""
    if arguments.action is not None:
        print(arguments.do(arguments))
    elif arguments.json:
        from lungview.detection.describing import describe_models

        print(json.dumps(describe_models(), indent=2))
    else:
        _print_models()
    return ExitCode.OK


def _import(arguments: argparse.Namespace) -> str:
    from lungview.app import import_model

    model = import_model(arguments.file, arguments.name)
    return f"Kept as {model.name!r}: use it with --model, or `lungview models default {_quoted(model.name)}`."


def _export(arguments: argparse.Namespace) -> str:
    from lungview.app import model_store

    written = model_store().export(arguments.model, arguments.to)
    return f"Written: {written}, and its cards beside it."


def _rename(arguments: argparse.Namespace) -> str:
    from lungview.app import model_store

    return f"Now called {model_store().rename(arguments.model, arguments.new).name!r}."


def _delete(arguments: argparse.Namespace) -> str:
    from lungview.app import model_store

    deleted = model_store().delete(arguments.model)
    default = " The bundled model is the default again." if deleted.was_default else ""
    return f"Deleted.{default} `lungview models restore {_quoted(deleted.name)}` brings it back."


def _restore(arguments: argparse.Namespace) -> str:
    from lungview.app import model_store

    return f"Back as {model_store().restore(arguments.model).name!r}."


def _default(arguments: argparse.Namespace) -> str:
    from lungview.app import model_store

    store = model_store()
    if arguments.back:
        return _answering(store.roll_back())
    shelf = store.shelf()
    wanted = shelf.by_name(arguments.model)
    doubt = "" if wanted is None else shelf.doubt(wanted)
    told = _answering(store.set_default(arguments.model))
    if doubt:
        print(f"Warning: {doubt} `lungview models default --back` leads back.", file=sys.stderr)
    return told


def _answering(model: "StoredModel") -> str:
    return f"{model.name!r} answers from now on where no model is named."


def _quoted(name: str) -> str:
    return f"'{name}'" if not name.isidentifier() else name


def _print_models() -> None:
    from lungview.app import model_store

    shelf = model_store().shelf()
    for notice in shelf.notices:
        print(f"Note: {notice}")
    for model in shelf.models:
        _print_model(model, is_default=model.key == shelf.default)
    if shelf.trash:
        print(f"\nIn the trash: {', '.join(shelf.trash)}")
    _print_architectures()


def _print_model(model: "StoredModel", *, is_default: bool) -> None:
    info = model.info
    if model.trouble:
        print(f"{model.name}: {model.trouble}")
        return
    marks = ", default" if is_default else ""
    titled = info.title if info.title != info.name else "your own"
    print(f"{info.name}: {titled} ({info.architecture}, {info.parameters:,} weights{marks})")
    if info.summary:
        print(f"  {info.summary}")
    if told := _lineage(model):
        print(f"  {told}")
    if gain := model.gain:
        print(f"  Beside {gain.base}: {gain.in_words()} in box IoU")
    for point in info.operating_points:
        print(f"  {_stop(point)}")
    if info.stops_note:
        print(f"  {info.stops_note}")


def _lineage(model: "StoredModel") -> str:
    """Where a model of the reader's own comes from, in words."""
    if model.is_bundled:
        return ""
    came = [f"trained on from {model.lineage.parent}"] if model.lineage.parent else []
    came += [f"imported from {model.lineage.source}"] if model.lineage.source else []
    came += [model.made] if model.made else []
    words = ", ".join(came)
    return f"{words[:1].upper()}{words[1:]}"


def _print_architectures() -> None:
    """Tell which networks' own weights may be given as a file."""
    from lungview.detection.models_info import ARCHITECTURES

    print("\nWeights of your own for these networks can be given with --model FILE, or imported:")
    for architecture in ARCHITECTURES:
        print(f"  {architecture.key}: {architecture.title} ({architecture.parameters:,} weights)")


def _stop(point: "OperatingPoint") -> str:
    """One named stop of the score threshold in words."""
    known = []
    if point.sensitivity is not None:
        known.append(f"sensitivity {point.sensitivity:.0%}")
    if point.false_marks_per_scan is not None:
        known.append(f"{point.false_marks_per_scan:.1f} false marks per scan")
    measured = f": {', '.join(known)} on validation patients" if known else ""
    return f"{point.name}, score from {point.score_threshold:.2f}{measured}"
