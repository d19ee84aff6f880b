"""The words that choose runs, for the programs here that read many: as `fig compare` has them."""

import argparse


def add_choice_of_runs(parser: argparse.ArgumentParser) -> None:
    """Add `--where CONDITIONS` and `--unfinished [yes|no]`, which is "no" by default, and "yes" without a word."""
    parser.add_argument("--where", default="", help="conditions that runs meet, as for fig compare")
    parser.add_argument(
        "--unfinished",
        choices=("yes", "no"),
        nargs="?",
        const="yes",
        default="no",
        help="runs too that have not come to their end",
    )
