"""A step of a plan that waits for a person: who may let it go on, how, and what they typed here."""

from typing import Protocol

from haven.runbooks.executions import SERVICE, Execution, PlanStep
from haven.runbooks.workflow.requests import Call


class Approvals(Protocol):
    """Asks whoever sits in front of this machine."""

    @property
    def listens(self) -> bool:
        """Whether somebody can type."""

    def ask(self, prompt: str) -> None:
        """Show how a step is approved; once for each step."""

    def typed(self) -> str | None:
        """The next line that was typed; None: none yet. It never waits."""


class Nobody:
    """Nobody is asked here."""

    listens = False

    def ask(self, prompt: str) -> None:
        """Say nothing."""

    def typed(self) -> str | None:
        """Nothing."""
        return None


def may_approve(who: str, approver: str) -> bool:
    """Whether this machine's credentials are a session of the role that the step names.

    Args:
        who: the principal, as STS names it: `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` (IAM User Guide, IAM
            identifiers; read 2026-11-26).
        approver: ARN of the role.
    """
    principal, _, session = who.partition(":assumed-role/")
    account, name = principal.rpartition(":")[2], session.partition("/")[0]
    parts = approver.split(":")
    return bool(name) and parts[4:5] == [account] and approver.rpartition("/")[2] == name


def approve(region: str, execution: Execution, step: str, comment: str) -> Call:
    """The call that approves a step."""
    arguments = {
        "planArn": execution.plan.arn,
        "executionId": execution.id,
        "stepName": step,
        "approval": "approve",
        "comment": comment,
    }
    return Call(SERVICE, region, "approve_plan_execution_step", arguments)


def by_hand(region: str, execution: Execution, step: PlanStep) -> str:
    """How to approve a step elsewhere."""
    role = step.approver or "the role that the plan names"
    words = f"--step-name {step.name} --approval approve"
    return f"as {role}: {command('approve-plan-execution-step', region, execution, words)}"


def command(operation: str, region: str, execution: Execution, more: str) -> str:
    """A command of the AWS CLI for an execution."""
    about = f"--plan-arn {execution.plan.arn} --execution-id {execution.id}"
    return f"aws {SERVICE} {operation} --region {region} {about} {more}"
