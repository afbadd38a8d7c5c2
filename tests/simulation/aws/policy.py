"""What IAM makes of a call: a small evaluator of policies, and each call's actions, resources and condition keys.

Resource types are those of AWS's Service Authorization Reference (tests/components/resilience/authorization/).
[assumption] Which resource of a type AWS takes out of a call that names none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from haven.runbooks.workflow.requests import Call

Statement = Mapping[str, Any]
ACCOUNT = "111122223333"
_NO_RESOURCE = "*"
_PREFIXES = {"elbv2": "elasticloadbalancing"}
OF_NO_AWS = ("kubernetes", "inference")
"""Services of the runbooks' own, which IAM doesn't know."""


@dataclass(frozen=True)
class Asked:
    """One action on one resource, as IAM is asked about it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def allows(statements: Sequence[Statement], asked: Asked) -> bool:
    """Whether a statement allows it. There is no Deny in the role's policy."""
    assert {each["Effect"] for each in statements} == {"Allow"}
    return any(
        asked.action in each["Action"]
        and any(_matches(pattern, asked.resource) for pattern in _listed(each["Resource"]))
        and all(
            _holds(operator, wanted, asked.context.get(key))
            for operator, keys in each.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
        for each in statements
    )


def _holds(operator: str, wanted: Any, got: str | None) -> bool:
    if got is None:
        return False
    if operator in ("StringLike", "ArnLike", "ArnEquals"):  # ArnEquals takes wildcards too
        return any(_matches(each, got) for each in _listed(wanted))
    assert operator in ("StringEquals", "Bool"), operator
    return got in _listed(wanted)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, text: str) -> bool:
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(words, text) is not None


def asked_of(call: Call) -> Iterator[Asked]:
    """What IAM is asked about a call."""
    names = "".join(word.title() for word in call.operation.replace("db", "DB").split("_"))
    action = f"{_PREFIXES.get(call.service, call.service)}:{_RENAMED.get(names, names)}"
    resources = _RESOURCES[call.service](call) if call.service in _RESOURCES else [_NO_RESOURCE]
    for each in resources:
        yield Asked(action, each, _context(call))
    if call.operation == "start_restore_job":
        yield Asked("iam:PassRole", call.arguments["IamRoleArn"], {"iam:PassedToService": "backup.amazonaws.com"})
    for each in _KEY_USES.get(f"{call.service}:{call.operation}", ()):
        context = {"kms:ViaService": f"{call.service}.{call.region}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
        yield Asked(f"kms:{each}", arn("kms", call.region, f"key/{KEY}"), context)


KEY = "mrk-1"
_RENAMED = {
    "CopyDbClusterSnapshot": "CopyDBClusterSnapshot",
    "CreateDbInstance": "CreateDBInstance",
    "DescribeDbClusterSnapshots": "DescribeDBClusterSnapshots",
    "DescribeDbClusters": "DescribeDBClusters",
    "DescribeDbInstances": "DescribeDBInstances",
    "DescribeDbSubnetGroups": "DescribeDBSubnetGroups",
    "ListObjectsV2": "ListBucket",
}
_KEY_USES = {
    "dynamodb:get_item": ("Decrypt",),
    "dynamodb:put_item": ("Decrypt",),
    "dynamodb:query": ("Decrypt",),
    "dynamodb:update_item": ("Decrypt",),
    "rds:create_db_instance": ("CreateGrant",),
    "s3:get_object": ("Decrypt",),
    "s3:put_object": ("GenerateDataKey",),
}
"""What a service does with the environment's key in the caller's name."""


def arn(service: str, region: str, resource: str, account: str = ACCOUNT) -> str:
    """ARN of something of the account's."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def vpc(region: str) -> str:
    """The VPC of a Region's side."""
    return f"vpc-{region}"


def _context(call: Call) -> Mapping[str, str]:
    if call.service == "ec2":
        return {"ec2:Vpc": arn("ec2", call.region, f"vpc/{vpc(call.region)}")}
    if call.operation == "list_objects_v2":
        return {"s3:prefix": call.arguments["Prefix"]}
    return {"cloudwatch:namespace": call.arguments["Namespace"]} if call.operation == "put_metric_data" else {}


def _rds(call: Call) -> list[str]:
    given, place = call.arguments, call.region
    if call.operation == "describe_events":
        return [_NO_RESOURCE]
    found = []
    if "GlobalClusterIdentifier" in given:
        found.append(arn("rds", "", f"global-cluster:{given['GlobalClusterIdentifier']}"))
    if target := given.get("TargetDbClusterIdentifier"):
        place = target.split(":")[3]  # the simulator calls both Regions' members db
        found.append(arn("rds", place, f"cluster:db-{place}"))
    kinds = {
        "DBClusterIdentifier": "cluster",
        "DBInstanceIdentifier": "db",
        "DBSubnetGroupName": "subgrp",
        "SourceDBClusterSnapshotIdentifier": "cluster-snapshot",
        "TargetDBClusterSnapshotIdentifier": "cluster-snapshot",
    }
    found += [arn("rds", place, f"{kind}:{given[name]}") for name, kind in kinds.items() if name in given]
    return found or [arn("rds", place, "db:*")]


def _eks(call: Call) -> list[str]:
    if "nodegroupName" in call.arguments:
        cluster, group = call.arguments["clusterName"], call.arguments["nodegroupName"]
        return [arn("eks", call.region, f"nodegroup/{cluster}/{group}/0a1b2c3d")]
    return [arn("eks", call.region, f"cluster/{call.arguments['name']}")]


def _elasticache(call: Call) -> list[str]:
    given = call.arguments
    if "GlobalReplicationGroupId" in given:  # AWS puts five letters before it, and asks about no group beside it
        return [arn("elasticache", "", f"globalreplicationgroup:ldgnf-{given['GlobalReplicationGroupId']}")]
    return [arn("elasticache", call.region, f"replicationgroup:{given['ReplicationGroupId']}")]


def _ec2(call: Call) -> list[str]:
    acl = call.arguments.get("NetworkAclId")
    return [arn("ec2", call.region, f"network-acl/{acl}")] if acl else [_NO_RESOURCE]


def _sqs(call: Call) -> list[str]:
    given = call.arguments
    return [arn("sqs", call.region, given.get("QueueName") or given["QueueUrl"].rpartition("/")[2])]


def _backup(call: Call) -> list[str]:
    if call.operation == "start_restore_job":  # the simulator's points have a word for an ARN
        return [arn("backup", call.region, f"recovery-point:{call.arguments['RecoveryPointArn']}")]
    vault = call.arguments.get("BackupVaultName")
    return [arn("backup", call.region, f"backup-vault:{vault}")] if vault else [_NO_RESOURCE]


_RESOURCES: Mapping[str, Any] = {
    "backup": _backup,
    "dynamodb": lambda call: [arn("dynamodb", call.region, f"table/{call.arguments['TableName']}")],
    "ec2": _ec2,
    "eks": _eks,
    "elasticache": _elasticache,
    "kms": lambda call: [arn("kms", call.region, f"key/{KEY}")],
    "rds": _rds,
    "s3": lambda call: [
        "/".join(["arn:aws:s3:::" + call.arguments["Bucket"], *filter(None, [call.arguments.get("Key")])])
    ],
    "sqs": _sqs,
    "ssm": lambda call: [arn("ssm", call.region, f"parameter{call.arguments['Name']}")],
}
