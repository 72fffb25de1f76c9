"""`lungview train`: hands its words to the trainer, which needs torch and is loaded only here."""

import argparse

HELP = "Learn a model from labelled scans; `lungview train --help` says how."


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None of its own: every word is the trainer's."""


def run(arguments: argparse.Namespace) -> int:
    """Run the trainer's command line."""
    from lungview_training.cli import main

    try:
        return main(arguments.words)
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        return int(stop.code or 0)
