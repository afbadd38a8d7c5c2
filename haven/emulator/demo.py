"""The main job: a stack deployed into an emulator of AWS on this machine, read back, deployed again, destroyed."""

import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from haven.base.console import ConsoleReport, Show, Steps
from haven.base.deployment_error import DeploymentError
from haven.base.exits import FINDINGS, MISSING_DEPENDENCY, OK
from haven.base.interrupts import Interrupted, interruptible
from haven.base.problems import Problem, Problems
from haven.base.state_folder import state_folder
from haven.base.terminal import plural
from haven.config.stack_file import Stack, load_stack
from haven.emulator import drift, gap_handling, gaps, managed_keys
from haven.emulator.deployers import choice
from haven.emulator.deployers.deployment import Deployment, Order
from haven.emulator.ministack import NAME, VERSION, Emulator, EmulatorError
from haven.emulator.read_back import comparison, leftovers
from haven.emulator.run_folder import run_folder
from haven.emulator.subject import Subject
from haven.plan import summary, text
from haven.program.run import recorded

_WRONG_SHOWN = 10
"""How many wrong lines of one step fit the first screen; the file has all of them."""


def run(stack: str, root: Path, out: TextIO | None = None, *, port: int | None = None, detail: bool = False) -> int:
    """Run the demo and report on it: one screen on `out`, progress on standard error, the whole in a file.

    Args:
        stack: a stack's name or the path of a stack file; it must be an ephemeral one.
        root: where the search for the project begins.
        out: where the report is written; omitted: standard output.
        port: the emulator's; omitted: a free one.
        detail: whether the whole report goes to `out`.

    Returns:
        0 where everything is as planned; 1 where something isn't, or fails; 3 where nothing here can deploy; 128 and
        the signal's number where it is interrupted, as shells count.

    Raises:
        Problems: bad input; nothing is started.
        MissingDependency: a part of Haven's own installation isn't there.
    """
    out = out or sys.stdout
    try:
        with interruptible(), Steps(sys.stderr) as steps:
            return _run(stack, root, out, steps, port, detail=detail)
    except (EmulatorError, DeploymentError) as error:
        _end(ConsoleReport(out), f"Failed: {error}", "red")
        return FINDINGS
    except Interrupted as interrupted:
        _end(
            ConsoleReport(out),
            f"Interrupted ({interrupted}): the emulator is stopped, and its contents are gone",
            "red",
        )
        return 128 + interrupted.number


def _end(report: ConsoleReport, words: str, colour: str) -> None:
    report.write("", report.style.paint(words, f"bold {colour}"))


def _run(name: str, root: Path, out: TextIO, steps: Steps, port: int | None, *, detail: bool) -> int:
    stack = _emulated(load_stack(name, root))
    state = state_folder(stack.project.file.parent)
    whole = state / f"demo-{stack.name}.txt"
    with whole.open("w", encoding="utf-8") as file:
        report = ConsoleReport(out, file.write, whole=detail)
        code = _report(stack, state, report, steps, port)
    report.short("", f"Everything in detail: {whole}, or haven demo --detail")
    return code


def _report(stack: Stack, state: Path, report: ConsoleReport, steps: Steps, port: int | None) -> int:
    recording = recorded(stack, steps)
    plan = summary.make_plan(recording, stack.placeholders)
    steps.clear()
    report.short(text.screen(plan, report.style).rstrip())
    report.detail(text.render(plan, report.style).rstrip())
    chosen = choice.choose(state)
    for reason in chosen.unavailable:
        report.write("", f"Not used: {reason}")
    if chosen.deployer is None:
        _end(report, "Nothing is deployed: install one of these and try again", "red")
        return MISSING_DEPENDENCY
    with run_folder(state / "runs") as folder, Emulator(state / "emulator", folder / "emulator", port) as emulator:
        report.write("", f"Emulator: {NAME} {VERSION} at {emulator.url}")
        report.detail(f"  log: {emulator.log}")
        report.write(f"Deployed with {chosen.deployer.name}")
        adapted = gap_handling.adapt(recording)
        deployment = chosen.deployer.open(Order(stack, adapted, emulator.url, folder))
        fine = _Job(report, steps, emulator, adapted, deployment).run()
        if fine:
            shutil.rmtree(folder, ignore_errors=True)
    bad = f"NOT as planned: see WRONG above; logs: {folder}"
    _end(report, "Passed: as planned, stable, and destroyed" if fine else bad, "green" if fine else "red")
    return OK if fine else FINDINGS


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
        self,
        report: ConsoleReport,
        steps: Steps,
        emulator: Emulator,
        adapted: gap_handling.AdaptedRecording,
        deployment: Deployment,
    ) -> None:
        self._report = report
        self._steps = steps
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
            self._deploy()
            return all([self._read_back(), self._deploy_again(), self._destroy(before)])
        except (BotoCoreError, ClientError, DeploymentError) as error:
            self._emulator.check(patience=1)  # where it has died, that is the reason, and not what followed
            if isinstance(error, DeploymentError):
                raise
            raise DeploymentError(f"the emulator can't be read: {error}; its log: {self._emulator.log}") from error
        finally:
            self._steps.clear()

    def _watch(self, name: str) -> "_Watched":
        return _Watched(self._emulator, self._steps.step(name))

    def _deploy(self) -> None:
        names: dict[gaps.Unsupported, list[str]] = {}
        for record, row in self._adapted.left_out:
            names.setdefault(row, []).append(record.name)
        lines = [f"{row.name} ({', '.join(names[row])}): {row.reason}" for row in names]
        lines += self._deployment.left_out
        watched = self._watch("Deploying")
        self._deployment.deploy(watched)
        self._steps.clear()
        left_out = f"; not deployed, for the emulator lacks them: {plural(len(lines), 'kind')}" if lines else ""
        self._report.write(f"Deployed:       {plural(watched.total, 'resource')}{left_out}")
        if count := len(self._adapted.objects):
            objects = plural(count, "Kubernetes object")
            self._report.write(f"                {objects} left out by design: {gap_handling.KUBERNETES}")
        for line in lines:
            self._report.detail(*self._report.style.wrapped(f"- {line}", 4))

    def _read_back(self) -> bool:
        self._steps.step("Reading back what is there")
        rows = comparison.read_back(self._adapted.recording, self._emulator.url, self._regions)
        self._steps.clear()
        counts = Counter("known" if row.defect else "wrong" if row.is_wrong else "same" for row in rows)
        known = f", {plural(counts['known'], 'known gap')} of the emulator" if counts["known"] else ""
        self._report.write(f"Read back:      {counts['same']} as planned{known}, {counts['wrong']} wrong")
        self._report.detail(*comparison.render(rows, self._report.style))
        wrong = [row for row in rows if row.is_wrong]
        self._report.short(*_first(comparison.render(wrong, self._report.style)))
        return not wrong

    def _deploy_again(self) -> bool:
        explained = drift.explain(self._deployment.drift(self._watch("Comparing with a second deployment")))
        self._steps.clear()
        wrong = [each for each in explained if each.is_wrong]
        known = len(explained) - len(wrong)
        outcome = "nothing would change" if not explained else f"{len(wrong)} unexpected changes"
        gaps_found = f", {plural(known, 'known gap')} of the emulator" if known else ""
        self._report.write(f"Deployed again: {outcome}{gaps_found}")
        self._report.detail(*drift.render(explained, self._report.style))
        self._report.short(*_first(drift.render(wrong, self._report.style) if wrong else []))
        return not wrong

    def _destroy(self, before: frozenset[Subject]) -> bool:
        self._deployment.destroy(self._watch("Destroying"))
        left = sorted(leftovers.existing(self._emulator.url, self._regions) - before)
        self._steps.clear()
        self._report.write(f"Destroyed:      {plural(len(left), 'thing') if left else 'nothing'} left")
        self._report.write(*(f"  WRONG: {each.kind} {each.name} is left in {each.region}" for each in left))
        return not left


class _Watched:
    """Shows how far a deployment is, and ends it where the emulator has died."""

    def __init__(self, emulator: Emulator, show: Show) -> None:
        self._emulator = emulator
        self._show = show
        self.total = 0

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        self.total = total
        self._emulator.check()
        self._show(done, total, doing)


def _first(lines: Sequence[str]) -> list[str]:
    return [f"  {each}" if each.startswith("and ") else each for each in text.first(lines, _WRONG_SHOWN)]
