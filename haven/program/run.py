"""Runs a stack's program offline and makes plans of what it declares."""

import contextlib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from haven.base.console import Steps
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, choices, shown
from haven.config.stack_file import Stack
from haven.model.objectives import within_reach
from haven.model.sources import BACKUP_MINUTES
from haven.model.tiers import Tier
from haven.program import validation
from haven.program.recording import Recording

_ACCEPTED = "what the program accepts"
_REPLICATING = ("haven:recoveryPlan", "haven:rebuilt")
"""Keys that need a replica of the database."""
_OMITTED = ("", "{}", "false")
"""What Pulumi.yaml fills in for a key that a stack omits, and what says no."""
_REASON = re.compile(r"got (.*); allowed: (.*); fix: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Variant:
    """A stack under another tier."""

    stack: Stack
    notes: tuple[str, ...]
    """What besides the tier had to differ."""


def run_program(stack: Stack, progress: Callable[[int], None] = lambda _: None) -> Recording:
    """Run the stack's program in this process and record what it declares.

    Args:
        stack: as its file configures it.
        progress: called with how many resources are declared so far, from another thread.

    Raises:
        Problems: with everything that is wrong with the stack file and with the config in it.
        MissingDependency: where a package is missing.
    """
    problems = validation.problems(stack)
    if problems and validation.hook(stack):
        raise Problems(problems, stack.where)
    try:
        recording = _record(stack, progress)
    except Problems as error:
        problems += validation.new(error.problems, problems)
    except _refusals() as error:
        problems += () if problems else _refusal(error)
    if problems:
        raise Problems(problems, stack.where)
    return recording


def recorded(stack: Stack, steps: Steps, detail: str = "") -> Recording:
    """`run_program` as a step of long work, which reports how many resources are declared.

    Args:
        stack: as its file configures it.
        steps: reports the work.
        detail: what the step's name adds to the stack's.

    Raises:
        Problems: as `run_program`.
        MissingDependency: as `run_program`.
    """
    show = steps.step(f"Running the program of stack {stack.name}{detail}")
    show(0, doing="loading Pulumi")
    return run_program(stack, lambda count: show(count, doing="resources declared"))


def _record(stack: Stack, progress: Callable[[int], None]) -> Recording:
    if not (stack.project.main / "__main__.py").is_file():
        got = f"no __main__.py in {stack.project.main}"
        raise Problems([Problem("the program", got, "a Python program", "set main: in Pulumi.yaml to its directory")])
    with _only_on_stderr():
        try:
            from haven.program.recorder import record  # noqa: PLC0415  pulumi takes seconds to load

            count = itertools.count(1)
            return record(
                stack.project.main,
                project=stack.project.name,
                stack=stack.name,
                config=stack.config,
                seen=lambda _: progress(next(count)),
            )
        except ModuleNotFoundError as error:
            raise MissingDependency(f"the Python package {error.name} is missing; run make setup") from error


def _refusals() -> tuple[type[Exception], ...]:
    """What a program raises when it refuses to go on, with a message made for people."""
    from pulumi import InputPropertiesError, RunError  # noqa: PLC0415  pulumi takes seconds to load

    return RunError, InputPropertiesError


def _refusal(error: Exception) -> Iterator[Problem]:
    """What a component or the program refuses, one problem for each reason."""
    component = str(error).partition(" refuses")[0]
    for reason in getattr(error, "errors", None) or ():
        parts = _REASON.fullmatch(reason["reason"])
        if parts:
            yield Problem(f"{component} {reason['property_path']}", *parts.groups())
        else:
            yield Problem(
                f"{component} {reason['property_path']}",
                reason["reason"],
                _ACCEPTED,
                f"change {reason['property_path']} of {component} in the program",
            )
    if not getattr(error, "errors", None):
        yield Problem("the program", f"an error: {error}", _ACCEPTED, "see what it names in the program")


@contextlib.contextmanager
def _only_on_stderr() -> Iterator[None]:
    """What a program prints must not appear between the lines of a plan."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def comparable(stack: Stack, tier: Tier) -> None:
    """Refuse a comparison of a stack that has no tier, or with its own.

    Raises:
        Problems: it is refused.
    """
    _require_tier(stack, tier)
    if stack.config.get("haven:tier") == tier.value:
        others = choices(each.value for each in Tier if each is not tier)
        fix = f"name another tier; haven plan {stack.name} shows this one"
        raise Problems([Problem("--compare", f"{shown(tier.value)}, the stack's own tier", others, fix)])


def _require_tier(stack: Stack, tier: Tier) -> None:
    kind = stack.config.get("haven:kind") or "environment"
    if kind != "environment":
        fix = f"leave --compare out, or name an environment: stack {stack.name} is of kind {kind}"
        raise Problems([Problem("--compare", shown(tier.value), "a stack that has a tier", fix)])


def with_tier(stack: Stack, tier: Tier) -> Variant:
    """The stack as it would be under another tier.

    What that tier couldn't have is kept as far as possible, and listed in the notes: an objective out of its reach
    becomes the strictest that it can meet, systems above the tier are lowered to it, a snapshot to restore belongs to
    tier backup only, `haven:recoveryPlan` and `haven:rebuilt` to the others.

    Raises:
        Problems: where the stack has no tier.
    """
    _require_tier(stack, tier)
    config = {**stack.config, "haven:tier": tier.value}
    notes: list[str] = []
    if "haven:objectives" in config:
        config["haven:objectives"] = _within_reach(config, tier, notes)
    if "haven:systems" in config:
        config["haven:systems"] = _lowered(config["haven:systems"], tier, notes)
    if tier is not Tier.BACKUP and "haven:database" in config:
        config["haven:database"] = _without_snapshot(config["haven:database"], notes)
    if tier is not Tier.BACKUP and "haven:tables" in config:
        config["haven:tables"] = _without_restored(config["haven:tables"], notes)
    left_out = [key for key in _REPLICATING if tier is Tier.BACKUP and config.pop(key, "") not in _OMITTED]
    notes += (f"{key} is left out: it belongs to tiers from pilot-light up" for key in left_out)
    return Variant(replace(stack, config=config), tuple(notes))


def _within_reach(config: Mapping[str, str], tier: Tier, notes: list[str]) -> str:
    """The objectives by which the program chooses intervals: those of the stack file where the tier can meet them."""
    text = config["haven:objectives"]
    backups = json.loads(config.get("haven:backups") or "{}")
    job_and_copy = sum(float(backups.get(key, assumed.value)) for key, assumed in BACKUP_MINUTES.items())
    wanted = {name: float(value) for name, value in json.loads(text).items()}
    able = within_reach(tier, wanted, job_and_copy)
    notes += (
        f"{name} {wanted[name]:g} is out of reach of tier {tier}: compared with {able[name]:g} in its program"
        for name in wanted
        if able[name] != wanted[name]
    )
    return text if able == wanted else json.dumps(able, sort_keys=True)


def _lowered(text: str, tier: Tier, notes: list[str]) -> str:
    systems: Mapping[str, dict[str, str]] = json.loads(text)
    for name, system in systems.items():
        own = system.get("tier")
        if own is not None and Tier(own).rank > tier.rank:
            system["tier"] = tier.value
            notes.append(f"system {name} is compared at tier {tier}: it can't be above its environment")
    return json.dumps(systems, sort_keys=True)


def _without_snapshot(text: str, notes: list[str]) -> str:
    database = json.loads(text)
    if database.pop("restoreSnapshot", None) is not None:
        notes.append("haven:database.restoreSnapshot is left out: it belongs to tier backup")
    return json.dumps(database, sort_keys=True)


def _without_restored(text: str, notes: list[str]) -> str:
    tables = json.loads(text)
    restored = [name for name, table in tables.items() if isinstance(table, dict) and table.pop("restored", False)]
    if restored:
        notes.append(f"restored of haven:tables is left out ({', '.join(restored)}): it belongs to tier backup")
    return json.dumps(tables, sort_keys=True)


def start_directory(named: str | None) -> Path:
    """Where the search for a project begins: the directory given with -C, or the current one.

    Raises:
        Problems: where there is no such directory.
    """
    start = Path(named or ".")
    if not start.is_dir():
        raise Problems([Problem("-C", shown(named), "a directory", "name one that is there")])
    return start
