"""`haven plan`: what a stack would create, what another tier would change, and the rules' verdict on it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems
from haven.cli.command_line import WHERE, Command, TierName, directory_option, stack_argument
from haven.cli.validate import refuse

if TYPE_CHECKING:
    from haven.config.stack_file import Stack
    from haven.plan.summary import Plan
    from haven.program.recording import Recording
    from haven.program.run import Variant


@click.command(cls=Command)
@stack_argument()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--policy", is_flag=True, help="Judge it by the rules of the policy pack.")
@click.option("--sarif", is_flag=True, help="With --policy: print the verdict as SARIF, and no plan.")
@click.option("--compare", metavar="TIER", type=TierName(), help="Show what another tier would add, change and remove.")
@directory_option
def plan(*, stack: str, as_json: bool, policy: bool, sarif: bool, compare: str | None, directory: str | None) -> int:
    """Show what a stack would create, offline.

    Runs the program of STACK (a stack's name, or the path of a stack file) in this process and shows what each Region
    would have, and what its tier promises beside the stack's objectives. Needs no credentials, no network and no
    Pulumi CLI.
    """
    from haven.config import stack_file
    from haven.model.tiers import Tier
    from haven.plan.summary import make_plan
    from haven.program import run as planning

    _check(as_json=as_json, policy=policy, sarif=sarif, compare=compare)
    loaded = stack_file.load_stack(stack, planning.start_directory(directory))
    if policy:
        refuse(loaded)
    recording = planning.run_program(loaded)
    made = make_plan(recording, loaded.placeholders)
    if compare is not None:
        variant = planning.with_tier(loaded, Tier(compare))
        _print_comparison(made, recording, variant, planning.run_program(variant.stack), as_json=as_json)
        return OK
    if not policy:
        _print_plan(made, as_json=as_json)
        return OK
    return _print_with_verdict(made, loaded, recording, as_json=as_json, sarif=sarif)


def _check(*, as_json: bool, policy: bool, sarif: bool, compare: str | None) -> None:
    together = [
        ("--sarif", sarif and not policy, "no --policy", "--policy beside it", "add --policy"),
        ("--sarif", sarif and as_json, "--json too", "one of the two", "leave --json out"),
        ("--policy", policy and compare is not None, "--compare too", "one of the two", "ask twice"),
    ]
    problems = [Problem(what, got, allowed, fix) for what, wrong, got, allowed, fix in together if wrong]
    if problems:
        raise Problems(problems, WHERE)


def _print_plan(made: "Plan", *, as_json: bool) -> None:
    from haven.base.terminal import style_for
    from haven.plan import summary, text

    if as_json:
        _print_json(summary.as_json(made))
    else:
        sys.stdout.write(text.render(made, style_for(sys.stdout)))


def _print_with_verdict(made: "Plan", stack: "Stack", recording: "Recording", *, as_json: bool, sarif: bool) -> int:
    from haven.base.terminal import style_for
    from haven.plan import summary
    from haven_policies import report
    from haven_policies import sarif as sarif_report
    from haven_policies.judge import verdict_on

    today = datetime.now(UTC).date()
    verdict = verdict_on(recording, stack.config, today)
    if sarif:
        _print_json(sarif_report.as_sarif(verdict, _below(stack.project.file.parent, stack.file)))
    elif as_json:
        _print_json(summary.as_json(made) | {"policy": report.as_json(verdict)})
    else:
        _print_plan(made, as_json=False)
        sys.stdout.write("\n" + report.render(verdict, today, style_for(sys.stdout)))
    return FINDINGS if verdict.refuses else OK


def _below(root: Path, file: Path) -> str:
    """A file's path below the project, or its name where it lies elsewhere."""
    inside = file.resolve().is_relative_to(root.resolve())
    return file.resolve().relative_to(root.resolve()).as_posix() if inside else file.name


def _print_comparison(
    made: "Plan", recording: "Recording", variant: "Variant", other: "Recording", *, as_json: bool
) -> None:
    from haven.base.terminal import style_for
    from haven.plan import difference, difference_text
    from haven.plan.summary import make_plan

    there = difference.with_objectives(make_plan(other, variant.stack.placeholders), made.objectives)
    diff = difference.diff_recordings(recording, other)
    if as_json:
        _print_json(difference.as_json(made, there, diff, variant.notes))
    else:
        sys.stdout.write(difference_text.render(made, there, diff, variant.notes, style_for(sys.stdout)))


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
