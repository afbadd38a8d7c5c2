"""What holds data, or a name that others know, does not get deleted by one mistake."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven.program.stateful_types import STATEFUL, types
from haven_policies.rules.availability.databases import CLUSTERS
from haven_policies.rules.availability.zones import LOAD_BALANCERS
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.property_rules import Property, is_on, is_set, property_rule
from haven_policies.rules.resource_graph import ResourceGraph

_STATEFUL = types(each for each in STATEFUL if each.protect)


def _is_protected(value: object) -> bool:
    """Cognito has a text for it."""
    return is_on(value) or value == "ACTIVE"


deletion_protection = property_rule(
    "availability/deletion-protection",
    # AWS itself refuses then, whoever asks. Throw-away environments are meant to be deleted.
    *(
        Property(types, path, _is_protected, "true", "set it")
        for types, path in (
            (
                (
                    *CLUSTERS,
                    aws.RDS_INSTANCE,
                    aws.RDS_GLOBAL_CLUSTER,
                    aws.EKS_CLUSTER,
                    aws.COGNITO_USER_POOL,
                ),
                "deletionProtection",
            ),
            ((aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA), "deletionProtectionEnabled"),
            (LOAD_BALANCERS, "enableDeletionProtection"),
        )
    ),
    Property(
        (aws.DYNAMODB_TABLE,),
        "replicas[].deletionProtectionEnabled",
        is_set,
        "true",
        "set it: it is each replica's own",
    ),
    description="Databases, tables, load balancers and clusters refuse to be deleted.",
    remediation="Set the property; turn it off by hand, and on purpose, before a deletion.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    severity=Severity.HIGH,
    spares_ephemeral=True,
)


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
