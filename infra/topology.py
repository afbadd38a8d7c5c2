"""Where a tier becomes components per Region: the one place that knows both."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random

from components import InferenceCluster, MultiRegionKey, NetworkPeering, PeeringSideArgs, RegionalNetwork
from components._support import region_code
from haven.tiers import STANDBY, Routing
from infra import compute, manifest, providers, report, stores, traffic
from infra.scale import Scale
from infra.settings import Settings


class Environment:
    """One environment. `declare` registers all of it, in the order in which things need each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = f"haven-{settings.stack}"
        self.primary = settings.regions.primary
        self.recovery = settings.regions.recovery
        self.both = (self.primary, self.recovery)
        self.scales = {region: Scale(settings, region) for region in self.both}
        self.standby = STANDBY[settings.tier]
        self.providers = providers.aws_providers(settings)
        self.random = pulumi_random.Provider("random")

    def declare(self) -> Mapping[str, Any]:
        """Register every resource.

        Returns:
            The stack's outputs: what a plan shows, what a runbook needs, what applications connect to.
        """
        self.key = self._key()
        self.buckets = {
            name: stores.bucket(self, name, timed=self.standby.object_time_control)
            for name in self.settings.storage.buckets
        }
        self.networks = {region: self._network(region) for region in self.both if self.scales[region].network}
        if self.standby.network:
            self._peering()
        self.clusters: dict[str, InferenceCluster] = {
            region: compute.cluster(self, region) for region in self.both if self.scales[region].cluster
        }
        self.database = stores.database(
            self,
            replicated=self.scales[self.recovery].database,
            write_forwarding=self.standby.write_forwarding,
        )
        if self.scales[self.recovery].full and self.settings.database.restore_snapshot:
            stores.restored_database(self, self.settings.database.restore_snapshot)
        self.cache = stores.cache(self, recovery=self.scales[self.recovery].cache, replicated=self.standby.cache)
        self._traffic()
        recovery_manifest = manifest.build(self)
        self._keep(recovery_manifest)
        return report.outputs(self, recovery_manifest)

    def options(self, region: str) -> pulumi.ResourceOptions:
        """Options of a component whose home is this Region."""
        return pulumi.ResourceOptions(providers=[self.providers[region], self.random])

    def region_key(self, region: str) -> pulumi.Output[str]:
        """ARN of the environment's key in a Region."""
        return self.key.primary_arn if region == self.primary else self.key.recovery_arn

    def cidr(self, region: str) -> str:
        """The VPC block of a Region."""
        cidrs = self.settings.network.cidrs
        return cidrs.primary if region == self.primary else cidrs.recovery

    def cluster_name(self, region: str) -> str:
        """Name of a Region's EKS cluster, whether or not it stands at the moment."""
        return f"{self.name}-{region_code(region)}"

    def bucket_base(self, name: str) -> str:
        """What the names of a pair of buckets begin with; the account makes them unique in the world."""
        return f"{self.name}-{name}-{self.settings.account}"

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
            self.options(self.primary),
        )

    def _network(self, region: str) -> RegionalNetwork:
        return RegionalNetwork(
            f"{self.name}-{region_code(region)}",
            {
                "region": region,
                "account_id": self.settings.account,
                "zones": list(self.settings.zones[region]),
                "cidr": self.cidr(region),
                "nat": self.scales[region].nat,
                "interface_endpoints": self.settings.network.interface_endpoints,
                "log_kms_key_arn": self.region_key(region),
                "ephemeral": self.settings.ephemeral,
            },
            self.options(region),
        )

    def _peering(self) -> None:
        NetworkPeering(
            f"{self.name}-peering",
            {
                "account_id": self.settings.account,
                "primary": self._peer(self.primary),
                "recovery": self._peer(self.recovery),
                "recovery_provider": self.providers[self.recovery],
            },
            self.options(self.primary),
        )

    def _peer(self, region: str) -> PeeringSideArgs:
        network = self.networks[region]
        return {
            "region": region,
            "vpc_id": network.vpc_id,
            "cidr": self.cidr(region),
            "route_table_ids": list(network.route_table_ids),
        }

    def _traffic(self) -> None:
        """Without a domain there is nothing to switch. In the manual tier the recovery Region's record joins once that
        Region stands at full scale."""
        domain = self.settings.domain
        self.service = None
        if domain is None:
            return
        manual = self.standby.routing is Routing.MANUAL
        vpcs = [self.primary] if manual else list(self.both)
        self.service = traffic.declare(
            self,
            domain,
            nearest=self.standby.routing is Routing.LATENCY,
            second=not manual or self.scales[self.recovery].full,
            private_in=vpcs,
        )

    def _keep(self, recovery_manifest: Mapping[str, Any]) -> None:
        """Store the manifest in both Regions: either of them may be the one that is left."""
        for region, provider in self.providers.items():
            aws.ssm.Parameter(
                f"{self.name}-manifest-{region_code(region)}",
                name=manifest.parameter_name(self.settings.stack),
                description="What a recovery needs to know of this environment",
                type="String",
                tier="Advanced",
                insecure_value=pulumi.Output.json_dumps(recovery_manifest, separators=(",", ":"), sort_keys=True),
                opts=pulumi.ResourceOptions(provider=provider, protect=not self.settings.ephemeral),
            )
