"""Differences between pulumi-aws 7 and version 5.100 of the AWS provider: types and arguments that an export drops.

pulumi-aws 7 is built on version 6 of the provider. An entry only applies if the provider in use lacks the argument:
with version 6 an export drops nothing.
"""

from dataclasses import dataclass

from haven.program import aws_types as aws

PROVIDER = "5.100.0"
"""The provider version that exports are made for."""


@dataclass(frozen=True)
class ProviderDifference:
    """One type or argument of pulumi-aws 7 that the provider lacks."""

    token: str
    """pulumi-aws's type token; `*` for every type."""
    argument: str
    """pulumi-aws's property name, with dots between levels; empty for the whole type."""
    reason: str
    """What is lost, in words for users."""
    checked_on: str
    """The day on which this was checked against both schemas, ISO 8601."""


DIFFERENCES: tuple[ProviderDifference, ...] = (
    ProviderDifference(
        "*",
        "region",
        "before version 6, a resource always has its provider's Region",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.ARCREGIONSWITCH_PLAN,
        "",
        "Region switch plans came with version 6 of the provider; this version has none",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.CLOUDWATCH_EVENT_ARCHIVE,
        "kmsKeyIdentifier",
        "event archives got customer keys in version 6 of the provider; here an AWS owned key encrypts them",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.DYNAMODB_TABLE,
        "replicas.consistencyMode",
        "global tables got strong consistency in version 6 of the provider; this version has eventual consistency",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.DYNAMODB_TABLE,
        "globalTableWitness",
        "global tables got witnesses in version 6 of the provider; this version leaves the witness Region out",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.DYNAMODB_TABLE,
        "replicas.deletionProtectionEnabled",
        "replicas got deletion protection in version 6 of the provider; with this version only the table itself has it",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.EKS_CLUSTER,
        "deletionProtection",
        "EKS clusters got deletion protection in version 6 of the provider; this version can't set it",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.EKS_NODE_GROUP,
        "updateConfig.updateStrategy",
        "node groups got update strategies in version 6 of the provider; this version always starts new nodes first",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.EKS_NODE_GROUP,
        "warmPoolConfig",
        "node groups got warm pools in version 6 of the provider; with this version every missing node is launched",
        "2026-11-26",
    ),
    ProviderDifference(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "engine",
        "a Global Datastore's engine became an argument in version 6 of the provider; this version uses its primary's",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.GRAFANA_WORKSPACE,
        "kmsKeyId",
        "Grafana workspaces got customer keys in version 6 of the provider; here an AWS owned key encrypts",
        "2026-11-21",
    ),
    ProviderDifference(
        aws.ROUTE53_ZONE,
        "enableAcceleratedRecovery",
        "hosted zones got accelerated recovery in version 6 of the provider; with this version nobody changes records "
        "while us-east-1 is out",
        "2026-11-27",
    ),
    *(
        ProviderDifference(
            token,
            "",
            "the next generation of Resilience Hub is younger than this version of the provider",
            "2026-11-26",
        )
        for token in (
            aws.RESILIENCEHUB_V2_INPUT_SOURCE,
            aws.RESILIENCEHUB_V2_POLICY,
            aws.RESILIENCEHUB_V2_SERVICE,
            aws.RESILIENCEHUB_V2_SYSTEM,
        )
    ),
)


def of_argument(token: str, argument: str) -> ProviderDifference | None:
    """The entry for an argument of a type, or for an argument that contains it."""
    wanted = [each for each in DIFFERENCES if each.token in (token, "*") and each.argument]
    return next((each for each in wanted if f"{argument}.".startswith(f"{each.argument}.")), None)


def of_type(token: str) -> ProviderDifference | None:
    """The entry for a whole type."""
    return next((each for each in DIFFERENCES if each.token == token and not each.argument), None)
