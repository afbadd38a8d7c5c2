"""The options of `haven pr` and `haven environments`; loads nothing, for every start of the tool reads them."""

import argparse
from typing import Any


def add_pr(commands: Any, epilog: str) -> argparse.ArgumentParser:
    """Declare `haven pr`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "pr",
        help="report on a change: policies, tier and resources of every stack it touches, against a base",
        description="Runs the programs of what is checked out and of its merge base with REF, offline, and prints one "
        "comment in Markdown: for each stack that the change touches the verdict of the policies, the tier and the "
        "resources before and after, and edits that can't be merged.",
        epilog=epilog,
        allow_abbrev=False,
    )
    parser.add_argument("--base", metavar="REF", required=True, help="the branch or commit that the change goes to")
    parser.add_argument("--json", action="store_true", help="print the report for programs")
    parser.add_argument(
        "--save",
        metavar="DIR",
        help="write comment.md, report.md (never cut), report.json and policies.sarif there",
    )
    return parser


def add_environments(commands: Any, epilog: str) -> argparse.ArgumentParser:
    """Declare `haven environments`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "environments",
        help="list the stacks that stand in AWS, as JSON, for a workflow's matrix",
        description="Lists every stack with its account and the Region where writes go. Left out are stacks on an "
        "emulator and those of an account number that only AWS's documentation uses.",
        epilog=epilog,
        allow_abbrev=False,
    )
    return parser
