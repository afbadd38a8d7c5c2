"""Where pulumi-aws 7 and version 5.100 of the AWS provider differ: the one table of what an export drops or renames.

pulumi-aws 7 is built on version 6 of the provider. An entry only counts where the provider at hand really lacks the
argument: with version 6 itself nothing is dropped.
"""

from dataclasses import dataclass

from haven.program import aws_types as aws

PROVIDER = "5.100.0"
"""The version that the table was read for."""


@dataclass(frozen=True)
class Difference:
    """One type or argument of pulumi-aws 7 that the provider doesn't have under that name."""

    token: str
    """The type as pulumi-aws calls it; `*` for every type."""
    argument: str
    """The argument as pulumi-aws calls it, dots between levels; empty for the whole type."""
    reason: str
    """In words for the user: what is lost."""
    read: str
    """The day on which this was checked against both schemas."""


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "*",
        "region",
        "before version 6 a resource's Region is its provider's and nothing else's",
        "2026-11-21",
    ),
    Difference(
        aws.ARCREGIONSWITCH_PLAN,
        "",
        "Region switch plans came with version 6 of the provider; this one has none",
        "2026-11-21",
    ),
    Difference(
        aws.CLOUDWATCH_EVENT_ARCHIVE,
        "kmsKeyIdentifier",
        "event archives got customer keys in version 6 of the provider; with this one a key of AWS's own encrypts them",
        "2026-11-21",
    ),
    Difference(
        aws.DYNAMODB_TABLE,
        "replicas.consistencyMode",
        "global tables got strong consistency in version 6 of the provider; this one makes eventually consistent ones",
        "2026-11-21",
    ),
    Difference(
        aws.DYNAMODB_TABLE,
        "globalTableWitness",
        "global tables got witnesses in version 6 of the provider; this one leaves the third Region out",
        "2026-11-21",
    ),
    Difference(
        aws.DYNAMODB_TABLE,
        "replicas.deletionProtectionEnabled",
        "replicas got deletion protection in version 6 of the provider; with this one only the home table has it",
        "2026-11-21",
    ),
    Difference(
        aws.EKS_CLUSTER,
        "deletionProtection",
        "EKS clusters got deletion protection in version 6 of the provider; this one can't set it",
        "2026-11-21",
    ),
    Difference(
        aws.EKS_NODE_GROUP,
        "updateConfig.updateStrategy",
        "node groups got update strategies in version 6 of the provider; this one always starts new nodes first",
        "2026-11-21",
    ),
    Difference(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "engine",
        "a Global Datastore's engine became an argument in version 6 of the provider; this one takes its primary's",
        "2026-11-21",
    ),
    Difference(
        aws.GRAFANA_WORKSPACE,
        "kmsKeyId",
        "Grafana workspaces got customer keys in version 6 of the provider; with this one a key of AWS's own encrypts",
        "2026-11-21",
    ),
)


def of_argument(token: str, argument: str) -> Difference | None:
    """The entry for an argument of a type, or for one that it lies in."""
    wanted = [each for each in DIFFERENCES if each.token in (token, "*") and each.argument]
    return next((each for each in wanted if f"{argument}.".startswith(f"{each.argument}.")), None)


def of_type(token: str) -> Difference | None:
    """The entry for a whole type."""
    return next((each for each in DIFFERENCES if each.token == token and not each.argument), None)
