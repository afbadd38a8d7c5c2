"""With actions enforced by the emulator the operator's role suffices, and none of its permissions can go."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from haven.base.exits import OK
from haven.emulator.ministack import Emulator
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import RIGHTS, Scope
from tests.gateway import Call
from tests.haven.runbooks.failover.ground import Ground, new_ground
from tests.simulation.model import THIRD, P, R

pytestmark = [pytest.mark.timeout(600), pytest.mark.emulator, pytest.mark.exhaustive]
ACCOUNT, ROLE, POLICY = "000000000000", "operator", "permissions"


CALLED = {
    *(f"dynamodb:{each}" for each in ("GetItem", "PutItem", "Query", "UpdateItem")),
    *(f"rds:{each}GlobalCluster" for each in ("Failover", "Switchover")),
    *(f"rds:Describe{each}" for each in ("GlobalClusters", "DBClusters", "DBInstances", "DBSubnetGroups")),
    "rds:CreateDBInstance",
    "rds:DescribeDBClusterSnapshots",
    *(f"ec2:{each}" for each in ("DescribeNetworkAcls", "CreateNetworkAclEntry", "DeleteNetworkAclEntry")),
    *(f"cloudwatch:{each}" for each in ("DescribeAlarms", "GetMetricData", "PutMetricData")),
    *(f"elasticloadbalancing:Describe{each}" for each in ("TargetGroups", "TargetHealth")),
    *(f"ssm:{each}Parameter" for each in ("Get", "Put")),
    *(f"s3:{each}" for each in ("GetObject", "ListBucket", "PutObject")),
}
"""What this environment's failover, failback and verification of the audit call."""


class Enforcing(Emulator):
    """An emulator in which policies hold; its own keys are the root user's."""

    def _environment(self, port: int, identity: str) -> Mapping[str, str]:
        return {**super()._environment(port, identity), "AUTH": "true"}


def statements() -> Sequence[Mapping[str, Any]]:
    """The policy of the role for the ground's environment, with each action on everything.

    The emulator knows the resource of few of these calls (of RDS clusters and instances, not of global clusters), and
    few condition keys: actions are enforced here, resources and conditions are not.
    """

    def side(region: str) -> Mapping[str, Any]:
        return {
            "region": region,
            "kms_key_arn": f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1",
            "database_cluster": f"db-{region}",
            "subnet_group": f"subnets-{region}",
            "cache_group": f"cache-{region}",
            "cluster_name": f"c-{region}",
            "vault": "vault",
            "audit_bucket": f"audit-{region}",
        }

    args = {
        "account_id": ACCOUNT,
        "principal_arns": [f"arn:aws:iam::{ACCOUNT}:user/on-call"],
        "primary": side(P),
        "recovery": side(R),
        "operations_table_arns": [f"arn:aws:dynamodb:{each}:{ACCOUNT}:table/operations" for each in (P, R, THIRD)],
        "global_cluster": "db-global",
        "datastore_suffix": "global",
        "manifest_parameter": "/haven/sim/manifest",
        "mode_parameter": "/haven/sim/write-mode",
    }
    found = Scope(cast("OperatorRoleArgs", args)).statements()
    return [{"Effect": "Allow", "Action": each["Action"], "Resource": "*"} for each in found]


def without(action: str) -> Sequence[Mapping[str, Any]]:
    """The policy without one action."""
    changed = [{**each, "Action": [name for name in each["Action"] if name != action]} for each in statements()]
    return [each for each in changed if each["Action"]]


def put(ground: Ground, policy: Sequence[Mapping[str, Any]]) -> None:
    """Let the role have a policy."""
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    ground.aws.of("iam", P).put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=document)


@pytest.fixture
def enforced(tmp_path: Path) -> Iterator[Ground]:
    """A ground whose commands have the role's session; its recovery side is headless."""
    with new_ground(tmp_path, "pilot-light", Enforcing) as ground:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = ground.aws.of("iam", P).create_role(RoleName=ROLE, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
        put(ground, statements())
        keys = ground.aws.of("sts", P).assume_role(RoleArn=arn, RoleSessionName="on-call")["Credentials"]
        ground.credentials = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        yield ground


def is_denied(ground: Ground, call: Call) -> bool:
    """Whether the same request is refused now."""
    assert call.request is not None
    status, body, _ = call.request.send(ground.emulator)
    return status in (400, 403) and (b"is not authorized to perform" in body or b"AccessDenied" in body)


def test_the_role_suffices_and_each_permission_that_is_missing_refuses_a_call(
    enforced: Ground, record_property: Callable[[str, object], None]
) -> None:
    ground = enforced
    ground.beat(seconds_ago=0)
    reason = ("--force", "a drill of the headless member")
    code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *reason)
    assert (code, ground.writer) == (OK, R), text + error
    ground.beat(seconds_ago=0)
    with ground.beating():
        code, text, error = ground.haven("failback", "--confirm", "sim", "--acknowledge")
    assert (code, ground.writer) == (OK, P), text + error
    assert ground.haven("audit verify", "--in", R)[0] == OK
    made = list({(each.region, each.service, each.operation): each for each in ground.gateway.calls}.values())
    assert [each for each in made if is_denied(ground, each)] == []
    untried = []
    for right in RIGHTS:
        put(ground, without(right.action))
        if not any(is_denied(ground, each) for each in made):
            untried.append(right.action)
    record_property(
        "figure",
        f"IAM enforced: a failover, a failback and an audit with the role alone; {len(RIGHTS) - len(untried)} of "
        f"{len(RIGHTS)} permissions refuse one of {len(made)} calls when missing; not called here: {untried}",
    )
    assert CALLED & set(untried) == set()
