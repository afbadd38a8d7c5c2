"""What differs between the two Regions although both have it: a recovery would run on something else."""

from collections.abc import Iterator, Mapping
from typing import Any

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import RegionSide, sides
from haven_policies.rules.values import in_words, is_list, is_unknown, plain, value_at

_MACHINES: Mapping[str, str] = {aws.RDS_CLUSTER_INSTANCE: "instanceClass", aws.EKS_NODE_GROUP: "instanceTypes"}
_VERSIONS: Mapping[str, str] = {aws.EKS_CLUSTER: "version", aws.RDS_CLUSTER: "engineVersion"}


@stack_rule(
    description="Both Regions run on the same types of machines.",
    remediation="Give both sides the same instance class, and the same instance types.",
    page="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html",
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def standby_same_machines(graph: ResourceGraph) -> Iterator[Finding]:
    """A smaller instance that is promoted gets the load of the bigger one."""
    yield from _unlike(graph, _MACHINES, "give both Regions the same")


@stack_rule(
    description="Both Regions run the same versions of Kubernetes and of the database's engine.",
    remediation="Upgrade both sides, in the order of docs/engine-upgrades.md.",
    page="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html",
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def standby_same_versions(graph: ResourceGraph) -> Iterator[Finding]:
    """What runs on one version was never tried on the other; in the middle of an upgrade it has to differ."""
    yield from _unlike(graph, _VERSIONS, "upgrade the one that is behind")


def _unlike(graph: ResourceGraph, paths: Mapping[str, str], fix: str) -> Iterator[Finding]:
    """What the standby Region has otherwise than its counterpart; what isn't known yet is like anything."""
    for side in sides(graph):
        if side.serves:
            continue
        for type_, path in paths.items():
            for record in side.here(type_):
                yield from _compared(side, record, path, fix)


def _compared(side: RegionSide, record: Resource, path: str, fix: str) -> Iterator[Finding]:
    counterpart = side.counterparts.of(record)
    if counterpart is None:
        return
    here, there = (_settled(value_at(each.inputs, path)) for each in (record, counterpart))
    if here is not None and there is not None and here != there:
        allowed = f"{in_words(value_at(counterpart.inputs, path))}, as {counterpart.name} in {side.other}"
        yield against(record, path, allowed, fix)


def _settled(value: Any) -> Any:
    """A value that can be compared; the order of a list means nothing, None is unknown."""
    if is_list(value):
        each = [plain(one) for one in value]
        return None if any(is_unknown(one) for one in each) else sorted(map(str, each))
    return None if is_unknown(value) else value
