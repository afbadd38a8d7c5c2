"""The operators' role, document and all, against every call of failovers: resources and conditions, too."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call
from haven_components.names import SWITCH_NAMESPACE
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import On, Scope
from tests.simulation.aws.policy import ACCOUNT, KEY, OF_NO_AWS, Asked, Statement, allows, arn, asked_of, vpc
from tests.simulation.clock import Simulation
from tests.simulation.model import THIRD, Model, P, R
from tests.simulation.operators import machine, manifest_document, start
from tests.simulation.test_restore import REASON, TABLE, Vault, backup_document, failed_over


class Recording(Model):
    """AWS that keeps what it is asked."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.asked: list[Call] = []

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        self.asked.append(call)
        return super().answer(call, now, owner)


class Restoring(Recording, Vault):
    """The same of tier `backup`."""


def document(standby: int) -> Mapping[str, Any]:
    """The simulator's manifest, with names as a deployment has them."""
    found = json.loads(json.dumps(manifest_document(standby=standby, rpo_minutes=1e6)))
    for region, side in found["sides"].items():
        side["database"]["instances"] = {f"{side['database']['cluster']}-1": f"{region}a"}
    for switch in found["traffic"].values():
        switch["namespace"] = SWITCH_NAMESPACE
    return cast("Mapping[str, Any]", found)


def calls(*, planned: bool, standby: int) -> list[Call]:
    """Those of one failover to R that AWS answers; headless, after an earlier one left a snapshot."""
    model = Recording(instances=standby)
    simulation = Simulation(model, lambda *_: None)
    if not planned:
        model.at(100, model.kill)
        model.regions[R].snapshots.append("rds:unplanned-global-failover-db-2026")
    made = machine(simulation, "a", manifest=parse(json.dumps(document(standby)), "a test"))
    start(simulation, made, Request(planned, accept_loss="unknown"), 150)
    simulation.run()
    report = made.outcome[0]
    assert isinstance(report, Report)
    assert report.state is State.DONE, report
    return model.asked


@cache
def everything() -> tuple[Asked, ...]:
    """What IAM is asked in failovers, each once."""
    made = [*calls(planned=True, standby=1), *calls(planned=False, standby=1), *calls(planned=False, standby=0)]
    found = [each for call in made if call.service not in OF_NO_AWS for each in asked_of(call)]
    return tuple({(each.action, each.resource, *each.context.items()): each for each in found}.values())


@cache
def restoring() -> tuple[Asked, ...]:
    """What IAM is asked in a failover of tier `backup`, each once."""
    model = Restoring()
    made = failed_over(model, force=REASON)
    assert made.outcome[0].state is State.DONE, made.outcome
    found = [each for call in model.asked if call.service not in OF_NO_AWS for each in asked_of(call)]
    return tuple({(each.action, each.resource, *each.context.items()): each for each in found}.values())


def statements(found: Mapping[str, Any] | None = None) -> list[Statement]:
    """The role's policy for that environment, or for another one's manifest."""
    found = found or document(1)
    restores = "restoreRole" in found

    def side(region: str) -> Mapping[str, Any]:
        there = found["sides"][region]
        return {
            "region": region,
            "kms_key_arn": arn("kms", region, f"key/{KEY}"),
            "database_cluster": there["database"]["cluster"],
            "subnet_group": there["database"]["subnetGroup"],
            "cache_group": there["cache"],
            "cluster_name": there["cluster"]["name"],
            "vault": there["vault"],
            "audit_bucket": "audit",
            "queues": list(there["queues"].values()),
            **({"restored_global_cluster": there["database"]["globalCluster"]} if restores and region == R else {}),
        }

    args = {
        "account_id": ACCOUNT,
        "primary": side(P),
        "recovery": side(R),
        "further_regions": [THIRD],
        "further_kms_key_arns": [arn("kms", THIRD, f"key/{KEY}")],
        "operations_table_arns": [
            arn("dynamodb", region, f"table/{name}") for region, name in found["operations"]["tables"].items()
        ],
        "global_cluster": found["database"]["globalCluster"],
        "datastore_suffix": "global",
        "manifest_parameter": "/haven/sim/manifest",
        "mode_parameter": found["operations"]["mode"],
        "tables": [*found["replicatedTables"], *({TABLE} if restores else ())],
        **({"restore_role_arn": found["restoreRole"]} if restores else {}),
    }
    scope = Scope(cast("OperatorRoleArgs", args), "operator")
    vpcs = [arn("ec2", region, f"vpc/{vpc(region)}") for region in (P, R)]
    # The component's condition is an output of the VPC's id.
    closed = {"Condition": {"ArnEquals": {"ec2:Vpc": vpcs}}}
    return [{**each, **closed} if each["Sid"] == On.NETWORK_ACLS else each for each in scope.statements()]


OWN = (
    *(f"cluster:db-{each}" for each in (P, R)),
    f"db:db-{R}",
    *(f"replicationgroup:cache-{each}" for each in (P, R)),
    *(f"/c-{each}" for each in (P, R)),
    *(f"jobs-{each}-queue" for each in (P, R)),
    "cluster-snapshot:haven-kept",
    "cluster-snapshot:rds:unplanned",
    "global-cluster:db-global",
    "key/mrk-1",
    "parameter/haven/sim/",
    "s3:::audit/audit/",
    "subgrp:subnets-",
    "table/operations",
)
"""What the environment's names begin with or contain. No name is in the ARN of a network ACL, nor of all instances."""


def elsewhere(asked: Asked) -> Iterator[Asked]:
    """The same on what isn't the environment's, or by another way."""
    if ACCOUNT in asked.resource:
        yield replace(asked, resource=asked.resource.replace(ACCOUNT, "444455556666"))
    for own in OWN:
        if own in asked.resource:
            yield replace(asked, resource=asked.resource.replace(own, f"{own[:-1]}x"))
    for key in asked.context if asked.action.startswith(CONDITIONAL) else ():
        if key != GRANTS or asked.action == "kms:CreateGrant":
            yield replace(asked, context={**asked.context, key: "another"})
            yield replace(asked, context={name: value for name, value in asked.context.items() if name != key})


GRANTS = "kms:GrantIsForAWSResource"
CONDITIONAL = ("ec2:Create", "ec2:Delete", "cloudwatch:Put", "kms:")
"""Actions that a condition confines."""


def test_every_call_of_a_failover_is_allowed_by_the_role_s_own_document() -> None:
    policy = statements()
    assert [each for each in everything() if not allows(policy, each)] == []
    actions = {each.action for each in everything()}
    assert {"ec2:CreateNetworkAclEntry", "kms:CreateGrant", "rds:CopyDBClusterSnapshot", "s3:PutObject"} <= actions


def test_the_same_calls_on_another_environment_another_region_or_by_another_way_are_not() -> None:
    policy = statements()
    tried = [each for asked in everything() for each in elsewhere(asked)]
    assert {own for own in OWN if not any(own in each.resource for each in everything())} == set()
    assert [each for each in tried if allows(policy, each)] == []


def test_every_call_of_a_failover_that_restores_is_allowed_by_the_role_s_own_document() -> None:
    policy = statements(backup_document())
    assert [each for each in restoring() if not allows(policy, each)] == []
    actions = {each.action for each in restoring()}
    assert {"backup:StartRestoreJob", "dynamodb:DescribeTable", "iam:PassRole", "kms:DescribeKey"} <= actions


RESTORED_ONES = ("global-cluster:db-restored-global", f"table/{TABLE}", "backup-vault:vault", "role/restore")


@pytest.mark.parametrize("own", RESTORED_ONES)
def test_what_is_restored_is_the_environment_s_own(own: str) -> None:
    asked = [each for each in restoring() if own in each.resource]
    others = [replace(each, resource=each.resource.replace(own, f"{own[:-1]}x")) for each in asked]
    policy = statements(backup_document())
    assert [bool(asked), [each for each in others if allows(policy, each)]] == [True, []]


@pytest.mark.parametrize("on", [On.NETWORK_ACLS, On.QUEUES, On.SWITCH, On.KEYS, On.GRANTS, On.DATABASES, On.OPERATIONS])
def test_each_statement_is_needed(on: On) -> None:
    policy = [each for each in statements() if each["Sid"] != on]
    assert [each for each in everything() if not allows(policy, each)]
