"""What is asked after every runbook: the config follows, `reconcile` is clean, and the next deployment leaves it so."""

from typing import Any

from haven.base.exits import OK
from tests.conformance.live_environment import Change
from tests.haven.runbooks.reconcile.provider_plans.deployed import Deployed
from tests.simulation.model import P

REASON = ("--force", "the provider's status page confirms the loss")
NOT_KEPT = ("--without-snapshot", "the emulator takes no snapshot of an old volume")


def bring_home(environment: Deployed) -> None:
    """Fail back and deploy, where it isn't so."""
    ground = environment.ground
    ground.gateway.faults.clear()
    ground.gateway.chosen = lambda _: None
    ground.expire_lease()
    if ground.writer != P:
        planned(environment, "failback")
    if proposed := environment.proposed():
        environment.plan(**proposed)
        environment.reconcile("--write")
        environment.living.apply()


def planned(environment: Deployed, *words: str) -> None:
    """A planned failover, or a failback, that succeeds; heartbeats arrive meanwhile."""
    with environment.ground.beating():
        environment.haven(*words, "--acknowledge")


def wrong(document: Any) -> dict[str, str]:
    """Area -> what isn't as it should be."""
    return {each["area"]: each["description"] for each in document["checks"] if each["state"] != "ok"}


def assert_clean(environment: Deployed, *words: str) -> list[Change]:
    """The config follows the writer; then everything is clean before the next deployment and after it.

    Returns:
        What the next deployment did.
    """
    proposed = environment.proposed()
    changes = list(environment.plan(**proposed))
    assert {each.action for each in changes} <= {"create", "update"}, changes
    code, document = environment.reconcile("--write", *words)
    # A Terraform plan has no Stash, which shows the active Region in Pulumi's: it counts once the stack file has it.
    assert wrong(document).keys() == ({"config", "preview"} if proposed else set()), wrong(document)
    code, document = environment.reconcile(*words)
    assert (code, wrong(document)) == (OK, {}), wrong(document)
    environment.living.apply()
    assert (left := environment.plan()) == [], left
    code, document = environment.reconcile(*words)
    assert (code, wrong(document)) == (OK, {}), wrong(document)
    return changes
