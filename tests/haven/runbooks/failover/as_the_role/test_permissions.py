"""With actions enforced by the emulator the operator's role suffices, and none of its permissions can go."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from haven.base.exits import FINDINGS, OK
from haven.runbooks.failover.database import KEPT, OF_THE_OLD_VOLUME
from haven_components.resilience._operator_rights import RIGHTS, Right
from tests.components.resilience.test_operator_role import OF_WHO_DEPLOYS, action, operations
from tests.gateway import Call
from tests.haven.runbooks.failover.as_the_role.role import (
    ACCOUNT,
    RESTORER,
    Role,
    as_the_role,
    distinct,
    document,
    without,
)
from tests.haven.runbooks.failover.ground import Ground, manifest
from tests.simulation.model import PLAN, P, R

pytestmark = [pytest.mark.timeout(600), pytest.mark.emulator, pytest.mark.exhaustive]
LEAST_SERVICES = 4
"""That `status` and `preflight` ask, each, and more."""
OWN_NAMES: Mapping[str, Any] = {
    "arn": PLAN,
    "planArn": PLAN,
    "planArns": [PLAN],
    "BackupVaultName": "vault",
    "FunctionName": f"heartbeat-{R}",
    "RecoveryPointArn": f"arn:aws:backup:{R}:{ACCOUNT}:recovery-point:a",
    "IamRoleArn": RESTORER,
    "SourceDBClusterSnapshotIdentifier": f"{OF_THE_OLD_VOLUME}a",
    "TargetDBClusterSnapshotIdentifier": f"{KEPT}a",
}
"""Members of requests that the gateway judges by their resource."""
OF_BUCKETS = (("s3", "ListObjectsV2"), ("s3", "GetObject"))
"""What is done to a replicated bucket."""
OF_SERVICES = (("kms", "Decrypt"), ("kms", "GenerateDataKey"), ("kms", "DescribeKey"), ("kms", "CreateGrant"))
"""Operations that AWS's services call in the operator's name, tried directly."""


@pytest.fixture
def role(tmp_path: Path) -> Iterator[Role]:
    """That of an environment whose recovery side is headless."""
    with as_the_role(tmp_path, manifest("pilot-light")) as made:
        yield made


def attempt(ground: Ground, service: str, operation: str) -> None:
    """Make a call with the role's session and as little as it needs: what comes of it doesn't matter."""
    keys = {name.lower(): value for name, value in ground.credentials.items()}
    settings = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False)
    client = boto3.client(service, R, endpoint_url=ground.gateway.url, config=settings, **keys)
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = shape.members if shape else {}
    needed = shape.required_members if shape else ()
    given = {name: sample(members[name]) for name in needed}
    given |= {name: value for name, value in OWN_NAMES.items() if name in members}
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
    role: Role, record_property: Callable[[str, object], None]
) -> None:
    ground = role.ground
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
    assert [each for each in made if role.is_denied(each)] == []
    refusing: dict[Right, list[Call]] = {right: [] for right in RIGHTS}
    for right, calls in refusing.items():
        role.put(without(right))
        calls += [each for each in made if role.is_denied(each)]
    count = sum(any(each in by_commands for each in calls) for calls in refusing.values())
    record_property(
        "figure",
        f"IAM enforced: a failover, a failback and an audit with the role alone; of {len(RIGHTS)} permissions {count}"
        f" refuse one of these commands' {len(by_commands)} calls when missing, the other {len(RIGHTS) - count} another"
        " call of the code",
    )
    assert [right.action for right, calls in refusing.items() if not calls] == []


@pytest.mark.parametrize("command", ["status", "preflight --failover"])
def test_a_command_that_only_reads_is_refused_nothing_with_the_role(role: Role, command: str) -> None:
    ground = role.ground
    ground.beat(seconds_ago=0)
    words = [*ground.python, *command.split(), "sim", "--manifest", str(ground.folder / "manifest.json"), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=ground.variables)
    assert done.returncode in (OK, FINDINGS), done.stderr
    made = distinct(ground)
    assert len({each.service for each in made}) > LEAST_SERVICES
    assert [each for each in made if role.is_denied(each)] == []
    role.put([each for each in document() if not any(name.startswith("rds:") for name in each["Action"])])
    assert {each.service for each in made if role.is_denied(each)} >= {"rds"}
