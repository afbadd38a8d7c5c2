"""The counterpart of a resource in the other Region.

Two resources are each other's counterparts when

- one is made as the other's replica: it refers to it in a property of `REPLICA_OF`; or
- they have the same type and the same place: the same component, under names that are equal once each Region's own
  words are taken out of them: its name, its short form, the addresses of its networks.

What has no counterpart is either missing, or of a kind of which one is enough (`ONE_IS_ENOUGH`).
"""

import re
from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import value_at

REPLICA_OF: Mapping[str, str] = {
    aws.DYNAMODB_TABLE_REPLICA: "globalTableArn",
    aws.EC2_VPC_PEERING_CONNECTION_ACCEPTER: "vpcPeeringConnectionId",
    aws.KMS_REPLICA_EXTERNAL_KEY: "primaryKeyArn",
    aws.KMS_REPLICA_KEY: "primaryKeyArn",
    aws.RDS_INSTANCE: "replicateSourceDb",
}
"""Type of a replica -> the property that names what it is a replica of."""

_GLOBAL = "its service is one for all Regions"
_BOTH = "it names both Regions itself"

ONE_IS_ENOUGH: Mapping[str, str] = {
    aws.BACKUP_PLAN: "backups are made where writes go, and copied from there",
    aws.BACKUP_RESTORE_TESTING_PLAN: "restores are tested where the copies are",
    aws.BACKUP_RESTORE_TESTING_SELECTION: "restores are tested where the copies are",
    aws.BACKUP_SELECTION: "backups are made where writes go, and copied from there",
    aws.BUDGETS_BUDGET: _GLOBAL,
    aws.CLOUDWATCH_DASHBOARD: "one picture shows both Regions",
    aws.COSTEXPLORER_ANOMALY_MONITOR: _GLOBAL,
    aws.COSTEXPLORER_ANOMALY_SUBSCRIPTION: _GLOBAL,
    aws.EC2_PEERING_CONNECTION_OPTIONS: "each side of a peering has its own kind",
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP: _BOTH,
    aws.ELASTICACHE_PARAMETER_GROUP: "a secondary of a Global Datastore has its primary's parameters",
    aws.FIS_EXPERIMENT_TEMPLATE: "a fault of the writer is tried where the writer is",
    "aws:iam/": _GLOBAL,
    aws.RDS_GLOBAL_CLUSTER: _BOTH,
    "aws:route53/": _GLOBAL,
    "aws:s3control/multiRegionAccessPoint": _BOTH,
    "aws:secretsmanager/": "a secret names the Regions of its replicas",
}
"""Type, or what types begin with -> why the other Region needs none of its own."""


class Counterparts:
    """Which resources are counterparts in an environment's two Regions."""

    def __init__(self, graph: ResourceGraph) -> None:
        self._pairs: dict[str, Resource] = {}
        facts = graph.facts
        if facts.primary is None or facts.recovery is None:
            return
        places = {region: _places(graph, region, facts.other(region)) for region in (facts.primary, facts.recovery)}
        for place, record in places[facts.primary].items():
            self._pair(record, places[facts.recovery].get(place))
        for type_, path in REPLICA_OF.items():
            for replica in graph.of(type_):
                self._pair(replica, graph.target(replica.inputs.get(path)))

    def _pair(self, one: Resource, other: Resource | None) -> None:
        if other is not None and one.region != other.region:
            self._pairs[one.urn], self._pairs[other.urn] = other, one

    def of(self, record: Resource) -> Resource | None:
        """The counterpart of a resource in the other Region."""
        return self._pairs.get(record.urn)


def one_is_enough(record: Resource) -> str | None:
    """Why this resource needs no counterpart in the other Region; None where it needs one."""
    found = (why for type_, why in ONE_IS_ENOUGH.items() if record.type.startswith(type_))
    return next(found, None)


def _places(graph: ResourceGraph, region: str, other: str | None) -> dict[tuple[str, ...], Resource]:
    here, there = _words(graph, region), _words(graph, other)

    def neutral(name: str | None) -> str:
        return there.sub("<there>", here.sub("<here>", name or ""))

    return {
        (each.component or "", neutral(each.component_name), each.type, neutral(each.name)): each
        for each in graph.of("aws:", "eks:", region=region)
    }


def _words(graph: ResourceGraph, region: str | None) -> re.Pattern[str]:
    """The part of a name that names its Region."""
    return re.compile("|".join(re.escape(each) for each in _own_words(graph, region)) or "(?!)")


def _own_words(graph: ResourceGraph, region: str | None) -> Iterator[str]:
    if region is None:
        return
    for vpc in graph.of(aws.EC2_VPC, region=region):
        block = value_at(vpc.inputs, "cidrBlock")
        if isinstance(block, str):
            yield from (block, re.sub(r"[./]", "-", block))
    yield from (region, short(region))


def short(region: str) -> str:
    """The form of a Region that names carry: `eu-west-1` is `euw1`, `us-gov-east-1` is `usgove1`."""
    return re.sub("north|south|east|west|central", lambda found: found[0][0], region).replace("-", "")
