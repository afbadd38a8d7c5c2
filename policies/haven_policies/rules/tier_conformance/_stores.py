"""What of objects, tables and queues is in both Regions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.model.tiers import STANDBY
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.property_rules import one_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import STRATEGIES, RegionSide, sides
from haven_policies.rules.values import has_unknown, in_words, is_list, is_unknown, value_at

_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
_BUCKETS = (aws.S3_BUCKET, aws.S3_BUCKET_V2)
_REPLICATION = (aws.S3_BUCKET_REPLICATION_CONFIG,)
_BUFFERS: Mapping[str, str] = {
    aws.SQS_QUEUE: "queue",
    aws.KINESIS_STREAM: "stream",
    aws.CLOUDWATCH_EVENT_BUS: "event bus",
}
_LEASE = "OperationsStore"
"""The component whose tables are never replicated."""
_NO_ACCESS_POINTS = ("cn-", "us-gov-", "eusc-")
"""Multi-Region Access Points exist in the commercial partition alone (S3 User Guide, Multi-Region Access Points,
restrictions; read 2026-11-21)."""


@dataclass(frozen=True)
class BucketReplication:
    """One replication rule that is on."""

    source: Resource
    target: Resource
    config: Resource
    path: str
    """Of the rule."""
    timed: bool
    part: str
    """The prefix or the tags of the objects that it copies alone; empty where it copies all of them."""


@stack_rule(
    description="In every tier, buckets that belong together are replicated in both directions.",
    remediation="Declare them as a ReplicatedBucket, which makes both rules from the first deployment on.",
    page=f"{_S3}/mrap-create-two-way-replication-rules.html",
    severity=Severity.HIGH,
)
def objects_replicated_both_ways(graph: ResourceGraph) -> Iterator[Finding]:
    """Rules don't copy what was there before them, and bucket settings depend on a control plane that may be down in a
    disaster: replication back is there before it is needed."""
    replications, open_ = _replications(graph), _open(graph)
    parts: dict[tuple[str, str], list[str]] = {}
    for replication in replications:
        parts.setdefault((replication.source.urn, replication.target.urn), []).append(replication.part)
    for side in sides(graph):
        for bucket, other in _pairs(side, replications):
            copied = parts.get((bucket.urn, other.urn), [])
            if bucket.urn in open_:
                continue
            if copied and all(copied):
                yield Finding(
                    bucket,
                    "",
                    f"a replication to {other.name} of {' and '.join(copied)} alone",
                    "a rule for all objects, which has neither prefix nor tags",
                    "give one rule of its BucketReplicationConfig an empty filter",
                )
            if not copied:
                yield Finding(
                    bucket,
                    "",
                    f"no replication rule that is on, to {other.name} in {side.other}",
                    "one rule in each direction, in every tier",
                    "declare a BucketReplicationConfig for this bucket, as ReplicatedBucket does for both",
                )


@stack_rule(
    description="From tier pilot-light up objects are replicated under S3 Replication Time Control.",
    remediation="Set replication_time_control of the ReplicatedBucket.",
    page=f"{_S3}/replication-time-control.html",
    severity=Severity.MEDIUM,
)
def objects_replicated_in_time(graph: ResourceGraph) -> Iterator[Finding]:
    """Without it S3 promises nothing of when a copy is there, so no recovery point can be held."""
    for side in sides(graph):
        if not side.standby.object_time_control:
            continue
        for replication in _replications(graph):
            if (
                replication.source.region == side.region
                and replication.target.region == side.other
                and not replication.timed
            ):
                yield Finding(
                    replication.config,
                    f"{replication.path}.destination.replicationTime.status",
                    "nothing that is Enabled",
                    f"Enabled: tier {side.tier} promises a recovery point for objects",
                    "set replicationTime and metrics of the rule (replication_time_control of ReplicatedBucket)",
                )


@stack_rule(
    description="In tier active-active paired buckets have a Multi-Region Access Point.",
    remediation="Declare a MultiRegionAccessPoint over both buckets.",
    page=f"{_S3}/MultiRegionAccessPoints.html",
    severity=Severity.MEDIUM,
)
def objects_under_one_name(graph: ResourceGraph) -> Iterator[Finding]:
    """Where both Regions serve, applications ask for objects under one name."""
    replications = _replications(graph)
    for side in sides(graph):
        if side.serves or not side.standby.access_points or side.region.startswith(_NO_ACCESS_POINTS):
            continue
        points = graph.of(aws.S3CONTROL_MULTI_REGION_ACCESS_POINT)
        if any(_leads_nowhere_yet(graph, each) for each in points):
            continue
        covered = [_behind(graph, each) for each in points]
        for bucket, other in _pairs(side, replications):
            if not any({bucket.urn, other.urn} <= each for each in covered):
                yield Finding(
                    other,
                    "",
                    f"no Multi-Region Access Point over it and {bucket.name}",
                    f"one: tier {side.tier} serves from both Regions",
                    "declare a MultiRegionAccessPoint over both, or choose a lower haven:tier",
                )


@stack_rule(
    description="From tier pilot-light up of its system, a table has a replica in the other Region.",
    remediation="Give the GlobalTable its replica.",
    page="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html",
    severity=Severity.CRITICAL,
)
def tables_replicated(graph: ResourceGraph) -> Iterator[Finding]:
    """A restored table takes hours; a replica is there. The lease of runbooks is won in tables that know nothing of
    each other."""
    for side in sides(graph):
        for table in side.there(aws.DYNAMODB_TABLE):
            if table.component == _LEASE:
                continue
            regions = _replica_regions(graph, table)
            if (
                STANDBY[side.tier_of(_system(graph, table))].tables
                and side.region not in regions
                and not any(map(is_unknown, regions))
            ):
                yield side.lacks(table, "replica", "give the GlobalTable its replica there")


@stack_rule(
    description="Both Regions have queues, streams and buses in every tier.",
    remediation="Declare a RequestBuffer in that Region too.",
    page=STRATEGIES,
    severity=Severity.HIGH,
)
def queues_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """They cost nothing while they wait, and none of them is replicated: applications need one where they start."""
    for side in sides(graph):
        for type_, word in _BUFFERS.items():
            for each in side.there(type_):
                if side.counterparts.of(each) is None:
                    yield Finding(
                        each,
                        "",
                        f"no {word} in {side.region} beside it",
                        "one in each Region, in every tier",
                        "declare a RequestBuffer there too",
                    )


def _replications(graph: ResourceGraph) -> list[BucketReplication]:
    """Replication rules that are on, between buckets of this environment."""
    named = _by_name(graph)
    return [
        BucketReplication(source, target, config, f"rules[{index}]", _is_timed(rule), _part(rule))
        for config in graph.of(*_REPLICATION)
        if (source := _bucket(graph, config.inputs.get("bucket"), named))
        for index, rule in enumerate(_rules(config))
        if _on(rule, "status") and (target := _bucket(graph, value_at(rule, "destination.bucket"), named))
    ]


def _open(graph: ResourceGraph) -> set[str]:
    """The URNs of the buckets whose replication isn't known yet: whether a rule is on, of what, or to where."""
    return {
        bucket.urn
        for config in graph.of(*_REPLICATION)
        if is_unknown(value_at(config.inputs, "rules")) or any(_is_open(graph, rule) for rule in _rules(config))
        for bucket in graph.linked(config, "bucket", *_BUCKETS) or graph.of(*_BUCKETS)
    }


def _is_open(graph: ResourceGraph, rule: Any) -> bool:
    """Whether a rule's destination leads to no bucket yet, or it isn't known what the rule copies."""
    target = value_at(rule, "destination.bucket")
    nowhere = is_unknown(target) and not any(each.type in _BUCKETS for each in graph.referred(target))
    return nowhere or any(has_unknown(value_at(rule, path)) for path in ("status", "prefix", "filter"))


def _part(rule: Any) -> str:
    """What a rule copies, where that isn't all."""
    prefixes = ("prefix", "filter.prefix", "filter.and.prefix")
    found = [f"prefix {in_words(prefix)}" for path in prefixes if (prefix := value_at(rule, path))]
    tagged = value_at(rule, "filter.tag") or value_at(rule, "filter.and.tags")
    return ", ".join([*found, *(["tagged objects"] if tagged else [])])


def _rules(config: Resource) -> list[Any]:
    rules = value_at(config.inputs, "rules")
    return list(rules) if is_list(rules) else []


def _on(rule: Any, path: str) -> bool:
    return bool(value_at(rule, path) == "Enabled")


def _is_timed(rule: Any) -> bool:
    return one_of("Enabled")(value_at(rule, "destination.replicationTime.status"))


def _by_name(graph: ResourceGraph) -> dict[str, Resource]:
    names = ((value_at(each.inputs, "bucket"), each) for each in graph.of(*_BUCKETS))
    return {name: each for name, each in names if isinstance(name, str) and not is_unknown(name)}


def _bucket(graph: ResourceGraph, value: Any, named: Mapping[str, Resource]) -> Resource | None:
    """The bucket that a value refers to, or names, or gives the ARN of."""
    found = graph.target(value)
    if found is not None or not isinstance(value, str):
        return found if found is not None and found.type in _BUCKETS else None
    return named.get(value.rpartition(":")[2])


def _pairs(side: RegionSide, replications: list[BucketReplication]) -> Iterator[tuple[Resource, Resource]]:
    """Buckets of this side with those of the other one that they belong together with: one component has both, or a
    rule copies from one to the other."""
    linked = {(each.source.urn, each.target.urn): (each.source, each.target) for each in replications}
    for bucket in side.here(*_BUCKETS):
        others = {each.urn: each for each in _linked_with(bucket, linked.values()) if each.region == side.other}
        twin = side.counterparts.of(bucket)
        if twin is not None and bucket.component is not None and twin.component_name == bucket.component_name:
            others[twin.urn] = twin
        yield from ((bucket, other) for other in others.values())


def _linked_with(bucket: Resource, links: Any) -> Iterator[Resource]:
    for source, target in links:
        if source is bucket:
            yield target
        elif target is bucket:
            yield source


def _leads_nowhere_yet(graph: ResourceGraph, point: Resource) -> bool:
    """Whether it isn't known yet which buckets are behind a Multi-Region Access Point."""
    regions = value_at(point.inputs, "details.regions")
    buckets = [value_at(each, "bucket") for each in (regions if is_list(regions) else [regions])]
    return any(is_unknown(each) and graph.target(each) is None for each in buckets)


def _behind(graph: ResourceGraph, point: Resource) -> set[str]:
    """The buckets behind a Multi-Region Access Point."""
    regions = value_at(point.inputs, "details.regions")
    named = _by_name(graph)
    found = (_bucket(graph, value_at(each, "bucket"), named) for each in (regions if is_list(regions) else ()))
    return {each.urn for each in found if each is not None}


def _system(graph: ResourceGraph, table: Resource) -> Any:
    """The system that a table belongs to, by the stack's list of tables."""
    tables = graph.facts.config.get("tables")
    names = [each for each in tables if table.name.endswith(f"-{each}")] if isinstance(tables, Mapping) else []
    return value_at(tables, f"{max(names, key=len)}.system") if names else None


def _replica_regions(graph: ResourceGraph, table: Resource) -> set[Any]:
    own = value_at(table.inputs, "replicas")
    named = {value_at(each, "regionName") for each in (own if is_list(own) else (own,))}
    replicas = graph.of(aws.DYNAMODB_TABLE_REPLICA)
    return named | {each.region for each in replicas if graph.may_name(each, "globalTableArn", table)}
