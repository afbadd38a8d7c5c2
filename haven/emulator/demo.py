"""The main job: a stack deployed into an emulator of AWS on this machine, read back, deployed again, destroyed."""

import shutil
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from haven.base import terminal
from haven.base.console import Console
from haven.base.deployment_error import DeploymentError
from haven.base.interrupts import Interrupted, interruptible
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems
from haven.config.stack_file import Stack, load_stack
from haven.emulator import drift, gap_handling, gaps, managed_keys
from haven.emulator.deployers import choice
from haven.emulator.deployers.deployment import Deployment, Order, Watch
from haven.emulator.ministack import NAME, VERSION, Emulator, EmulatorError
from haven.emulator.read_back import comparison, leftovers
from haven.emulator.read_back.subject import Subject
from haven.emulator.run_folder import run_folder
from haven.plan import summary, text
from haven.program.run import run_program

FINE, NOT_AS_PLANNED, BAD_INPUT, NO_WAY = range(4)
"""Exit codes; one that was interrupted ends with 128 and the signal's number, as shells count."""


def run(stack: str, root: Path, out: TextIO | None = None, *, port: int | None = None) -> int:
    """Run the demo and say what happens.

    Args:
        stack: a stack's name or the path of a stack file; it must be an ephemeral one.
        root: where the search for the project begins.
        out: where everything is written; omitted: standard output.
        port: the emulator's; omitted: a free one.

    Returns:
        0 where everything is as planned, 1 where something isn't or fails, 2 for bad input, 3 where this machine has
        nothing to deploy with.
    """
    console = Console(out or sys.stdout)
    try:
        with interruptible():
            return _run(stack, root, console, port)
    except Problems as problems:
        console.say(problems.render())
        return BAD_INPUT
    except MissingDependency as missing:
        console.say(str(missing))
        return NO_WAY
    except (EmulatorError, DeploymentError) as error:
        console.title(f"Failed: {error}", "red")
        return NOT_AS_PLANNED
    except Interrupted as interrupted:
        console.title(
            f"Interrupted ({interrupted}): the emulator is stopped, and with it is gone what was in it", "red"
        )
        return 128 + interrupted.number


def _run(name: str, root: Path, console: Console, port: int | None) -> int:
    stack = load_stack(name, root)
    recording = run_program(_emulated(stack))
    console.title(f"Plan of stack {stack.name}")
    console.say(text.render(summary.make_plan(recording, stack.placeholders), console.style).rstrip())
    state = stack.project.file.parent / ".haven"
    chosen = choice.choose(state)
    for reason in chosen.unavailable:
        console.say("", f"Not used: {reason}")
    if chosen.deployer is None:
        console.title("Nothing is deployed: install one of these and try again", "red")
        return NO_WAY
    with run_folder(state / "runs") as folder, Emulator(state / "emulator", folder / "emulator", port) as emulator:
        console.title(f"Emulator of AWS: {NAME} {VERSION} at {emulator.url}, log {emulator.log}")
        console.title(f"Deploying with {chosen.deployer.name}")
        adapted = gap_handling.adapt(recording)
        deployment = chosen.deployer.open(Order(stack, adapted, emulator.url, folder))
        fine = _Job(console, emulator, adapted, deployment).run()
        if fine:
            shutil.rmtree(folder, ignore_errors=True)
    bad = f"NOT as planned: see WRONG above; logs: {folder}"
    console.title("Fine: as planned, stable, and gone again" if fine else bad, "green" if fine else "red")
    return FINE if fine else NOT_AS_PLANNED


def _emulated(stack: Stack) -> Stack:
    """The stack, if it may be deployed into an emulator.

    Raises:
        Problems: it isn't made to be thrown away, or was not made for an emulator.
    """
    problems = []
    if stack.config.get("haven:ephemeral") != "true":
        got = stack.config.get("haven:ephemeral") or "nothing"
        problems.append(
            Problem("haven:ephemeral", got, "true", "copy stacks/Pulumi.demo.yaml: a demo is destroyed at its end")
        )
    if not stack.config.get("haven:emulator"):
        problems.append(
            Problem("haven:emulator", "nothing", "a URL", "name any: the demo puts its own emulator's in its place")
        )
    if problems:
        raise Problems(problems, stack.where)
    return stack


class _Job:
    """The steps between the start of the emulator and its end."""

    def __init__(
        self, console: Console, emulator: Emulator, adapted: gap_handling.AdaptedRecording, deployment: Deployment
    ) -> None:
        self._console = console
        self._emulator = emulator
        self._adapted = adapted
        self._deployment = deployment
        regions: Mapping[str, str] = adapted.recording.outputs["regions"]
        self._regions = [regions[side] for side in ("primary", "recovery")]

    def run(self) -> bool:
        """Deploy, read back, deploy again, destroy.

        Returns:
            Whether all of it is as planned.

        Raises:
            EmulatorError: the emulator has died.
            DeploymentError: a step failed.
        """
        try:
            managed_keys.create(self._emulator.url, self._regions)
            before = leftovers.existing(self._emulator.url, self._regions)
            self._say_what_is_left_out()
            self._deployment.deploy(self._watch("resources made"))
            return all([self._read_back(), self._deploy_again(), self._destroy(before)])
        except (BotoCoreError, ClientError, DeploymentError) as error:
            self._emulator.check(patience=1)  # where it has died, that is the reason, and not what followed
            if isinstance(error, DeploymentError):
                raise
            raise DeploymentError(f"the emulator refuses to be read: {error}; its log: {self._emulator.log}") from error

    def _watch(self, doing: str) -> Watch:
        show = self._console.progress(doing)

        def watch(done: int, total: int) -> None:
            self._emulator.check()
            show(done, total)

        return watch

    def _say_what_is_left_out(self) -> None:
        names: dict[gaps.Unsupported, list[str]] = {}
        for record, row in self._adapted.left_out:
            names.setdefault(row, []).append(record.name)
        lines = [f"{row.name} ({', '.join(names[row])}): {row.reason}" for row in names]
        lines += self._deployment.left_out
        self._console.say("", f"  Left out, {len(lines)} things:" if lines else "  Nothing is left out.")
        for line in lines:
            self._console.say(*terminal.wrapped(f"- {line}", 4))

    def _read_back(self) -> bool:
        self._console.title("Reading back what is really there")
        rows = comparison.read_back(self._adapted.recording, self._emulator.url, self._regions)
        self._console.say(*comparison.render(rows, self._console.style))
        counts = Counter("as planned" if row.agrees else "WRONG" if row.is_wrong else "known defects" for row in rows)
        self._console.say("", "  " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
        return not any(row.is_wrong for row in rows)

    def _deploy_again(self) -> bool:
        self._console.title("Deploying again: nothing may change")
        explained = drift.explain(self._deployment.drift(self._watch("resources compared")))
        self._console.say(*drift.render(explained))
        return not any(each.is_wrong for each in explained)

    def _destroy(self, before: frozenset[Subject]) -> bool:
        self._console.title("Destroying")
        self._deployment.destroy(self._watch("resources destroyed"))
        left = sorted(leftovers.existing(self._emulator.url, self._regions) - before)
        self._console.say(*(f"  WRONG: {each.kind} {each.name} is left in {each.region}" for each in left))
        if not left:
            self._console.say("  Nothing is left: what stands there is what stood there before.")
        return not left
