"""The first run on an AWS account: estimate, confirmation, round trip."""

import io
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from haven.base.console import ConsoleReport, Steps
from haven.base.deployment_error import DeploymentError
from haven.base.exits import FINDINGS, OK
from haven.base.interrupts import Interrupted, interruptible
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, shown
from haven.base.state_folder import state_folder
from haven.config.project import missing_project, nearest_project, read_project
from haven.config.stack_file import Stack, load_stack
from haven.emulator import managed_keys
from haven.emulator.deployers import choice
from haven.emulator.deployers.deployment import Deployer
from haven.model.catalog import Catalog
from haven.model.prices import HOURS_A_MONTH, PriceBook
from haven.plan.costs import costs
from haven.program.recording import Recording
from haven.program.run import recorded
from haven.runbooks.clients import Client, clients, signed_in
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.deployment import account_check, checks
from haven.smoke import stack_file
from haven.smoke.promotion import Promotion
from haven.smoke.request import REMOVAL, Request, Target, check
from haven.smoke.round_trip import Declaration, Declarations, RoundTrip

_NOTICE = (
    "Interrupted: haven smoke waits for what AWS has begun, and destroys what exists. One more Ctrl-C ends it at once"
    " and leaves that: removal.txt in .haven/smoke/ then has the command that destroys it."
)


def run(request: Request, start: Path, out: TextIO | None = None, answers: TextIO | None = None) -> int:
    """Deploy a small environment, fail it over and back, and destroy it.

    Args:
        request: account, Regions, and whether somebody is asked first.
        start: where the search for the project begins.
        out: where the report is written; omitted: standard output.
        answers: where the confirmation is read; omitted: standard input.

    Returns:
        0 if everything was as planned; 1 if something wasn't, or failed; 128 and the signal's number if interrupted. In
        each case what exists is destroyed, or named with the command that destroys it.

    Raises:
        Problems: bad input, the wrong account, or no confirmation; nothing was deployed.
        MissingDependency: this machine lacks credentials, or something that deploys.
    """
    report = ConsoleReport(out or sys.stdout)
    root = read_project(nearest_project(start) or missing_project(start)).file.parent
    state = state_folder(root)
    answers = answers or sys.stdin or io.StringIO()
    target = check(request, Catalog(root), terminal=answers.isatty(), runs=state / "smoke")
    try:
        with interruptible(_NOTICE), Steps(sys.stderr) as steps:
            return _Job(target, root, report, steps).run(None if request.confirmed else answers)
    except Interrupted as interrupted:
        report.write(f"Interrupted ({interrupted}): nothing was deployed")
        return 128 + interrupted.number


class _Job:
    def __init__(self, target: Target, root: Path, report: ConsoleReport, steps: Steps) -> None:
        self._target = target
        self._root = root
        self._report = report
        self._steps = steps
        self._catalog = Catalog(root)
        self._credentials = signed_in(target.regions, report.write) if target.endpoint is None else None
        self._client: Client = clients(target.endpoint, credentials=self._credentials)

    def run(self, answers: TextIO | None) -> int:
        """Everything; asks on `answers` for the confirmation, unless it is None."""
        self._steps.step("Asking AWS for the account")
        _refuse([account_check(self._target.account, self._target.primary, self._client)])
        with _run_folder(state_folder(self._root) / "smoke") as folder:
            declarations = self._declarations(folder)
            self._check(declarations.deployed.recording)
            deployer = self._deployer()
            self._steps.clear()
            self._estimate(declarations.deployed.recording, deployer)
            if answers is not None:
                self._confirm(answers)
            return self._deploy(declarations, deployer, folder)

    def _declarations(self, folder: Path) -> Declarations:
        name = folder.name
        self._steps.step("Choosing zones and instance types")
        book = PriceBook(self._root)
        file = stack_file.write(name, self._target, folder, self._catalog, book, client=self._client)
        stack = load_stack(str(file), self._root)
        primary, recovery = self._target.regions
        return Declarations(
            self._declared(stack, primary),
            self._declared(_changed(stack, "haven:active", recovery), recovery),
            self._declared(_changed(stack, "haven:demote", primary), primary),
        )

    def _declared(self, stack: Stack, active: str) -> Declaration:
        return Declaration(stack, recorded(stack, self._steps, f", {active} active"), active)

    def _check(self, recording: Recording) -> None:
        """Refuse what preflight finds; an emulator need not answer for quotas and offerings."""
        self._steps.step("Asking AWS for quotas and instance types")
        found = list(checks(recording, self._target.account, self._client, self._catalog))
        unknown = [each for each in found if each.status is Status.UNKNOWN]
        if self._target.endpoint is None:
            _refuse(found)
            return
        _refuse([each for each in found if each not in unknown])
        self._steps.clear()
        for each in dict.fromkeys(each.what for each in unknown):
            self._report.write(f"  not checked here: {each}: the emulator doesn't answer")

    def _deployer(self) -> Deployer:
        self._steps.step("Looking for what deploys")
        chosen = choice.choose(state_folder(self._root))
        if chosen.deployer is None:
            raise MissingDependency(f"nothing here can deploy: {'; '.join(chosen.unavailable)}")
        return chosen.deployer

    def _estimate(self, recording: Recording, deployer: Deployer) -> None:
        made = costs(recording, PriceBook(self._root))
        both = made.now.total - made.standby_now + made.failover.total
        unknown = sorted({each.item.what for each in made.now.unknown})
        place = f"endpoint {self._target.endpoint}" if self._target.endpoint else f"AWS account {self._target.account}"
        lines = [
            self._report.style.paint(f"Stack {recording.stack} in {place}", "bold"),
            f"  tier warm, primary Region {self._target.primary}, recovery Region {self._target.recovery}",
            f"  deployed with {deployer.name}",
            f"  {_hourly(made.now.total)} as deployed, {_hourly(both)} from the failover on; {made.now.total:,.0f} USD"
            " a month if it is left; list prices, use assumed",
        ]
        lines += (
            self._report.style.wrapped(f"without a price, and not in it: {', '.join(unknown)}", 2) if unknown else []
        )
        self._report.write(*lines)

    def _confirm(self, answers: TextIO) -> None:
        self._report.write(f"Type {self._target.account} to deploy it, anything else to leave it:")
        typed = answers.readline().strip()
        if typed != self._target.account:
            fix = "run it once more and type the account's id"
            raise Problems([Problem("the confirmation", shown(typed), self._target.account, fix)], "the request")

    def _deploy(self, declarations: Declarations, deployer: Deployer, folder: Path) -> int:
        if self._target.endpoint:
            managed_keys.create(self._target.endpoint, self._target.everywhere)
        manifest = declarations.deployed.recording.outputs["manifest"]
        once = clients(self._target.endpoint, attempts=1, credentials=self._credentials)
        promotion = Promotion(
            manifest, self._target.account, self._client, once, folder / "records", emulated=bool(self._target.endpoint)
        )
        trip = RoundTrip(self._target, declarations, promotion, folder, report=self._report, steps=self._steps)
        try:
            fine = trip.run(deployer)
        except DeploymentError as error:
            return self._ended(trip, f"Failed: {error}", FINDINGS)
        except Interrupted as interrupted:
            return self._ended(trip, f"Interrupted ({interrupted})", 128 + interrupted.number)
        except BaseException:
            trip.clean()
            raise
        if fine:
            shutil.rmtree(folder, ignore_errors=True)
        self._say(*(("Passed", "green") if fine else (f"NOT as planned: see above; logs: {folder}", "red")))
        return OK if fine else FINDINGS

    def _ended(self, trip: RoundTrip, why: str, code: int) -> int:
        self._steps.clear()
        self._say(why, "red")
        cleaned = trip.clean()
        self._say(f"{why.partition(':')[0]}; {'nothing is left' if cleaned else 'NOT cleaned up: see above'}", "red")
        return code

    def _say(self, words: str, colour: str) -> None:
        self._report.write(self._report.style.paint(words, f"bold {colour}"))


@contextmanager
def _run_folder(parent: Path) -> Iterator[Path]:
    """A new folder whose name becomes the stack's; it stays if the round trip began."""
    folder = parent / f"smoke-{secrets.token_hex(2)}"
    parent.mkdir(exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        began = (folder / REMOVAL).exists() or any(folder.glob("*.log"))
        if not began:
            shutil.rmtree(folder, ignore_errors=True)


def _refuse(checks: list[Check]) -> None:
    """Refuse to go on unless every check passes.

    Raises:
        Problems: with everything that doesn't.
    """
    bad = [each for each in checks if each.status is not Status.OK]
    if bad:
        places = (f"{each.what} in {each.region}" if each.region else each.what for each in bad)
        problems = [Problem(what, each.got, each.needed, each.fix) for what, each in zip(places, bad, strict=True)]
        raise Problems(problems, "AWS")


def _hourly(monthly: float) -> str:
    return f"{monthly / HOURS_A_MONTH:.2f} USD an hour"


def _changed(stack: Stack, key: str, value: str) -> Stack:
    return replace(stack, config={**stack.config, key: value})
