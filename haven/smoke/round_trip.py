"""Deploy, read back, fail over, fail back, destroy; and what to delete if one of them fails."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from haven.base.console import ConsoleReport, Show, Steps
from haven.base.deployment_error import DeploymentError
from haven.base.terminal import plural
from haven.config.stack_file import Stack
from haven.emulator import drift, gap_handling, gaps
from haven.emulator.deployers.deployment import Deployer, Deployment, Order
from haven.emulator.drift import ResourceDrift
from haven.emulator.gap_handling import AdaptedRecording
from haven.emulator.read_back import comparison, leftovers
from haven.emulator.subject import Subject
from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven.runbooks import check_destroy
from haven.smoke.promotion import Promotion
from haven.smoke.request import REMOVAL, Target

PATIENCE = 3600.0
"""Seconds that an interrupted engine has to finish what it has begun in AWS: an EKS cluster takes about a quarter of an
hour to create. An assumption: longer than the slowest resource."""
_LEFT_WITHIN, _LEFT_EVERY = 180.0, 15.0
"""AWS lists some resources for a while after they are deleted. Seconds."""
_SHOWN = 10


@dataclass(frozen=True)
class Declaration:
    """The environment with one Region active."""

    stack: Stack
    recording: Recording
    active: str


@dataclass(frozen=True)
class Declarations:
    """The environment before, during and after the failover."""

    deployed: Declaration
    failed_over: Declaration
    failed_back: Declaration


class RoundTrip:
    """One environment from its deployment to its destruction."""

    def __init__(
        self,
        target: Target,
        declarations: Declarations,
        promotion: Promotion,
        folder: Path,
        *,
        report: ConsoleReport,
        steps: Steps,
    ) -> None:
        self._target = target
        self._declarations = declarations
        self._promotion = promotion
        self._folder = folder
        self._report = report
        self._steps = steps
        self._deployment: Deployment | None = None
        self._active = declarations.deployed.active

    @property
    def _name(self) -> str:
        return self._declarations.deployed.stack.name

    def run(self, deployer: Deployer) -> bool:
        """Take every step.

        Returns:
            Whether all of it was as planned, and nothing is left.

        Raises:
            DeploymentError: a step failed; `clean` deletes what exists.
        """
        try:
            deployment = self._open(deployer)
            deployment.deploy(self._watch("Deploying"))
            self._deployed(deployment)
            fine = [self._read_back(), self._is_stable(deployment, "Deployed again")]
            self._fail_over(deployment)
            self._fail_back(deployment)
            fine.append(self._destroy(deployment))
            return all(fine)
        except (BotoCoreError, ClientError) as error:
            raise DeploymentError(f"AWS can't be read: {error}") from error
        finally:
            self._steps.clear()

    def clean(self) -> bool:
        """Delete what a step that failed or was interrupted has left, and report on it.

        Returns:
            Whether nothing is left.
        """
        if self._deployment is None:
            return True
        removal = self._deployment.removal
        self._say(
            f"Cleaning up: everything of stack {self._name} is destroyed; one more Ctrl-C ends that at once, then"
        )
        self._say(f"  destroy it by hand: {removal}")
        other = next(each for each in self._target.regions if each != self._active)
        if not self._cleaned_with(self._deployment, self._active):
            self._cleaned_with(self._deployment, other)  # an interrupted deployment leaves the order of either
        try:
            left = self._left()
        except (BotoCoreError, ClientError) as error:
            self._say(f"What is left is unknown: {error}")
            self._say(f"  find it by the tag haven:environment={self._name}, and destroy it: {removal}")
            return False
        self._name_left(left)
        if left:
            self._say(f"  destroy it: {removal}", "  after a promotion: docs/promotion.md, Destroying")
        else:
            self._cleaned()
        return not left

    def _cleaned_with(self, deployment: Deployment, active: str) -> bool:
        """Whether everything is destroyed, with the writers where a deployment with this active Region expects them."""
        try:
            for call in self._promotion.put_back(active):
                self._say(f"  {call}: the writer is back in its place")
        except DeploymentError as error:
            self._say(f"  the writers stay where they are: {error}")
        try:
            self._delete_kept()
            deployment.destroy(self._watch("Destroying"))
        except DeploymentError as error:
            self._say(f"NOT destroyed: {error}")
            return False
        return True

    def _delete_kept(self) -> None:
        for each in self._promotion.delete_kept():
            self._say(f"  deleted: snapshot {each}, in which the failback kept the database as the failover left it")

    def _open(self, deployer: Deployer) -> Deployment:
        self._steps.step(f"Preparing {deployer.name}")
        first = self._declarations.deployed
        adapted = self._adapted(first)
        order = Order(first.stack, adapted, self._target.endpoint, self._folder, redeclared=True, patience=PATIENCE)
        deployment = deployer.open(order)
        (self._folder / REMOVAL).write_text(f"{deployment.removal}\n")
        self._deployment = deployment
        self._say(f"With {deployer.name}; state and logs: {self._folder}")
        return deployment

    def _cleaned(self) -> None:
        (self._folder / REMOVAL).unlink(missing_ok=True)

    def _adapted(self, declaration: Declaration) -> AdaptedRecording:
        if self._target.endpoint:
            return gap_handling.adapt(declaration.recording)
        return gap_handling.unadapted(declaration.recording)

    def _deployed(self, deployment: Deployment) -> None:
        adapted = self._adapted(self._declarations.deployed)
        count = len(list(adapted.recording.real())) - len(adapted.absent())
        self._say(f"Deployed:     {plural(count, 'resource')}")
        names: dict[gaps.Unsupported, list[str]] = {}
        for record, row in adapted.left_out:
            names.setdefault(row, []).append(record.name)
        self._not_done(*(f"{row.name}: {row.reason}" for row in names), *deployment.left_out)
        if adapted.objects:
            self._not_done(f"{plural(len(adapted.objects), 'Kubernetes object')}: {gap_handling.KUBERNETES}")
        self._not_done(
            "DNS, certificates, load balancers and the traffic switch: they need a delegated domain",
            "resizing node groups: no GPU node is started, and warm keeps system nodes at full scale in both Regions",
            "pods: the environment runs no system",
        )

    def _read_back(self) -> bool:
        self._steps.step("Reading back what is there")
        recording = self._adapted(self._declarations.deployed).recording
        rows = comparison.read_back(recording, self._target.endpoint, self._target.everywhere, self._name)
        counts = Counter("known" if row.defect else "wrong" if row.is_wrong else "same" for row in rows)
        known = f", {plural(counts['known'], 'known gap')} of the emulator" if counts["known"] else ""
        self._say(f"Read back:    {counts['same']} as planned{known}, {counts['wrong']} wrong")
        wrong = [row for row in rows if row.is_wrong]
        self._say(*comparison.render(wrong, self._report.style))
        return not wrong

    def _is_stable(self, deployment: Deployment, what: str) -> bool:
        changes = self._changes(deployment)
        words = f"{len(changes)} unexpected changes" if changes else "nothing would change"
        self._say(f"{what}: {words}", *_rendered(changes))
        return not changes

    def _fail_over(self, deployment: Deployment) -> None:
        region = self._target.recovery
        done = self._promote(region, planned=False)
        self._declare(deployment, self._declarations.failed_over)
        changes = self._changes(deployment)
        recording = self._declarations.failed_over.recording
        opened = [each for each in changes if _opens_a_queue(each, recording)]
        added = [each for each in changes if each not in opened]
        bad = [each for each in added if each.action in ("replace", "delete") or _region(each, recording) != region]
        if bad:
            self._say(*_rendered(bad))
            raise DeploymentError(f"a failover may only add and enlarge in {region}: see the {len(bad)} changes above")
        deployment.deploy(self._watch(f"Enlarging {region}"))
        self._active = region
        counts = Counter(each.action for each in added)
        elsewhere = f", but for {plural(len(opened), 'queue')} that it opens to consumers again" if opened else ""
        self._say(
            f"Failed over:  {done}; in {region} {counts['create']} created and {counts['update']} changed, nothing"
            f" replaced, deleted or changed elsewhere{elsewhere}"
        )
        left = self._changes(deployment)
        if left:
            self._say(*_rendered(left))
            raise DeploymentError("a second deployment after the failover would change something: see above")

    def _fail_back(self, deployment: Deployment) -> None:
        done = self._promote(self._target.primary, planned=True)
        self._declare(deployment, self._declarations.failed_back)
        changes = self._changes(deployment)
        if changes:
            self._say(*_rendered(changes))
            raise DeploymentError("a failback may change nothing while both Regions are at full scale: see above")
        deployment.deploy(self._watch("Deploying after the failback"))
        self._active = self._target.primary
        self._say(f"Failed back:  {done}; nothing would change")

    def _promote(self, region: str, *, planned: bool) -> str:
        show = self._steps.step(f"Promoting {region}")
        promotion = self._promotion.ticking(lambda doing: show(0, doing=doing))
        done = promotion.fail_over(region, planned=planned)
        self._say(*(f"  {each}" for each in done.why))
        if not done.cache:
            self._not_done(f"FailoverGlobalReplicationGroup to {region}: the emulator has no Global Datastore")
        return done.describe()

    def _declare(self, deployment: Deployment, declaration: Declaration) -> None:
        deployment.declare(declaration.stack, self._adapted(declaration))

    def _changes(self, deployment: Deployment) -> Sequence[ResourceDrift]:
        found = deployment.drift(self._watch("Comparing with another deployment"))
        if self._target.endpoint is None:
            return found
        return [each.resource for each in drift.explain(found) if each.is_wrong]

    def _destroy(self, deployment: Deployment) -> bool:
        manifest = self._promotion.manifest
        obstacles = list(check_destroy.obstacles(manifest, self._active, self._promotion.roles()))
        if obstacles:
            raise DeploymentError("; ".join(each.render() for each in obstacles))
        self._delete_kept()
        deployment.destroy(self._watch("Destroying"))
        left = self._left()
        self._name_left(left)
        if left:
            self._say(f"  destroy it: {deployment.removal}")
        else:
            self._cleaned()
        return not left

    def _left(self) -> list[Subject]:
        """What exists with the stack's name in its name or tags."""
        last = time.monotonic() + (0 if self._target.endpoint else _LEFT_WITHIN)
        show = self._steps.step("Looking for what is left")
        while True:
            left = sorted(leftovers.existing(self._target.endpoint, self._target.everywhere, self._name))
            if not left or time.monotonic() >= last:
                return left
            show(0, doing=f"{plural(len(left), 'thing')} still listed")
            time.sleep(_LEFT_EVERY)

    def _name_left(self, left: Sequence[Subject]) -> None:
        self._say(f"Destroyed:    {plural(len(left), 'thing') if left else 'nothing'} left")
        self._say(*(f"  LEFT: {each.kind} {each.name} in {each.region}" for each in left))

    def _watch(self, name: str) -> Show:
        return self._steps.step(name)

    def _not_done(self, *what: str) -> None:
        self._say(*(line for each in what for line in self._report.style.wrapped(f"not done here: {each}", 2)))

    def _say(self, *lines: str) -> None:
        self._steps.clear()
        self._report.write(*lines)


def _region(change: ResourceDrift, recording: Recording) -> str | None:
    record = recording.by_urn.get(change.urn)
    return record.region if record else None


def _opens_a_queue(change: ResourceDrift, recording: Recording) -> bool:
    """Whether it restores a queue's policy.

    An unplanned failover closes the queues of an old Region that answers. A deployment that refreshes, as those here
    do, opens them again.
    """
    record = recording.by_urn.get(change.urn)
    return record is not None and record.type == aws.SQS_QUEUE and set(change.arguments) == {"policy"}


def _rendered(changes: Sequence[ResourceDrift]) -> list[str]:
    lines = [f"  WRONG: {each.address} ({each.action}): {', '.join(each.arguments)}" for each in changes[:_SHOWN]]
    more = len(changes) - _SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines
