"""`lungview train`: hands its words to the trainer, which needs torch and is loaded only here."""

import argparse

HELP = "Learn a model from labelled scans; `lungview train --help` says how."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take every further word as the trainer's own."""
    parser.add_argument("words", nargs=argparse.REMAINDER, help="words for the trainer")


def run(arguments: argparse.Namespace) -> int:
    """Run the trainer's command line."""
    from lungview_training.cli import main

    return main(arguments.words)
