"""`haven reconcile` after each kind of failover and failback of the real process, with the AWS provider's own plan.

The plan is refreshed: it starts from what the runbook has left in the emulator. After each kind the next deployment
replaces and deletes nothing, takes nothing back in the Region that writes, and leaves nothing to deploy.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from haven.base.exits import FINDINGS, OK
from haven.program import aws_types as aws
from haven.terraform import cli
from tests.conformance.live_environment import Change
from tests.gateway import Answer, Call, Fault
from tests.haven.runbooks.arc.plan_ground import with_plan
from tests.haven.runbooks.reconcile.provider_plans.after_runbooks import (
    NOT_KEPT,
    REASON,
    assert_clean,
    bring_home,
    planned,
    wrong,
)
from tests.haven.runbooks.reconcile.provider_plans.deployed import STACK, Deployed, deployed
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(1800), pytest.mark.emulator, pytest.mark.exhaustive]
PROMOTION = "SwitchoverGlobalCluster"
ENLARGED = {aws.BACKUP_PLAN, aws.BACKUP_SELECTION, aws.RDS_CLUSTER_INSTANCE}
"""What tier `warm` creates in the Region that writes, and has in the other one until that is demoted."""


@pytest.fixture(scope="module")
def deployed_once(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Tier `warm`, deployed once for all tests of this file."""
    with deployed(provider, tmp_path_factory.mktemp("warm"), "warm") as made:
        yield made


@pytest.fixture
def environment(deployed_once: Deployed) -> Deployed:
    """The same, written in the primary Region, whatever the test before it has left."""
    bring_home(deployed_once)
    return deployed_once


def assert_enlarges(environment: Deployed, changes: list[Change]) -> None:
    """It adds to the Region that writes, and touches nothing else but the size of node groups in the one that was left:
    with a refresh those stay at full scale until `haven:demote` names that Region."""
    writer, declared = environment.ground.writer, environment.declared()
    for each in changes:
        if declared.by_urn[each.urn].region == writer:
            assert (each.action, each.type in ENLARGED) == ("create", True), each
        else:
            size = frozenset({"scaling_config.desired_size"})
            assert (each.action, each.type, each.arguments) == ("update", aws.EKS_NODE_GROUP, size), each


def test_planned_and_back(environment: Deployed) -> None:
    planned(environment, "failover", "--to", R, "--planned")
    assert environment.ground.writer == R
    assert_enlarges(environment, assert_clean(environment))
    planned(environment, "failback")
    assert environment.ground.writer == P
    assert_enlarges(environment, assert_clean(environment))


def test_killed_and_gone_on_with(environment: Deployed) -> None:
    with environment.ground.beating():
        environment.ground.kill_at(PROMOTION, "--acknowledge", done=True)
    planned(environment, "failover", "--to", R, "--planned")
    assert environment.ground.writer == R
    assert_enlarges(environment, assert_clean(environment))


def test_killed_behind_the_fence_and_called_off(environment: Deployed) -> None:
    with environment.ground.beating():
        environment.ground.kill_at(PROMOTION, "--acknowledge", done=False)
    environment.plan()
    code, document = environment.reconcile()
    assert (code, {"fence", "queues", "write mode"} <= wrong(document).keys()) == (FINDINGS, True), wrong(document)
    planned(environment, "failover", "--to", P, "--planned", "--force", "the trouble is over, nobody has to move")
    assert environment.ground.writer == P
    # Calling it off ends as a planned failover does: the Region that doesn't write goes to standby scale.
    assert_enlarges(environment, assert_clean(environment))


def test_a_switchover_that_is_refused_and_undone(environment: Deployed) -> None:
    def refused(_: Call) -> Answer:
        error = "<Error><Code>InvalidGlobalClusterStateFault</Code><Message>no</Message></Error>"
        return 400, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"

    ground = environment.ground
    ground.gateway.answers["rds", PROMOTION] = refused
    with ground.beating():
        code, text, error = ground.haven("failover", "--to", R, "--planned", "--acknowledge", "--confirm", STACK)
    del ground.gateway.answers["rds", PROMOTION]
    assert (code, ground.writer, "undone" in text) == (FINDINGS, P, True), text + error
    assert assert_clean(environment) == []


def test_unplanned_with_the_primary_region_silent(environment: Deployed) -> None:
    ground = environment.ground
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    environment.haven("failover", "--to", R, "--acknowledge", *REASON)
    ground.gateway.faults.clear()
    assert ground.writer == R
    assert_enlarges(environment, assert_clean(environment, *NOT_KEPT))


def test_a_region_switch_plan_and_what_it_leaves(environment: Deployed) -> None:
    kept = environment.ground.folder / "manifest.json"
    before = kept.read_text()
    try:
        with environment.ground.beating():
            code, document, error = with_plan(environment.ground).with_arc("--planned", "--acknowledge")
        assert (code, document["state"], environment.ground.writer) == (OK, "done", R), error
        planned(environment, "failover", "--to", R, "--planned")
        assert_enlarges(environment, assert_clean(environment))
    finally:
        kept.write_text(before)


@pytest.mark.parametrize(
    ("tables", "action"),
    [({}, "delete"), ({"sessions": {"hashKey": {"name": "other"}, "ttlAttribute": "expires"}}, "replace")],
    ids=["deleted", "replaced"],
)
def test_what_the_plan_deletes_or_replaces_is_refused_by_name(environment: Deployed, tables: Any, action: str) -> None:
    changes = environment.plan(tables=json.dumps(tables))
    table = "haven-demo-sessions"
    assert (action, table) in [(each.action, each.name) for each in changes], changes
    code, document = environment.reconcile()
    assert code == FINDINGS
    found = [each["description"] for each in document["checks"] if each["state"] == "wrong"]
    assert [each for each in found if each.startswith(f"{action} {table}")], found
