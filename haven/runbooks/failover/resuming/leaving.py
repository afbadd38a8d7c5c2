"""An open workflow that `--force REASON` leaves open: no command is locked out by one of another kind, or by one to the
other Region. What is left is named before the confirmation, and nobody goes on with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.runbooks import executions
from haven.runbooks.failover import plan
from haven.runbooks.failover.backups import restore
from haven.runbooks.failover.resuming import deciding
from haven.runbooks.failover.site import REGION_SWITCH, Site, command_of, kind_of
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import CallError

LEFT = "left open"
"""How a workflow has ended that `--force` left open: what it closed may be open by now, so nobody goes on with it."""
STARTED = "start-plan"
"""The step of a Region switch after which ARC is at work."""
OPENING = (*plan.NO_RETURN, restore.DEPLOYED, STARTED)
"""Steps of any kind after which the new side takes writes."""
UNSEEN = "it wasn't shown before the confirmation: type the same command once more"


@dataclass(frozen=True)
class Left:
    """An open workflow of another kind, whose journal is the one of this command."""

    name: str
    """What it is, and which command goes on with it."""
    live: str = ""
    """What of it goes on without an operator, and how that is ended: until then nobody leaves it. Empty: nothing."""
    unknown: str = ""
    """Why nobody knows whether something of it goes on; empty: it is known."""

    @property
    def why_not(self) -> str:
        """Why a command without a reason is refused, and one with a reason where something goes on."""
        return f"{self.name}{f'; {self.live}' if self.live else ''}"

    @property
    def overridden(self) -> str:
        """What a reason overrides."""
        return f"{self.name}{f'; {self.unknown}' if self.unknown else ''}"

    def was_in(self, shown: "Left") -> bool:
        """Whether what is overridden was named before the confirmation.

        Args:
            shown: what the preview found.
        """
        return shown.name == self.name and (not self.unknown or bool(shown.unknown))

    def asks(self, force: str) -> bool:
        """Whether a reason would leave it open, and nobody gave one.

        Args:
            force: the reason; empty: there is none.
        """
        return bool(self.name) and not force and not self.live

    def in_the_way(self, force: str) -> str:
        """Why it is in the way of a command; empty: it isn't.

        Args:
            force: the reason for leaving it open; empty: there is none.
        """
        return self.why_not if self.live or not force else ""


NOTHING = Left("")
"""No workflow of another kind is open."""


async def of_another_kind(site: Site, workflow: Workflow | None) -> Left:
    """What there is to know about an open workflow before it is left open.

    Args:
        site: from where to where.
        workflow: the open one, of another kind than the command's. None: there is none.
    """
    if workflow is None:
        return NOTHING
    kind = kind_of(workflow)
    command = command_of(kind, site.manifest, site.to, site.own_options)
    name = f"a {kind} is open ({workflow.id}), which {command} ends"
    step = workflow.step(STARTED)
    if kind != REGION_SWITCH or not (step.may_have_happened or step.done or workflow.goal.get("attached")):
        return Left(name)
    arn = str(
        workflow.goal.get("plan") or step.intent.get("arguments", {}).get("planArn") or site.manifest.recovery_plan
    )
    try:
        listed = await executions.executions(site.to, arn)
    except CallError as error:  # a plan that was deleted is one too
        return Left(name, unknown=f"whether ARC still executes its plan isn't known ({error})")
    live = next((each for each in listed if each.is_live), None)
    if live is None:
        return Left(name)
    cancel = (
        f"aws {executions.SERVICE} cancel-plan-execution --region {site.to} --plan-arn {arn} --execution-id {live.id}"
    )
    return Left(name, live=f"{live} is {live.state}: wait until it ends, or cancel it with: {cancel}")


def with_left(notes: Mapping[str, Any], workflow: str) -> Mapping[str, Any]:
    """Notes in which whoever comes to the other Region finds that its workflow was left open.

    Args:
        notes: of the lease.
        workflow: that is left open there; empty: none is.
    """
    return {**notes, "left": [*notes.get("left", ()), workflow]} if workflow else notes


def ended(notes: Mapping[str, Any], workflow: Workflow) -> dict[str, Any]:
    """What changes in the lease's notes where a workflow that was left open ends in its journal.

    Args:
        notes: of the lease.
        workflow: that ends.
    """
    left = notes.get("left", ())
    found: dict[str, Any] = {"left": [each for each in left if each != workflow.id]} if left else {}
    if (notes.get("open") or {}).get("workflow") == workflow.id:
        found["open"] = None
    return found


def exposed(workflow: Workflow | None) -> bool:
    """Whether what was left open may have promoted something while the old writer was open.

    Args:
        workflow: that was left open. None: nothing was.
    """
    return workflow is not None and deciding.exposed(workflow, OPENING)
