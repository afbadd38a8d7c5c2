"""One Region's replication group of a cache, with its subnet group, security group and logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.choices import CacheEngine, CacheEviction
from haven_components.data._cache_args import CacheSideArgs
from haven_components.names import CACHE_PORT, regional
from haven_components.shared.placement import Placement
from haven_components.shared.security_groups import client_access

SNAPSHOT_WINDOW = "03:00-04:00"
MAINTENANCE_HOURS = "22:00", "23:00"

# In a Global Datastore these belong to the datastore, which changes them in every member; a change through a member is
# refused ("is part of a global cluster. Request rejected", hashicorp/terraform-provider-aws#19929, #27875). AWS also
# gives each member a parameter group of its own making.
DECIDED_BY_DATASTORE = ["engine", "engineVersion", "nodeType", "numNodeGroups", "parameterGroupName", "port"]

# A promotion swaps the roles in the datastore, and whoever leaves it loses the identifier. A different value would
# replace the group and what it holds (the AWS provider forces that for both identifiers).
MOVED_BY_PROMOTION = ["globalReplicationGroupId"]


@dataclass(frozen=True)
class CommonCacheArgs:
    """What both groups are declared with."""

    name: str
    engine: CacheEngine
    engine_version: str
    node_type: str
    shards: int
    cluster_mode: bool
    regional: bool
    replicas_per_shard: int
    eviction: CacheEviction
    snapshot_retention_days: int
    log_retention_days: int
    token: pulumi.Output[str]
    ephemeral: bool


@dataclass(frozen=True)
class CachePlacement:
    """Where one group is."""

    children: Placement
    maintenance_day: str


class CacheSide:
    """Log groups, subnet group and security group of one Region, and the replication groups made there."""

    def __init__(self, common: CommonCacheArgs, args: CacheSideArgs, place: CachePlacement) -> None:
        self._common = common
        self._args = args
        self._place = place
        self._name = regional(common.name, args["region"])
        self._logs = [self._log_group("slow"), self._log_group("engine")]
        self._subnets = self._subnet_group()
        self._clients = client_access(
            self._name,
            vpc_id=args["vpc_id"],
            port=CACHE_PORT,
            cidrs=args["client_cidrs"],
            options=self._place.children.options,
        )

    def group(self, identifier: str, *, in_datastore: bool) -> aws.elasticache.ReplicationGroup:
        """A group with an engine and a size of its own: the primary, or one outside any Global Datastore."""
        common = self._common
        return self._replication_group(
            identifier,
            ignore=[*MOVED_BY_PROMOTION, *DECIDED_BY_DATASTORE] if in_datastore else MOVED_BY_PROMOTION,
            engine=common.engine.value,
            engine_version=common.engine_version,
            port=CACHE_PORT,
            node_type=common.node_type,
            num_node_groups=common.shards,
            parameter_group_name=self._parameters(identifier).name,
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
        )

    def member(self, identifier: str, datastore: pulumi.Output[str]) -> aws.elasticache.ReplicationGroup:
        """A secondary of a Global Datastore. It takes engine, nodes, shards, parameters and encryption from there;
        AWS refuses them as arguments (hashicorp/terraform-provider-aws#20893). Port, token and key:
        docs/decisions/0008-the-safe-side-of-what-only-aws-knows.md. If omitted, the engine is `redis` for
        the provider, which would replace a Valkey member because of it."""
        ignore = [*MOVED_BY_PROMOTION, *DECIDED_BY_DATASTORE]
        return self._replication_group(identifier, ignore=ignore, global_replication_group_id=datastore)

    def _log_group(self, kind: str) -> aws.cloudwatch.LogGroup:
        label = f"{self._name}-{kind}-log"
        return aws.cloudwatch.LogGroup(
            label,
            # Services that deliver logs share one policy; below this prefix it doesn't grow with every log group
            # (CloudWatch Logs User Guide, logs sent to CloudWatch Logs, read 2026-11-21).
            name=f"/aws/vendedlogs/{label}",
            retention_in_days=self._common.log_retention_days,
            kms_key_id=self._args["kms_key_arn"],
            tags={"Name": label},
            opts=self._place.children.stateful(),
        )

    def _subnet_group(self) -> aws.elasticache.SubnetGroup:
        return aws.elasticache.SubnetGroup(
            f"{self._name}-subnets",
            name=f"{self._name}-subnets",
            description=f"Subnets of {self._name}",
            subnet_ids=self._args["subnet_ids"],
            tags={"Name": f"{self._name}-subnets"},
            opts=self._place.children.options(),
        )

    def _parameters(self, identifier: str) -> aws.elasticache.ParameterGroup:
        # The family is part of the name: another major version gets a group beside this one.
        family = f"{self._common.engine.value}{self._common.engine_version.split('.')[0]}"
        label = f"{identifier}-{family}"
        return aws.elasticache.ParameterGroup(
            label,
            name=label,
            family=family,
            description=f"Parameters of {identifier}",
            parameters=[
                {"name": "cluster-enabled", "value": "yes" if self._common.cluster_mode else "no"},
                {"name": "maxmemory-policy", "value": self._common.eviction.value},
            ],
            tags={"Name": label},
            opts=self._place.children.options(),
        )

    def _replication_group(
        self, identifier: str, *, ignore: Sequence[str], **particular: Any
    ) -> aws.elasticache.ReplicationGroup:
        common, (begin, end) = self._common, MAINTENANCE_HOURS
        day = self._place.maintenance_day
        return aws.elasticache.ReplicationGroup(
            identifier,
            replication_group_id=identifier,
            description=f"Cache {common.name} in {self._args['region']}",
            replicas_per_node_group=common.replicas_per_shard,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            kms_key_id=self._args["kms_key_arn"],
            # A user group belongs to one Region, a token can be the same in both: clients need not learn another one.
            auth_token=common.token,
            subnet_group_name=self._subnets.name,
            security_group_ids=[self._clients.id],
            snapshot_retention_limit=common.snapshot_retention_days,
            snapshot_window=SNAPSHOT_WINDOW,
            maintenance_window=f"{day}:{begin}-{day}:{end}",
            final_snapshot_identifier=None if common.ephemeral else f"{identifier}-final",
            # Members of a Global Datastore must run one version: it is raised on purpose, not by itself.
            auto_minor_version_upgrade=False,
            # Otherwise a change waits for the window, and what is declared isn't what runs.
            apply_immediately=True,
            log_delivery_configurations=[
                {
                    "destination": group.name,
                    "destination_type": "cloudwatch-logs",
                    "log_format": "json",
                    "log_type": f"{kind}-log",
                }
                for kind, group in zip(("slow", "engine"), self._logs, strict=True)
            ],
            tags={"Name": identifier, **({"haven:regional": "true"} if common.regional else {})},
            **particular,
            opts=self._place.children.stateful(ignore_changes=list(ignore)),
        )
