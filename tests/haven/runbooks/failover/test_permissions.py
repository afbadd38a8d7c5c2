"""With actions enforced by the emulator the operator's role suffices, and none of its permissions can go."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from haven.base.exits import FINDINGS, OK
from haven.emulator.ministack import Emulator
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import RIGHTS, Right, Scope
from tests.components.resilience.test_operator_role import OF_WHO_DEPLOYS, action, operations
from tests.gateway import Call
from tests.haven.runbooks.failover.ground import Ground, new_ground
from tests.simulation.model import THIRD, P, R

pytestmark = [pytest.mark.timeout(600), pytest.mark.emulator, pytest.mark.exhaustive]
ACCOUNT, ROLE, POLICY = "000000000000", "operator", "permissions"


LEAST_SERVICES = 4
"""That `status` and `preflight` ask, each, and more."""
UNSEEN = {
    "iam:PassRole": "AWS Backup asks for it while it starts a restore, and the emulator starts none",
    "lambda:GetAccountSettings": "the emulator answers it, and enforces nothing for it",
    "servicequotas:GetAWSDefaultServiceQuota": "the emulator has no Service Quotas, and enforces nothing for it",
    "servicequotas:GetServiceQuota": "the same",
    **{each.action: "the same of ARC Region switch" for each in RIGHTS if each.action.startswith("arc-region-switch:")},
}
"""Permissions that no server on loopback refuses, and why. The rest of them is held against the code alone
(tests/components/resilience/test_operator_role.py)."""
OF_BUCKETS = (("s3", "ListObjectsV2"), ("s3", "GetObject"))
"""What is done to a replicated bucket."""
OF_SERVICES = (("kms", "Decrypt"), ("kms", "GenerateDataKey"), ("kms", "DescribeKey"), ("kms", "CreateGrant"))
"""Operations that AWS's services call in the operator's name, tried directly."""


class Enforcing(Emulator):
    """An emulator in which policies hold; its own keys are the root user's."""

    def _environment(self, port: int, identity: str) -> Mapping[str, str]:
        return {**super()._environment(port, identity), "AUTH": "true"}


def statements() -> Sequence[Mapping[str, Any]]:
    """The policy of the role for the ground's environment, with each action on everything, but those of S3.

    The emulator knows the resource of few other calls (of RDS clusters and instances, not of global clusters), and few
    condition keys: of those the actions are enforced here. The whole document, resources and conditions too, is held
    against the calls of failovers in tests/simulation/aws/test_rights.py.
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
            "heartbeat_function": f"heartbeat-{region}",
            "buckets": [f"models-{region}"],
            "queues": [f"jobs-{region}-queue"],
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
        "repositories": ["images/*"],
        "secrets": ["db-secret"],
        "endpoints_parameter": "/haven/sim/endpoints",
        "tables": ["sessions"],
        "restore_role_arn": f"arn:aws:iam::{ACCOUNT}:role/restore",
        "recovery_plan_arn": f"arn:aws:arc-region-switch::{ACCOUNT}:plan/haven-sim-plan:abc123",
        "approves_recovery_plan": True,
    }
    found = Scope(cast("OperatorRoleArgs", args), ROLE).statements()
    return [each if each["Action"][0].startswith("s3:") else _everywhere(each) for each in found]


def _everywhere(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**{name: statement[name] for name in ("Sid", "Effect", "Action")}, "Resource": "*"}


def without(right: Right) -> Sequence[Mapping[str, Any]]:
    """The policy without one permission; where resources aren't enforced, without the action wherever it is."""
    found = [dict(each) for each in statements()]
    for each in found:
        if right.on == each["Sid"] or each["Resource"] == "*":
            each["Action"] = [name for name in each["Action"] if name != right.action]
    return [each for each in found if each["Action"]]


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


def attempt(ground: Ground, service: str, operation: str) -> None:
    """Make a call with the role's session and as little as it needs: what comes of it doesn't matter."""
    keys = {name.lower(): value for name, value in ground.credentials.items()}
    settings = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False)
    client = boto3.client(service, R, endpoint_url=ground.gateway.url, config=settings, **keys)
    shape = client.meta.service_model.operation_model(operation).input_shape
    given = {name: sample(shape.members[name]) for name in shape.required_members} if shape else {}
    if service == "s3":
        given["Bucket"] = f"models-{R}"
    with suppress(ClientError, BotoCoreError):
        getattr(client, xform_name(operation))(**given)


def sample(shape: Any) -> Any:
    """A value of a type."""
    if shape.type_name == "structure":
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [sample(shape.member)]
    if shape.type_name == "map":
        return {"a": sample(shape.value)}
    values = {"boolean": True, "integer": 1, "long": 1, "float": 1.0, "double": 1.0, "blob": b"{}"}
    if shape.type_name == "timestamp":
        return datetime(2026, 11, 26, tzinfo=UTC)
    return values.get(shape.type_name, (shape.enum or ["a-name"])[0] if shape.type_name == "string" else "a-name")


def test_the_role_suffices_and_each_permission_that_is_missing_refuses_a_call(
    enforced: Ground, record_property: Callable[[str, object], None]
) -> None:
    ground = enforced
    ground.beat(seconds_ago=0)
    reason = ("--force", "a drill of the headless member", "--accept-loss", "unknown")
    code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *reason)
    assert (code, ground.writer) == (OK, R), text + error
    ground.beat(seconds_ago=0)
    with ground.beating():
        code, text, error = ground.haven("failback", "--confirm", "sim", "--acknowledge")
    assert (code, ground.writer) == (OK, P), text + error
    assert ground.haven("audit verify", "--in", R)[0] == OK
    by_commands = distinct(ground)
    ground.aws.of("s3", R).create_bucket(Bucket=f"models-{R}", CreateBucketConfiguration={"LocationConstraint": R})
    own = (each for each in operations() if action(*each) not in OF_WHO_DEPLOYS)
    of_the_code = [each for each in own if each[0] not in ("kms", "s3")]
    for service, operation in (*of_the_code, *OF_BUCKETS, *OF_SERVICES):
        attempt(ground, service, operation)
    made = distinct(ground)
    assert [each for each in made if is_denied(ground, each)] == []
    refusing: dict[Right, list[Call]] = {right: [] for right in RIGHTS}
    for right, calls in refusing.items():
        put(ground, without(right))
        calls += [each for each in made if is_denied(ground, each)]
    untried = {right.action for right, calls in refusing.items() if not calls}
    count = sum(any(each in by_commands for each in calls) for calls in refusing.values())
    record_property(
        "figure",
        f"IAM enforced: a failover, a failback and an audit with the role alone; of {len(RIGHTS)} permissions {count}"
        f" refuse one of these commands' {len(by_commands)} calls when missing,"
        f" {len(RIGHTS) - len(untried) - count} more another call of the code; not tried: {sorted(untried)}",
    )
    assert untried == set(UNSEEN)


@pytest.mark.parametrize("command", ["status", "preflight --failover"])
def test_a_command_that_only_reads_is_refused_nothing_with_the_role(enforced: Ground, command: str) -> None:
    ground = enforced
    ground.beat(seconds_ago=0)
    words = [*ground.python, *command.split(), "sim", "--manifest", str(ground.folder / "manifest.json"), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=ground.variables)
    assert done.returncode in (OK, FINDINGS), done.stderr
    made = distinct(ground)
    assert len({each.service for each in made}) > LEAST_SERVICES
    assert [each for each in made if is_denied(ground, each)] == []
    put(ground, [each for each in statements() if not any(name.startswith("rds:") for name in each["Action"])])
    assert {each.service for each in made if is_denied(ground, each)} >= {"rds"}


def distinct(ground: Ground) -> Sequence[Call]:
    """One of each kind of call that was made."""
    return list({(each.region, each.service, kind(each)): each for each in ground.gateway.calls}.values())


def kind(call: Call) -> str:
    """The operation; of S3, what of which bucket."""
    if call.service != "s3":
        return call.operation
    path = call.operation.partition("?")[0]
    return "/".join(path.split("/")[:2]) + str(path.count("/") > 1)
