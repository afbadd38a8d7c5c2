"""What holds data, or a name that others know, does not go at one careless moment."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.stateful_types import STATEFUL, types
from haven_policies.rules.availability.databases import CLUSTERS
from haven_policies.rules.availability.zones import LOAD_BALANCERS
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_off, is_true, is_unknown, maps_at, value_at

_PROTECTION: Mapping[str, str] = {
    **dict.fromkeys(CLUSTERS, "deletionProtection"),
    aws.RDS_INSTANCE: "deletionProtection",
    aws.RDS_GLOBAL_CLUSTER: "deletionProtection",
    aws.EKS_CLUSTER: "deletionProtection",
    aws.COGNITO_USER_POOL: "deletionProtection",
    aws.DYNAMODB_TABLE: "deletionProtectionEnabled",
    aws.DYNAMODB_TABLE_REPLICA: "deletionProtectionEnabled",
    **dict.fromkeys(LOAD_BALANCERS, "enableDeletionProtection"),
}
_STATEFUL = types(each for each in STATEFUL if each.protect)


@stack_rule(
    description="Databases, tables, balancers and clusters refuse to be deleted.",
    remediation="Set the property; take it off by hand, and on purpose, before something is really to go.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    severity=Severity.HIGH,
)
def deletion_protection(graph: ResourceGraph) -> Iterator[Finding]:
    """AWS itself refuses then, whoever asks. Throw-away environments are meant to go."""
    if graph.facts.ephemeral:
        return
    for record in graph.of(*_PROTECTION):
        path = _PROTECTION[record.type]
        value = value_at(record.inputs, path)
        if not (is_true(value) or value == "ACTIVE" or is_unknown(value)):
            yield against(record, path, "true", "set it")
    for table in graph.of(aws.DYNAMODB_TABLE):
        for path, replica in maps_at(table.inputs, "replicas"):
            if is_off(replica.get("deletionProtectionEnabled")):
                yield against(table, f"{path}.deletionProtectionEnabled", "true", "set it: it is each replica's own")


@stack_rule(
    description="The engine does not delete or replace what holds data.",
    remediation="Give it the resource option protect.",
    page="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
    severity=Severity.HIGH,
)
def stateful_resources_protected(graph: ResourceGraph) -> Iterator[Finding]:
    """`retainOnDelete` alone keeps the data but drops it from the state silently. Throw-away environments are meant to
    go."""
    for record in () if graph.facts.ephemeral else graph.of(*_STATEFUL):
        if not record.options.protect:
            fix = "set the option: an update that would delete or replace it is refused then"
            yield Finding(record, "opts.protect", "false", "true", fix)
