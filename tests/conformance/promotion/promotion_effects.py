"""What a promotion changes outside Pulumi: one row per attribute that reads differently afterwards.

Operators promote with `FailoverGlobalCluster` or `SwitchoverGlobalCluster` (database), with
`FailoverGlobalReplicationGroup` (cache) and, where the recovery Region must write its secrets, with
`StopReplicationToReplica`. None of this is declared, so the next deployment must read it and leave it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

READ = "2026-11-21"
"""The day on which every source was last read."""

_GUIDE = "Aurora User Guide, Using switchover or failover in Amazon Aurora Global Database"
_PROVIDER = "hashicorp/terraform-provider-aws"


class Member(StrEnum):
    """Whose attribute it is."""

    PROMOTED = "the promoted side"
    DEMOTED = "the demoted side"
    BOTH = "both sides"
    SHARED = "shared by both sides"


class Evidence(StrEnum):
    """How it is known."""

    DOCUMENTED = "documented"
    REPORTED = "reported"
    ASSUMED = "assumed"


class Afterwards(StrEnum):
    """What the next deployment makes of it."""

    STAYS = "stays as it is"
    PUT_BACK = "is put back in place"


@dataclass(frozen=True)
class PromotionEffect:
    """One attribute that differs after a promotion."""

    type: str
    """The AWS provider's type of the resource."""
    attribute: str
    """The AWS provider's name."""
    member: Member
    actual: Any
    """What is read back. In braces: `other`, the ARN of the other side's member; `writer`, that of the promoted one;
    `promoted`, the name of the promoted side's cache group; `members`, the members of the global cluster with their
    roles; `later`, a later minor version; `same`, what was there before: endpoints keep their names, and which of them
    takes writes changes."""
    what: str
    evidence: Evidence
    source: str
    afterwards: Afterwards = Afterwards.STAYS
    otherwise: str = ""
    """The action of a declaration that does not ignore the change: `update`, `replace`, or empty for none."""


_DATABASE, _INSTANCE, _GLOBAL = "aws_rds_cluster", "aws_rds_cluster_instance", "aws_rds_global_cluster"
_CACHE, _DATASTORE = "aws_elasticache_replication_group", "aws_elasticache_global_replication_group"
_SECRET = "aws_secretsmanager_secret"

PROMOTION_EFFECTS: tuple[PromotionEffect, ...] = (
    PromotionEffect(
        _DATABASE,
        "replication_source_identifier",
        Member.PROMOTED,
        "",
        "it has no replication source any more",
        Evidence.REPORTED,
        f"{_PROVIDER}#42919; cloudposse/terraform-aws-rds-cluster#281",
    ),
    PromotionEffect(
        _DATABASE,
        "replication_source_identifier",
        Member.DEMOTED,
        "{other}",
        "it replicates from the promoted side; AWS refuses to set it back (promoting to standalone is not supported)",
        Evidence.ASSUMED,
        f"the mirror image of the row above; {_PROVIDER}#42919 is what a plan against it ends in",
        otherwise="update",
    ),
    PromotionEffect(
        _DATABASE,
        "global_cluster_identifier",
        Member.BOTH,
        "",
        "a member that is being rebuilt is out of the global cluster until its Region is healthy again; the provider"
        " may also miss a member that is in. Setting it anew detaches the member",
        Evidence.DOCUMENTED,
        f"{_GUIDE}, managed failovers; cloudposse/terraform-aws-rds-cluster#281",
        otherwise="update",
    ),
    PromotionEffect(
        _DATABASE,
        "engine_version",
        Member.BOTH,
        "{later}",
        "the global cluster has moved its members to a later minor version",
        Evidence.DOCUMENTED,
        "AWS provider, aws_rds_global_cluster, Upgrading Engine Versions",
        otherwise="update",
    ),
    PromotionEffect(
        _DATABASE,
        "engine_version_actual",
        Member.BOTH,
        "{later}",
        "the same",
        Evidence.DOCUMENTED,
        "AWS provider, aws_rds_global_cluster, Upgrading Engine Versions",
    ),
    PromotionEffect(
        _DATABASE,
        "endpoint",
        Member.BOTH,
        "{same}",
        "the writer endpoint of the promoted side works, that of the other one no longer; the global writer endpoint"
        " keeps its name",
        Evidence.DOCUMENTED,
        f"{_GUIDE}; Aurora User Guide, Connecting to Amazon Aurora Global Database",
    ),
    PromotionEffect(
        _DATABASE,
        "master_username",
        Member.DEMOTED,
        "",
        "a secondary has no master user of its own; the declared one would replace the member",
        Evidence.ASSUMED,
        "a secondary refuses user, password and database name: pulumi/pulumi-aws#3751",
        otherwise="replace",
    ),
    PromotionEffect(
        _DATABASE,
        "availability_zones",
        Member.DEMOTED,
        ["eu-west-1a", "eu-west-1b", "eu-west-1f"],
        "after a failover with loss of data the old primary gets a new storage volume, in zones that AWS selects",
        Evidence.ASSUMED,
        f"the volume is documented ({_GUIDE}, managed failovers), its zones are not",
    ),
    PromotionEffect(
        _DATABASE,
        "cluster_resource_id",
        Member.DEMOTED,
        "cluster-REBUILT",
        "the new volume may bring a new internal identifier",
        Evidence.ASSUMED,
        f"the volume is documented ({_GUIDE}, managed failovers), the identifier is not",
    ),
    PromotionEffect(
        _DATABASE,
        "cluster_members",
        Member.PROMOTED,
        ["made-by-the-runbook"],
        "a side without instances gets one before it can be promoted",
        Evidence.DOCUMENTED,
        f"{_GUIDE}, note on headless clusters",
    ),
    PromotionEffect(
        _DATABASE,
        "db_cluster_parameter_group_name",
        Member.PROMOTED,
        "made-by-hand",
        "nothing by itself: neither side takes over the other's group. AWS advises to adapt the promoted side's group;"
        " Haven declares both alike",
        Evidence.DOCUMENTED,
        f"{_GUIDE}, managed failovers",
        Afterwards.PUT_BACK,
        "update",
    ),
    PromotionEffect(
        _INSTANCE,
        "writer",
        Member.PROMOTED,
        True,
        "one of its readers becomes the writer",
        Evidence.DOCUMENTED,
        _GUIDE,
    ),
    PromotionEffect(
        _INSTANCE,
        "writer",
        Member.DEMOTED,
        False,
        "all of its instances are readers",
        Evidence.DOCUMENTED,
        _GUIDE,
    ),
    PromotionEffect(
        _INSTANCE,
        "engine_version",
        Member.BOTH,
        "{later}",
        "the global cluster has moved its members to a later minor version",
        Evidence.DOCUMENTED,
        "AWS provider, aws_rds_global_cluster, Upgrading Engine Versions",
    ),
    PromotionEffect(
        _INSTANCE,
        "promotion_tier",
        Member.BOTH,
        15,
        "nothing by itself: no source says that AWS changes it. An operator may have, to choose the writer",
        Evidence.ASSUMED,
        "none",
        Afterwards.PUT_BACK,
        "update",
    ),
    PromotionEffect(
        _GLOBAL,
        "global_cluster_members",
        Member.SHARED,
        "{members}",
        "the roles of the members are swapped, and both stay members",
        Evidence.DOCUMENTED,
        f"{_GUIDE}; RDS API, SwitchoverGlobalCluster",
    ),
    PromotionEffect(
        _GLOBAL,
        "source_db_cluster_identifier",
        Member.SHARED,
        "{writer}",
        "reads as the writer, if the global cluster was created from an existing cluster",
        Evidence.REPORTED,
        "aws-cloudformation/cloudformation-coverage-roadmap#1856",
    ),
    PromotionEffect(
        _DATASTORE,
        "primary_replication_group_id",
        Member.SHARED,
        "{promoted}",
        "the promoted side's group is the primary; the declared one would replace the datastore",
        Evidence.REPORTED,
        f"{_PROVIDER}#46121",
        otherwise="replace",
    ),
    PromotionEffect(
        _CACHE,
        "global_replication_group_id",
        Member.BOTH,
        "",
        "a removed member has none; the declared one would replace the group",
        Evidence.ASSUMED,
        f"{_PROVIDER}#32804 is about a member that has left",
        otherwise="replace",
    ),
    PromotionEffect(
        _CACHE,
        "parameter_group_name",
        Member.BOTH,
        "global-datastore-made-by-aws",
        "a member has the datastore's parameters, in a group that AWS creates",
        Evidence.REPORTED,
        f"{_PROVIDER}, which deletes that group with the member (replication_group.go)",
        otherwise="update",
    ),
    PromotionEffect(
        _CACHE,
        "engine_version",
        Member.BOTH,
        "8.1",
        "the datastore decides it for all members, and a change through a member is refused",
        Evidence.REPORTED,
        f"{_PROVIDER}#19929",
        otherwise="update",
    ),
    PromotionEffect(
        _CACHE,
        "engine",
        Member.BOTH,
        "valkey",
        "the datastore's: without it the provider assumes Redis and would replace the member",
        Evidence.DOCUMENTED,
        "AWS provider 5.100, aws_elasticache_replication_group, default of engine",
        otherwise="replace",
    ),
    PromotionEffect(
        _CACHE,
        "node_type",
        Member.BOTH,
        "cache.r7g.xlarge",
        "the datastore decides it for all members, and a change through a member is refused",
        Evidence.REPORTED,
        f"{_PROVIDER}#27875",
        otherwise="update",
    ),
    PromotionEffect(
        _CACHE,
        "configuration_endpoint_address",
        Member.BOTH,
        "{same}",
        "nothing that is documented: each Region keeps its own endpoint, and only that of the primary takes writes",
        Evidence.ASSUMED,
        "none",
    ),
    PromotionEffect(
        _SECRET,
        "replica",
        Member.SHARED,
        [],
        "a replica that was promoted is a secret of its own; declared again, it would be refused or overwritten",
        Evidence.DOCUMENTED,
        "Secrets Manager API, StopReplicationToReplica; Secrets Manager User Guide, Promote a replica secret",
        otherwise="update",
    ),
)
"""Roles in a Global Datastore show in no other attribute: the provider doesn't read them. DynamoDB's global tables and
S3's buckets have no primary, so nothing of theirs changes."""


def actual(effect: PromotionEffect, words: Mapping[str, Any]) -> Any:
    """What is read back, with the words in braces filled in."""
    if not isinstance(effect.actual, str):
        return effect.actual
    named = effect.actual.strip("{}") if effect.actual.startswith("{") else None
    return words[named] if named else effect.actual


def of(type_: str, member: Member) -> Iterator[PromotionEffect]:
    """The rows about a resource of this type that belongs to this side, or to both."""
    wanted = (member,) if member is Member.SHARED else (member, Member.BOTH)
    return (each for each in PROMOTION_EFFECTS if each.type == type_ and each.member in wanted)
