"""The operator's role with IAM enforced: by the emulator, and before the gateway's models by the shipped document.

The emulator knows the resource of few calls (of RDS clusters and instances, not of global clusters), and few condition
keys: there each action is on everything, but those of S3. What the gateway answers itself, and what the emulator
enforces nothing for, is judged by the whole document (`tests/simulation/aws/policy.py`). So is every call of failovers,
in tests/simulation/aws/test_rights.py.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from haven.emulator.ministack import Emulator
from haven.runbooks.executions import SERVICE as ARC
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import Right, Scope
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import Ground, ground_of
from tests.simulation.aws.policy import Asked, Statement, allows
from tests.simulation.aws.region_switch import ROLE as APPROVER
from tests.simulation.model import PLAN, THIRD, P, R

ACCOUNT, POLICY = "000000000000", "permissions"
ROLE = APPROVER.rpartition("/")[2]
"""The one that the plan's approvals name."""
RESTORER = f"arn:aws:iam::{ACCOUNT}:role/restore"
_OF_SERVICES = ("cluster", "restore")
"""Roles that AWS's services are given: with IAM enforced the emulator looks for them."""
_NO_RESOURCE = "*"
_SETTINGS = "GET /2016-08-19/account-settings"
_INVOCATION = "POST /2015-03-31/functions/"
_POINTS = re.compile(r"GET /backup-vaults/([^/]+)/recovery-points/")


class Enforcing(Emulator):
    """An emulator in which policies hold; its own keys are the root user's."""

    def _environment(self, port: int, identity: str) -> Mapping[str, str]:
        return {**super()._environment(port, identity), "AUTH": "true"}


def document() -> Sequence[Statement]:
    """The policy of the role for the ground's environment."""

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
        "restore_role_arn": RESTORER,
        "recovery_plan_arn": PLAN,
        "approves_recovery_plan": True,
    }
    return Scope(cast("OperatorRoleArgs", args), ROLE).statements()


def without(right: Right) -> Sequence[Statement]:
    """The policy without one permission; where resources aren't enforced, without the action wherever it is."""
    found = [dict(each) for each in document()]
    for each in found:
        if right.on == each["Sid"] or not _is_enforced_by_resource(each):
            each["Action"] = [name for name in each["Action"] if name != right.action]
    return [each for each in found if each["Action"]]


def _is_enforced_by_resource(statement: Statement) -> bool:
    return str(statement["Action"][0]).startswith("s3:")


def _of_the_emulator(statement: Statement) -> Statement:
    if _is_enforced_by_resource(statement):
        return statement
    return {**{name: statement[name] for name in ("Sid", "Effect", "Action")}, "Resource": "*"}


@dataclass
class Role:
    """The operator's role of a ground: its commands have the role's session."""

    ground: Ground
    policy: Sequence[Statement] = field(default_factory=list)
    denied: list[Call] = field(default_factory=list)
    """What the gateway refused."""

    def put(self, policy: Sequence[Statement]) -> None:
        """Let the role have a policy."""
        self.policy = policy
        statements = [_of_the_emulator(each) for each in policy]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.ground.aws.of("iam", P).put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=text)

    def judge(self, call: Call) -> Fault | None:
        """What the gateway makes of a call that the emulator isn't asked about."""
        if all(allows(self.policy, each) for each in asked_of(call)):
            return None
        self.denied.append(call)
        return Fault.DENY

    def suffices(self) -> bool:
        """Whether nothing that was called so far is refused."""
        return not self.denied and not any(self.is_denied(each) for each in distinct(self.ground))

    def is_denied(self, call: Call) -> bool:
        """Whether the same request is refused now."""
        if asked := list(asked_of(call)):
            return not all(allows(self.policy, each) for each in asked)
        assert call.request is not None
        status, body, _ = call.request.send(self.ground.emulator)
        return status in (400, 403) and (b"is not authorized to perform" in body or b"AccessDenied" in body)


def asked_of(call: Call) -> Iterator[Asked]:
    """What IAM is asked about a call of which the emulator enforces nothing, or which the gateway answers."""
    operation, given = call.operation.rpartition(".")[2], call.arguments
    if call.service == ARC:
        yield Asked(f"{ARC}:{operation}", given.get("planArn") or given.get("arn") or _NO_RESOURCE)
    elif call.service == "servicequotas":
        yield Asked(f"servicequotas:{operation}", _NO_RESOURCE)
    elif (call.service, call.operation) == ("lambda", _SETTINGS):
        yield Asked("lambda:GetAccountSettings", _NO_RESOURCE)
    elif call.service == "lambda" and call.operation.startswith(_INVOCATION):
        name = call.operation.removeprefix(_INVOCATION).partition("/")[0]
        yield Asked("lambda:InvokeFunction", f"arn:aws:lambda:{call.region}:{ACCOUNT}:function:{name}")
    elif (call.service, call.operation) == ("backup", "PUT /restore-jobs"):
        yield Asked("backup:StartRestoreJob", given["RecoveryPointArn"])
        yield Asked("iam:PassRole", given["IamRoleArn"], {"iam:PassedToService": "backup.amazonaws.com"})
    elif call.service == "backup" and (vault := _POINTS.match(call.operation)):
        yield Asked(
            "backup:ListRecoveryPointsByBackupVault",
            f"arn:aws:backup:{call.region}:{ACCOUNT}:backup-vault:{vault[1]}",
        )
    elif (call.service, operation) == ("rds", "CopyDBClusterSnapshot"):
        for each in ("SourceDBClusterSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier"):
            snapshot = f"arn:aws:rds:{call.region}:{ACCOUNT}:cluster-snapshot:{given[each]}"
            yield Asked("rds:CopyDBClusterSnapshot", snapshot)


@contextmanager
def as_the_role(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Role]:
    """What a manifest names; commands have the role's session."""
    with ground_of(folder, manifest, Enforcing) as ground:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = ground.aws.of("iam", P)
        for name in (*_OF_SERVICES, ROLE):
            arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
        role = Role(ground)
        role.put(document())
        keys = ground.aws.of("sts", P).assume_role(RoleArn=arn, RoleSessionName="on-call")["Credentials"]
        ground.credentials = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        ground.gateway.chosen = role.judge
        yield role


def distinct(ground: Ground) -> Sequence[Call]:
    """One of each kind of call that was made."""
    return list({(each.region, each.service, _kind(each)): each for each in ground.gateway.calls}.values())


def _kind(call: Call) -> str:
    """The operation; of S3, what of which bucket."""
    if call.service != "s3":
        return call.operation
    path = call.operation.partition("?")[0]
    return "/".join(path.split("/")[:2]) + str(path.count("/") > 1)
