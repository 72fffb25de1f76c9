"""Commands that train more than one network, study and compare, and phantoms; torch is loaded only where needed."""

import argparse
from pathlib import Path

from lungview.detection.models_info import TRAINABLE
from lungview.errors import TrainingConfigError
from lungview_training.config import load_config
from lungview_training.control import Command, Listener
from lungview_training.stopping import stopped_by_signals

ALL = "all"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets experiment: the options to the text to print."""
    _add_study(commands)
    _add_compare(commands)
    _add_phantoms(commands)


def _add_study(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    study = commands.add_parser(
        "study",
        help="do the study's experiment again and print its table",
        description="Learn on subtype B from scratch, fine-tune on A, G and E, and write the study's table with ours "
        "beside it (table.md, study.json) into the output folder. Subtypes without patients are passed over. Started "
        "again, it goes on where it stopped.",
    )
    study.add_argument("config", type=Path, help="TOML file with the settings, as training/configs/thesis.toml")
    study.set_defaults(experiment=_study)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compare = commands.add_parser(
        "compare",
        help="train several networks on the same split and print one table",
        description="Train each network for the same number of steps on the same patients, and write size, time and "
        "finds on test patients (compare.md, compare.json) into the output folder.",
    )
    compare.add_argument("config", type=Path, help="TOML file with the settings of a run")
    compare.add_argument(
        "--networks", default=ALL, metavar="NAMES", help=f'comma between, of {", ".join(TRAINABLE)}; "all" by default'
    )
    compare.add_argument(
        "--study-size",
        type=int,
        default=512,
        metavar="PIXELS",
        help="side of the slices that simple-cancer-cnn sees; 512 as in the study (134 million weights) by default",
    )
    compare.set_defaults(experiment=_compare)


def _add_phantoms(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    phantoms = commands.add_parser(
        "phantoms",
        help="write synthetic patients of the four subtypes",
        description="Write DICOM files and readers' XML of computed chests, for a trial of the study's experiment or "
        "of fine-tuning in the window.",
    )
    phantoms.add_argument("folder", type=Path, help="folder to write into")
    phantoms.add_argument("--patients", type=int, default=2, metavar="N", help="of each subtype; 2 by default")
    phantoms.add_argument(
        "--unseen",
        action="store_true",
        help="subtype E alone, with lesions that the bundled network hardly finds: a folder to fine-tune on",
    )
    phantoms.set_defaults(experiment=_phantoms)


def run_experiment(options: argparse.Namespace) -> str:
    """Do what was asked and return what is to be printed; what trains is saved where it is told to end."""
    text: str = options.experiment(options)
    return text


def _study(options: argparse.Namespace) -> str:
    from lungview_training.study.config import load_study
    from lungview_training.study.run import run_study

    config, listener = load_study(options.config), Listener()
    with stopped_by_signals(listener):
        return run_study(config, should_stop=lambda: listener() is Command.STOP)


def _compare(options: argparse.Namespace) -> str:
    from lungview_training.compare import compare

    names = TRAINABLE if options.networks == ALL else tuple(options.networks.split(","))
    for name in names:
        if name not in TRAINABLE:
            raise TrainingConfigError(f"There is no network {name!r}; known are {', '.join(TRAINABLE)}.")
    config, listener = load_config(options.config), Listener()
    with stopped_by_signals(listener):
        is_asked = lambda: listener() is Command.STOP  # noqa: E731
        return compare(config, names, study_size=options.study_size, should_stop=is_asked)


def _phantoms(options: argparse.Namespace) -> str:
    from lungview_training.study.phantoms import UNSEEN, write_phantoms, write_unseen

    if options.unseen:
        write_unseen(options.folder, options.patients)
        return f"Wrote {options.patients} synthetic patients of subtype {UNSEEN[0]}, each with a {UNSEEN[1]}.\n"
    write_phantoms(options.folder, options.patients)
    return f"Wrote {options.patients} synthetic patients of each subtype.\n"
