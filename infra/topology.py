"""Where a tier becomes components: the only place that knows both."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random

from components import (
    DnsRouting,
    FailoverDns,
    GlobalCache,
    GlobalDatabase,
    InferenceCluster,
    MultiRegionKey,
    NetworkPeering,
    RegionalNetwork,
    ReplicatedBucket,
    TrafficSwitch,
)
from haven.tiers import STANDBY, Routing
from infra import manifest, providers, report
from infra.addons import pinned
from infra.scale import Scale
from infra.settings import Settings


class Environment:
    """One environment. `declare` registers all of it, in the order in which things need each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = f"haven-{settings.stack}"
        self.primary = settings.regions.primary
        self.recovery = settings.regions.recovery
        self.scales = {region: Scale(settings, region) for region in (self.primary, self.recovery)}
        self.standby = STANDBY[settings.tier]
        self.providers = providers.aws_providers(settings)
        self.random = pulumi_random.Provider("random")
        self.networks: dict[str, RegionalNetwork] = {}
        self.clusters: dict[str, InferenceCluster] = {}

    def declare(self) -> Mapping[str, Any]:
        """Register every resource.

        Returns:
            The stack's outputs: what a plan shows, what a runbook needs, what applications connect to.
        """
        self.key = self._key()
        self.buckets = {name: self._bucket(name) for name in self.settings.storage.buckets}
        for region, scale in self.scales.items():
            if scale.network:
                self.networks[region] = self._network(region)
        if self.standby.network:
            self._peering()
        for region, scale in self.scales.items():
            if scale.cluster:
                self.clusters[region] = self._cluster(region)
        self.database = self._database()
        self.restored = self._restored_database()
        self.cache = self._cache()
        self.switch = self._switch()
        self.dns = self._dns()
        recovery_manifest = manifest.build(self)
        self._store(recovery_manifest)
        return report.outputs(self, recovery_manifest)

    def region_key(self, region: str) -> pulumi.Output[str]:
        """ARN of the environment's key in a Region."""
        return self.key.primary_arn if region == self.primary else self.key.recovery_arn

    def _in(self, region: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.providers[region], self.random])

    def _key(self) -> MultiRegionKey:
        return MultiRegionKey(
            f"{self.name}-key",
            {
                "primary_region": self.primary,
                "recovery_region": self.recovery,
                "recovery_provider": self.providers[self.recovery],
                "description": f"Everything that environment {self.settings.stack} stores",
                "account_id": self.settings.account,
                "ephemeral": self.settings.ephemeral,
            },
            self._in(self.primary),
        )

    def _bucket(self, name: str) -> ReplicatedBucket:
        bucket = self.settings.storage.buckets[name]
        return ReplicatedBucket(
            f"{self.name}-{name}",
            {
                "account_id": self.settings.account,
                "primary": {"region": self.primary, "kms_key_arn": self.key.primary_arn},
                "recovery": {"region": self.recovery, "kms_key_arn": self.key.recovery_arn},
                "recovery_provider": self.providers[self.recovery],
                "bucket_name": f"{self.name}-{name}-{self.settings.account}",
                "replication_time_control": self.standby.object_time_control,
                "noncurrent_days": bucket.noncurrent_days,
                "ephemeral": self.settings.ephemeral,
                **({"object_lock_days": bucket.object_lock_days} if bucket.object_lock_days else {}),
            },
            self._in(self.primary),
        )

    def _network(self, region: str) -> RegionalNetwork:
        return RegionalNetwork(
            f"{self.name}-{region_code(region)}",
            {
                "region": region,
                "account_id": self.settings.account,
                "zones": list(self.settings.zones[region]),
                "cidr": self._cidr(region),
                "nat": self.scales[region].nat,
                "interface_endpoints": self.settings.network.interface_endpoints,
                "log_kms_key_arn": self.region_key(region),
                "ephemeral": self.settings.ephemeral,
            },
            self._in(region),
        )

    def _peering(self) -> NetworkPeering:
        return NetworkPeering(
            f"{self.name}-peering",
            {
                "account_id": self.settings.account,
                "primary": self._peer(self.primary),
                "recovery": self._peer(self.recovery),
                "recovery_provider": self.providers[self.recovery],
            },
            self._in(self.primary),
        )

    def _peer(self, region: str) -> PeeringSideArgs:
        network = self.networks[region]
        return {
            "region": region,
            "vpc_id": network.vpc_id,
            "cidr": self._cidr(region),
            "route_table_ids": list(network.route_table_ids),
        }

    def _cidr(self, region: str) -> str:
        cidrs = self.settings.network.cidrs
        return cidrs.primary if region == self.primary else cidrs.recovery

    def _clients(self) -> list[str]:
        """The networks that may connect to data stores: both, so that a failover opens nothing."""
        return [self._cidr(self.primary), self._cidr(self.recovery)]

    def _cluster(self, region: str) -> InferenceCluster:
        cluster, network, scale = self.settings.cluster, self.networks[region], self.scales[region]
        system = scale.system_nodes(cluster.system_nodes)
        return InferenceCluster(
            f"{self.name}-{region_code(region)}",
            {
                "region": region,
                "account_id": self.settings.account,
                "kubernetes_version": cluster.version,
                "vpc_id": network.vpc_id,
                "subnet_ids": network.private_subnet_ids,
                "zones": list(self.settings.zones[region]),
                "kms_key_arn": self.region_key(region),
                "addons": pinned(cluster.version, cluster.addons),
                "public_access_cidrs": list(cluster.public_access_cidrs),
                "access_entries": [
                    {"principal_arn": arn, "policy": ClusterAccessPolicy.ADMIN} for arn in cluster.admin_role_arns
                ],
                "system_nodes": {
                    "instance_types": list(cluster.system_nodes.instance_types),
                    "disk_gib": cluster.system_nodes.disk_gib,
                    **_sizes(system),
                },
                "gpu_node_groups": [self._gpu_group(region, group) for group in cluster.gpu_node_groups],
                "ephemeral": self.settings.ephemeral,
            },
            self._in(region),
        )

    def _gpu_group(self, region: str, group: GpuNodeGroup) -> GpuNodeGroupArgs:
        args: GpuNodeGroupArgs = {
            "name": group.name,
            "instance_types": list(group.instance_types),
            "disk_gib": group.disk_gib,
            "labels": {**group.labels, **({"haven.dev/system": group.system} if group.system else {})},
            **_sizes(self.scales[region].gpu_nodes(group)),
        }
        reserved = group.capacity_reservations.get(region)
        if reserved:
            args["instance_types"] = [reserved.instance_type]
            args["capacity_reservation"] = {
                "id": reserved.id,
                "zone": reserved.zone,
                "instance_type": reserved.instance_type,
            }
        return args

    def _database(self) -> GlobalDatabase:
        settings = self.settings
        replicated = self.scales[self.recovery].database
        return GlobalDatabase(
            f"{self.name}-db",
            {
                **self._database_basics(),
                "primary": self._database_side(self.primary),
                "recovery_secret": {"region": self.recovery, "kms_key_arn": self.key.recovery_arn},
                "active_region": settings.active if replicated else self.primary,
                "write_forwarding": self.standby.write_forwarding,
                **(
                    {
                        "recovery": self._database_side(self.recovery),
                        "recovery_provider": self.providers[self.recovery],
                    }
                    if replicated
                    else {}
                ),
            },
            self._in(self.primary),
        )

    def _database_basics(self) -> Mapping[str, Any]:
        database = self.settings.database
        return {
            "account_id": self.settings.account,
            "engine_version": database.engine_version,
            "instance_class": database.instance_class,
            "database_name": database.name,
            "master_username": database.username,
            "backup_retention_days": database.backup_retention_days,
            "ephemeral": self.settings.ephemeral,
        }

    def _database_side(self, region: str) -> DatabaseSideArgs:
        network = self.networks[region]
        return {
            "region": region,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.data_subnet_ids,
            "kms_key_arn": self.region_key(region),
            "client_cidrs": self._clients(),
            "instances": self.scales[region].database_instances,
        }

    def _restored_database(self) -> GlobalDatabase | None:
        """Where no member waits in the recovery Region, a new database is born there from a copied snapshot."""
        snapshot = self.settings.database.restore_snapshot
        if self.settings.active != self.recovery or snapshot is None:
            return None
        return GlobalDatabase(
            f"{self.name}-db-restored",
            {
                **self._database_basics(),
                "primary": self._database_side(self.recovery),
                "recovery_secret": {"region": self.primary, "kms_key_arn": self.key.primary_arn},
                "write_forwarding": False,
                "snapshot": snapshot,
            },
            self._in(self.recovery),
        )

    def _cache(self) -> GlobalCache:
        cache = self.settings.cache
        here = self.scales[self.recovery].cache
        return GlobalCache(
            f"{self.name}-cache",
            {
                "account_id": self.settings.account,
                "primary": self._cache_side(self.primary),
                "global_datastore": self.standby.cache,
                "recovery_secret": {"region": self.recovery, "kms_key_arn": self.key.recovery_arn},
                "engine": CacheEngine(cache.engine),
                "engine_version": cache.engine_version,
                "node_type": cache.node_type,
                "shards": cache.shards,
                "replicas_per_shard": cache.replicas,
                "snapshot_retention_days": cache.snapshot_retention_days,
                "ephemeral": self.settings.ephemeral,
                **(
                    {"recovery": self._cache_side(self.recovery), "recovery_provider": self.providers[self.recovery]}
                    if here
                    else {}
                ),
            },
            self._in(self.primary),
        )

    def _cache_side(self, region: str) -> CacheSideArgs:
        network = self.networks[region]
        return {
            "region": region,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.data_subnet_ids,
            "kms_key_arn": self.region_key(region),
            "client_cidrs": self._clients(),
        }

    def _switch(self) -> TrafficSwitch | None:
        if self.settings.domain is None:
            return None
        return TrafficSwitch(
            f"{self.name}-switch",
            {
                "account_id": self.settings.account,
                "primary_region": self.primary,
                "recovery_region": self.recovery,
                "recovery_provider": self.providers[self.recovery],
                **(
                    {"endpoints": [self._endpoint(self.primary), self._endpoint(self.recovery)]}
                    if self.settings.traffic.automatic
                    else {}
                ),
            },
            self._in(self.primary),
        )

    def _endpoint(self, region: str) -> EndpointCheckArgs:
        return {
            "region": region,
            "hostname": self.entrance(region),
            "path": self.settings.traffic.readiness_path,
            "port": 443,
        }

    def entrance(self, region: str) -> str:
        """The name under which a Region's own ingress is published."""
        return f"{SERVICE}-{region_code(region)}.{self.settings.domain}"

    def _dns(self) -> FailoverDns | None:
        if self.settings.domain is None or self.switch is None:
            return None
        second = self.standby.routing is not Routing.MANUAL or self.settings.active == self.recovery
        return FailoverDns(
            f"{self.name}-dns",
            {
                "domain": self.settings.domain,
                "record_name": SERVICE,
                "routing": DnsRouting.LATENCY if self.standby.routing is Routing.LATENCY else DnsRouting.FAILOVER,
                "primary": {
                    "region": self.primary,
                    "target": self.entrance(self.primary),
                    "health_check_id": self.switch.primary_health_check_id,
                },
                "private_zone": {
                    "vpcs": [{"vpc_id": each.vpc_id, "region": region} for region, each in self._private_vpcs()]
                },
                "ephemeral": self.settings.ephemeral,
                **({"hosted_zone_id": self.settings.hosted_zone_id} if self.settings.hosted_zone_id else {}),
                **(
                    {
                        "recovery": {
                            "region": self.recovery,
                            "target": self.entrance(self.recovery),
                            "health_check_id": self.switch.recovery_health_check_id,
                        }
                    }
                    if second
                    else {}
                ),
            },
            self._in(self.primary),
        )

    def _private_vpcs(self) -> list[tuple[str, RegionalNetwork]]:
        """The VPCs in which the private zone answers: those that stand whichever Region is active."""
        return [
            (region, each) for region, each in self.networks.items() if region == self.primary or self.standby.network
        ]
