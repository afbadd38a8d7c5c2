"""The way of one environment, alive in the emulator through the AWS provider: deployed, moved up, failed over and back.

The exhaustive tests beside this one take every tier, several rounds and more engines; `make check-all` runs them.
"""

from pathlib import Path

import pytest

from haven.emulator.clients import Clients
from haven.emulator.gap_handling import AWAITED
from haven.emulator.read_back import leftovers
from haven.gate import terraform_plan
from haven.runbooks import check_destroy
from haven.runbooks.clients import clients
from haven.runbooks.reconcile import deployment
from haven.runbooks.status.readings import State
from haven.terraform import cli
from tests.conformance.live_environment import Living
from tests.conformance.small_environment import alive, at, shown, there, touched
from tests.environments import PRIMARY, RECOVERY

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

ACCOUNT = "000000000000"
"""The emulator's own, which the ARNs that it makes up name."""
FAILED_OVER = {"active": RECOVERY}
FAILED_BACK = {"demote": PRIMARY}
"""Writes go to the primary Region once more, and the other one keeps its full scale until it is demoted."""


def promote(living: Living, tier: str, region: str) -> None:
    """What a runbook asks AWS for when the other Region is lost."""
    names = at(tier).outputs["manifest"]
    cluster = names["sides"][region]["database"]["cluster"]
    Clients(living.url).of("rds", region).failover_global_cluster(
        GlobalClusterIdentifier=names["database"]["globalCluster"],
        TargetDbClusterIdentifier=f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{cluster}",
        AllowDataLoss=True,
    )
    assert check_destroy.read(names, clients(living.url)).database == region


def reconciled(living: Living, active: str) -> list[str]:
    """What `haven reconcile` has against the provider's last plan, now that a Region is promoted."""
    declared = at("warm", active=active)
    change_set = terraform_plan.read(living.planned, "the plan")
    found = deployment.checks(
        change_set,
        "the plan",
        proposed={},
        existing=_instances(living),
        recorded=lambda: declared,
        stack="demo",
    )
    return [each.description for each in found if each.state is not State.OK]


def _instances(living: Living) -> dict[str, str]:
    return {
        each["DBInstanceIdentifier"]: region
        for region in (PRIMARY, RECOVERY)
        for each in Clients(living.url).of("rds", region).describe_db_instances()["DBInstances"]
    }


def test_an_environment_is_deployed_moved_up_failed_over_and_back_and_destroyed(
    provider: cli.Terraform, tmp_path: Path
) -> None:
    with alive(provider, tmp_path, spares=AWAITED) as living:
        before = leftovers.existing(living.url, (PRIMARY, RECOVERY))
        living.deploy(at("pilot-light"))

        move = shown("pilot-light", "warm")
        changes = living.move(at("warm"))
        assert touched(changes, "replace") == set()
        assert touched(changes, "create") == there(living, move.added) != set()
        assert touched(changes, "delete") == there(living, move.removed)

        promote(living, "warm", RECOVERY)
        changes = living.plan(at("warm", **FAILED_OVER))
        assert reconciled(living, RECOVERY) == []
        living.apply()
        assert {each.action for each in changes} <= {"create", "update"}
        assert {at("warm", **FAILED_OVER).by_urn[each.urn].region for each in changes} <= {RECOVERY}
        assert living.plan(at("warm", **FAILED_OVER)) == []
        assert reconciled(living, RECOVERY) == []

        promote(living, "warm", PRIMARY)
        assert living.plan(at("warm", **FAILED_BACK)) == []
        assert reconciled(living, PRIMARY) == []
        living.apply()  # it changes no resource, and with the declaration the order of destruction

        living.destroy()
        assert leftovers.existing(living.url, (PRIMARY, RECOVERY)) == before
