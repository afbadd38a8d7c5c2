"""What AWS answers where an environment of tier `warm` is ready to fail over."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from haven.model.catalog import Catalog
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.observation import Answer
from haven.runbooks.preflight import backups, capacity, database, entrances, identity, operations, permissions, stored
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.database import Member
from haven.runbooks.preflight.entrances import Entrance
from haven.runbooks.preflight.quota_usage import Use
from haven.runbooks.preflight.quotas import Executions
from haven.runbooks.preflight.steps import queues, stores, subnets
from haven.runbooks.preflight.view import Key, View
from haven.runbooks.workflow.lease import Seen
from tests.environments import RECOVERY, environment

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
PARTS = (identity, permissions, operations, database, subnets, queues, stores, stored, entrances, backups)
CATALOG = Catalog()
GIB = 2**30
THIRD = "eu-north-1"


@cache
def manifest(stack: str = "warm") -> RecoveryManifest:
    """The manifest of a shipped stack, with a third Region that votes on the lease, and a role of operators."""
    found = parse(json.dumps(environment(stack).outputs["manifest"]), "a test")
    assert found.operations is not None
    tables = {**found.operations.tables, THIRD: "operations"}
    changes = {"tables": tables, "role": f"arn:aws:iam::{found.account}:role/haven-{stack}-operator"}
    return found.model_copy(update={"operations": found.operations.model_copy(update=changes)})


def at(**ago: float) -> datetime:
    """A time before NOW."""
    return NOW - timedelta(**ago)


def heartbeats(found: RecoveryManifest, age_ms: float = 5000, **other: float) -> Any:
    """Of every store; `other`: of single ones, with another age."""
    assert found.operations is not None
    # The answer's date is in whole seconds, and counts as the second's end.
    now_ms = (NOW.timestamp() + 1) * 1000
    ages = {store: other.get(store, age_ms) for store in found.operations.heartbeats.stores}
    items = [{"entry": store, "newest": now_ms - age, "interval": 10_000} for store, age in ages.items()]
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": f"{NOW:%a, %d %b %Y %H:%M:%S} GMT"}}}
    return items, answer


def member(found: RecoveryManifest, region: str, **changes: Any) -> Member:
    """A Region's member of the database, of one instance."""
    name = found.sides[region].database.cluster
    cluster = {"Status": "available", "EngineVersion": "16.11", "Endpoint": f"{name}.cluster-x.example", **changes}
    instance = {"DBInstanceStatus": "available", "EngineVersion": cluster["EngineVersion"]}
    return Member(cluster, [instance])


def _document(found: RecoveryManifest, region: str) -> str:
    side = found.sides[region]
    endpoints = {
        "database": {"writer": f"{side.database.cluster}.cluster-x.example"},
        "cache": {"host": f"{side.cache}.cfg.example"},
    }
    return json.dumps(endpoints)


def point(found: RecoveryManifest, arn: str, **changes: Any) -> Mapping[str, Any]:
    """A recovery point in a vault."""
    del found
    return {"ResourceArn": arn, "Status": "COMPLETED", "CreationDate": at(hours=20), **changes}


def points(found: RecoveryManifest, region: str, **changes: Any) -> list[Mapping[str, Any]]:
    """The newest copies of everything in the other Region."""
    old = found.sides[found.other(region)]
    arns = [f"arn:aws:rds:x:1:cluster:{old.database.cluster}"]
    arns += [f"arn:aws:dynamodb:x:1:table/{name}" for name in old.tables.values()]
    return [point(found, arn, **changes) for arn in arns]


def restore_test(**changes: Any) -> Mapping[str, Any]:
    """A job of a restore test."""
    job = {
        "Status": "COMPLETED",
        "CreationDate": at(days=2),
        "ResourceType": "Aurora",
        "ValidationStatus": "SUCCESSFUL",
    }
    return {**job, **changes}


def certificate(left: timedelta = timedelta(days=90), **changes: Any) -> Mapping[str, Any]:
    """One that was issued."""
    return {"DomainName": "*.warm.example.com", "Status": "ISSUED", "NotAfter": NOW + left, **changes}


def secret(version: str = "v1", **changes: Any) -> Mapping[str, Any]:
    """A secret, whose current version is this one."""
    return {"Name": "a secret", "VersionIdsToStages": {version: ["AWSCURRENT"], "v0": ["AWSPREVIOUS"]}, **changes}


def acl(name: str, *subnets_: str, entries: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
    """A network ACL that lets everything through, and its subnets."""
    everything = {"RuleNumber": 100, "Egress": False, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    associations = [{"SubnetId": each} for each in subnets_]
    return {"NetworkAclId": name, "Entries": [everything, *entries], "Associations": associations}


def attributes(region: str, name: str, *statements: Mapping[str, Any]) -> Mapping[str, str]:
    """What SQS has of a queue."""
    policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})} if statements else {}
    return {"QueueArn": f"arn:aws:sqs:{region}:1:{name}", **policy}


def datastore(
    region: str, role: str = "SECONDARY", *, state: str = "available", own: str = "associated"
) -> stores.Cache:
    """A Region's group, and the datastore that it is in."""
    info = {"GlobalReplicationGroupId": "abcde-global", "GlobalReplicationGroupMemberRole": role}
    members = [{"ReplicationGroupRegion": region, "Status": own}]
    return stores.Cache({"GlobalReplicationGroupInfo": info}, {"Status": state, "Members": members})


def table(other: str, state: str = "ACTIVE", replica: str = "ACTIVE") -> Mapping[str, Any]:
    """A table, and its replica in the other Region."""
    return {"TableStatus": state, "Replicas": [{"RegionName": other, "ReplicaStatus": replica}]}


def _members(found: RecoveryManifest) -> Mapping[str, Any]:
    members = [
        {
            "DBClusterArn": f"arn:aws:rds:{region}:1:cluster:{found.sides[region].database.cluster}",
            "IsWriter": region == found.regions.primary,
            "SynchronizationStatus": "connected",
        }
        for region in found.both
    ]
    return {"Status": "available", "GlobalClusterMembers": members}


def ready(found: RecoveryManifest) -> dict[Key, Answer]:
    """Good answers to every question."""
    document = json.dumps({"version": 1})
    values: dict[Key, Any] = {}
    for region, side in found.sides.items():
        values |= {
            ("caller", region): (found.account, "arn:aws:iam::1:user/on-call"),
            ("manifest", region): document,
            ("heartbeats", region): heartbeats(found),
            ("global database", region): _members(found),
            ("database member", region): member(found, region),
            ("pending maintenance", region): [],
            ("data subnets", region): {"subnet-data-a", "subnet-data-b"},
            ("network ACLs", region): [acl("acl-data", "subnet-data-a", "subnet-data-b")],
            ("subnets of nodes", region): {"subnet-a"},
            ("key", region): {"KeyState": "Enabled", "Enabled": True, "Arn": f"arn:aws:kms:{region}:1:key/mrk-1"},
            ("cluster", region): {"status": "ACTIVE", "endpoint": "https://example"},
            ("endpoints", region): _document(found, region),
            ("cache endpoint", region): f"{side.cache}.cfg.example",
            ("target group", region): {"TargetGroupArn": "arn"},
            ("certificates", region): Entrance("active", [certificate()]),
            ("alarm", region): {"StateValue": "OK"},
            ("recovery points", region): points(found, region),
            ("restore tests", region): [restore_test()],
        }
        for image in found.images or ():
            values[f"images {image.partition('@')[0]}", region] = {}
        for each in found.weights or ():
            values[f"weights {each.bucket}/{each.prefix}", region] = {f"{each.prefix}/model": int(each.gib * GIB)}
        if found.replicates_cache:
            values["datastore of the cache", region] = datastore(
                region, "PRIMARY" if region == found.regions.primary else "SECONDARY"
            )
        for name in found.replicated_tables:
            values[f"table {name}", region] = table(found.other(region))
        if found.operations is not None and region in found.operations.audit:
            values["audit bucket", region] = True
        values |= {(f"queue {name}", region): attributes(region, name) for name in side.queues.values()}
        for name in found.secrets or ():
            values[f"secret {name}", region] = secret()
        for key in capacity.questions(found, lambda *_: None, CATALOG):
            if key[1] == region:
                values[key] = _capacity(key[0], found, region)
    values |= {key: {} for key in permissions.questions(found, lambda *_: None)}
    assert found.operations is not None
    values |= {("lease", region): Seen(7, 3, "a", "ada", "free") for region in found.operations.tables}
    return {key: Answer(value) for key, value in values.items()}


def _capacity(what: str, found: RecoveryManifest, region: str) -> Any:
    if what.startswith("quota "):
        return 1000.0
    if what == "executions of functions":
        return Executions(1000, 998, 0)
    if what == "use of quotas":
        return {quota.code: Use(0) for quota in CATALOG.quotas()}
    side = found.sides[region]
    return {
        (type_, zone) for group in side.cluster.node_groups.values() for type_ in group.types for zone in side.zones
    }


def view(found: RecoveryManifest, changes: Mapping[Key, Any] | None = None, to: str = RECOVERY) -> View:
    """What would be judged; `changes`: other answers than good ones."""
    given = {key: each if isinstance(each, Answer) else Answer(each) for key, each in (changes or {}).items()}
    unasked = given.keys() - ready(found).keys()
    assert not unasked, unasked
    return View(found, to, {**ready(found), **given}, NOW)


def checks(
    changes: Mapping[Key, Any] | None = None, found: RecoveryManifest | None = None, to: str = RECOVERY
) -> list[Check]:
    """Every check of tier `warm`, or of another manifest."""
    seen = view(found or manifest(), changes, to)
    return [*(each for part in PARTS for each in part.checks(seen)), *capacity.checks(seen, CATALOG)]


def bad(
    changes: Mapping[Key, Any] | None = None, found: RecoveryManifest | None = None, to: str = RECOVERY
) -> list[Check]:
    """Those that aren't ok."""
    return [each for each in checks(changes, found, to) if each.status is not Status.OK]
