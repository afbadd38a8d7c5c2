"""Whether cache and tables take over in the Region that would be written, and whether the audit is kept there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.stores import PRIMARY, STEADY, TAKING, datastore_info
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer, first
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Key, Question, Questions, View, asking
from haven.runbooks.workflow.audit import FOLDER

_CACHE, _TABLE, _AUDIT = "datastore of the cache", "table", "audit bucket"
_ASSOCIATED = "associated"


@dataclass(frozen=True)
class Cache:
    """One Region's group, and its Global Datastore as that Region has it."""

    group: Mapping[str, Any]
    datastore: Mapping[str, Any] | None


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own."""
    found: dict[Key, Question] = {}
    audit = manifest.operations.audit if manifest.operations is not None else {}
    for region in manifest.both:
        if manifest.replicates_cache:
            cache = manifest.sides[region].cache
            found[_CACHE, region] = asking(client, "elasticache", region, _cache, cache)
        for name in manifest.replicated_tables:
            found[f"{_TABLE} {name}", region] = asking(client, "dynamodb", region, _table, name)
        if region in audit:
            found[_AUDIT, region] = asking(client, "s3", region, _listed, audit[region])
    return found


def _cache(elasticache: Any, name: str) -> Cache | None:
    group = first(elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"])
    if group is None:
        return None
    identifier = datastore_info(group).get("GlobalReplicationGroupId")
    if not identifier:
        return Cache(group, None)
    asked = {"GlobalReplicationGroupId": identifier, "ShowMemberInfo": True}
    return Cache(group, first(elasticache.describe_global_replication_groups(**asked)["GlobalReplicationGroups"]))


def _table(dynamodb: Any, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    return found


def _listed(s3: Any, bucket: str) -> bool:
    s3.list_objects_v2(Bucket=bucket, Prefix=FOLDER, MaxKeys=1)
    return True


def checks(view: View) -> Iterator[Check]:
    """A line for the cache, for each table and for the audit's bucket."""
    if view.manifest.replicates_cache and not view.restores:
        yield _datastore(view, view.answers[_CACHE, view.to])
    for name in () if view.restores else view.manifest.replicated_tables:
        yield from _replicas(view, name, view.answers[f"{_TABLE} {name}", view.to])
    audit = view.manifest.operations.audit if view.manifest.operations is not None else {}
    if view.to in audit:
        fix = "pulumi up declares it; a failover changes nothing without its audit"
        line = view.line(f"audit bucket {audit[view.to]}", view.to, "there", fix)
        answer = view.answers[_AUDIT, view.to]
        yield (
            line.judge("there" if answer.value else "no such bucket", fine=bool(answer.value))
            if answer.known
            else (line.unknown(answer.unknown, "allow s3:ListBucket"))
        )


def _datastore(view: View, answer: Answer) -> Check:
    line = view.line(
        f"Global Datastore of {view.side.cache}",
        view.to,
        f"the secondary group, {_ASSOCIATED}, of a datastore that is {' or '.join(STEADY)}",
        "wait until ElastiCache has finished, or let pulumi up declare it; else the cache isn't promoted",
    )
    if not answer.known:
        allow = "allow elasticache:DescribeReplicationGroups, elasticache:DescribeGlobalReplicationGroups"
        return line.unknown(answer.unknown, allow)
    if answer.value is None:
        return line.problem("no such group")
    found: Cache = answer.value
    if found.datastore is None:
        return line.problem("the group is in no Global Datastore")
    role = str(datastore_info(found.group).get("GlobalReplicationGroupMemberRole", "in no role"))
    if role == PRIMARY:
        fix = f"haven status {view.manifest.named}: who writes where? --to names the other Region"
        return line.problem("the primary group already", fix)
    own = _state(found.datastore.get("Members", ()), view.to)
    state = str(found.datastore["Status"])
    return line.judge(f"{role.lower()}, {own}, datastore {state}", fine=state in STEADY and own == _ASSOCIATED)


def _state(members: Sequence[Mapping[str, Any]], region: str) -> str:
    """What ElastiCache says of a Region's group in its datastore."""
    own = next((each for each in members if each.get("ReplicationGroupRegion") == region), {})
    return str(own.get("Status", "no member"))


def _replicas(view: View, name: str, answer: Answer) -> Iterator[Check]:
    line = view.line(
        f"table {name}",
        view.to,
        " or ".join(TAKING),
        "pulumi up declares it; a failover waits until its deadline for it",
    )
    if not answer.known:
        yield line.unknown(answer.unknown, "allow dynamodb:DescribeTable")
        return
    if answer.value is None:
        yield line.problem("no such table")
        return
    state = str(answer.value["TableStatus"])
    yield line.judge(state, fine=state in TAKING)
    replicas = {each["RegionName"]: str(each.get("ReplicaStatus")) for each in answer.value.get("Replicas", ())}
    found = replicas.get(view.old, "no replica")
    needed = "active, so that what was written there last arrives"
    fix = "pulumi up declares the replica; aws dynamodb describe-table says why one is inaccessible"
    yield view.line(f"replica of {name} in {view.old}", view.to, needed, fix, blocker=False).judge(
        found, fine=found in TAKING
    )
