"""`haven gate`: judges what a preview or a plan would do."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems, shown
from haven.cli import output
from haven.cli.command_line import EPILOG, WHERE, Command, directory_option


@click.command(cls=Command, epilog=f"{EPILOG} docs/gate.md has the commands that write FILE.")
@click.argument("file", metavar="FILE", type=click.Path())
@click.option(
    "--accept",
    metavar="RESOURCE=REASON",
    multiple=True,
    help="Accept everything dangerous about one resource (its URN or address); the reason has 10 characters or more."
    " May be repeated.",
)
@click.option("--active", metavar="REGION", help="Judge a failover to this Region, where the document names none.")
@click.option("--stack", metavar="STACK", help="Accept what haven:policy.accepted in this stack's file accepts.")
@click.option("--policy", is_flag=True, help="Also judge the resulting resources by the rules of the policy pack.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@directory_option
def gate(
    *,
    file: str,
    accept: Sequence[str],
    active: str | None,
    stack: str | None,
    policy: bool,
    as_json: bool,
    directory: str | None,
) -> int:
    """Judge a preview or a plan: what is dangerous is refused.

    Reads FILE, a preview of Pulumi or a plan of Terraform as JSON (- for the standard input), and refuses what
    endangers data or a recovery: replacement, deletion or detachment of something stateful or protected, a safeguard
    that is removed, a change of Regions, and a failover that does more than add and enlarge in the newly active
    Region. Works offline.
    """
    from haven.gate import preview_reader, text, verdict

    where = "the standard input" if file == "-" else file
    data = _data(file)
    change_set = preview_reader.read(data, where)
    in_stack_file = _accepted_in(stack, directory) if stack is not None else {}
    judged = verdict.judge(change_set, accept, active, where, in_stack_file)
    printed, refused = _by_rules(data, where, as_json=as_json) if policy else (None, False)
    if as_json:
        found = {"schema": "gate.v1"} | text.as_json(judged) | ({"policy": printed} if policy else {})
        output.emit_json(found)
    else:
        output.emit(text.render(judged, output.style()) + (f"\n{printed}" if policy else ""))
    return FINDINGS if judged.refused or refused else OK


def _by_rules(data: bytes, where: str, *, as_json: bool) -> tuple[Any, bool]:
    """The rules' verdict on the resulting resources, ready to be printed, and whether they refuse it."""
    from haven.gate import preview_reader
    from haven_policies import previews, report

    today = datetime.now(UTC).date()
    found = previews.verdict_on_preview(preview_reader.digest(data, where), today, where)
    printed = report.as_json(found) if as_json else report.render(found, today, output.style())
    return printed, found.refuses


def _accepted_in(stack: str, directory: str | None) -> dict[str, str]:
    """Resources whose findings the stack file accepts today, to the reason and the last day."""
    from haven.config import stack_file
    from haven.config.policy import Policy
    from haven.config.reader import read_model
    from haven.program import run as planning

    found = stack_file.load_stack(stack, planning.start_directory(directory))
    policy, problems = read_model(found.config, "haven:policy", Policy())
    if problems:
        raise Problems(problems, found.where)
    today = datetime.now(UTC).date()
    return {each.resource: f"{each.reason} (until {each.until})" for each in policy.accepted if each.counts(today)}


def _data(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        got = f"{shown(file)}, which can't be read ({error.strerror})"
        raise Problems([Problem("FILE", got, "a file, or -", "see docs/gate.md")], WHERE) from error
