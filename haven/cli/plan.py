"""`haven plan`: what a stack would make, what another tier would change, and what the rules say of it."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems
from haven.base.terminal import style_for
from haven.config import stack_file
from haven.config.stack_file import Stack
from haven.plan import summary as plans
from haven.plan.summary import Plan, make_plan
from haven.program import run as planning
from haven.program.recording import Recording
from haven.program.run import Variant


def run(asked: argparse.Namespace) -> int:
    """Plan a stack as the command line asks.

    Returns:
        The exit code: findings where a mandatory rule is violated.

    Raises:
        Problems: the stack, or what was asked, is no good.
        MissingDependency: a package is missing.
    """
    _check(asked)
    tier = planning.read_tier(asked.compare) if asked.compare is not None else None
    stack = stack_file.load_stack(asked.stack, planning.start_directory(asked.directory))
    recording = planning.run_program(stack)
    plan = make_plan(recording, stack.placeholders)
    if tier is not None:
        variant = planning.with_tier(stack, tier)
        _print_comparison(plan, recording, variant, planning.run_program(variant.stack), as_json=asked.json)
        return OK
    if not asked.policy:
        _print_plan(plan, as_json=asked.json)
        return OK
    return _print_with_verdict(plan, stack, recording, asked)


def _check(asked: argparse.Namespace) -> None:
    together = [
        ("--sarif", asked.sarif and not asked.policy, "no --policy", "--policy beside it", "add --policy"),
        ("--sarif", asked.sarif and asked.json, "--json too", "one of the two", "leave --json out"),
        ("--policy", asked.policy and asked.compare is not None, "--compare too", "one of the two", "ask twice"),
    ]
    problems = [Problem(what, got, allowed, fix) for what, wrong, got, allowed, fix in together if wrong]
    if problems:
        raise Problems(problems, "the command line")


def _print_plan(plan: Plan, *, as_json: bool) -> None:
    from haven.plan import text  # noqa: PLC0415  only one of the forms is needed

    if as_json:
        print_json(plans.as_json(plan))
    else:
        sys.stdout.write(text.render(plan, style_for(sys.stdout)))


def _print_with_verdict(plan: Plan, stack: Stack, recording: Recording, asked: argparse.Namespace) -> int:
    from haven_policies import report, sarif  # noqa: PLC0415  only where it is asked for
    from haven_policies.judge import verdict_on  # noqa: PLC0415  only where it is asked for

    today = datetime.now(UTC).date()
    verdict = verdict_on(recording, stack.config, today)
    if asked.sarif:
        print_json(sarif.as_sarif(verdict, _below(stack.project.file.parent, stack.file)))
    elif asked.json:
        print_json(plans.as_json(plan) | {"policy": report.as_json(verdict)})
    else:
        _print_plan(plan, as_json=False)
        sys.stdout.write("\n" + report.render(verdict, today, style_for(sys.stdout)))
    return FINDINGS if verdict.refuses else OK


def _below(root: Path, file: Path) -> str:
    """A file's path below the project, or its name where it lies elsewhere."""
    inside = file.resolve().is_relative_to(root.resolve())
    return file.resolve().relative_to(root.resolve()).as_posix() if inside else file.name


def _print_comparison(plan: Plan, recording: Recording, variant: Variant, other: Recording, *, as_json: bool) -> None:
    from haven.plan import difference, difference_text  # noqa: PLC0415  only where it is asked for

    there = difference.judged(make_plan(other, variant.stack.placeholders), plan.objectives)
    found = difference.difference(recording, other)
    if as_json:
        print_json(difference.as_json(plan, there, found, variant.notes))
    else:
        sys.stdout.write(difference_text.render(plan, there, found, variant.notes, style_for(sys.stdout)))


def print_json(value: Any) -> None:
    """Print a document for programs."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
