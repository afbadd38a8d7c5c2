"""What every part of an environment is declared from: its settings, its names, its providers, its earlier parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes
import pulumi_random

from haven_components import (
    EdgeBalancer,
    InferenceCluster,
    MultiRegionKey,
    MultiRegionKeyArgs,
    rds_certificates,
    subnet_layout,
)
from infra import names, tagging
from infra.config.settings import Settings
from infra.providers import aws_providers, witness_provider
from infra.refusals import Refusals
from infra.scale import Replication, Scale

KEY_USERS = (
    "aps.amazonaws.com",
    "backup.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "costalerts.amazonaws.com",
    "events.amazonaws.com",
)
"""AWS services that encrypt in their own name: what they publish to topics, put on buses and into vaults."""


@dataclass(frozen=True)
class Network:
    """The network of a Region, created by the environment or before it."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """One for each zone, in their order, as the other two."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    data_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    route_table_ids: Sequence[pulumi.Input[str]]
    """What a peering adds its routes to; empty: the network is not peered."""


class Environment:
    """One environment while it is being declared."""

    def __init__(self, settings: Settings, scales: Mapping[str, Scale], replication: Replication) -> None:
        self.settings = settings
        self.name = names.environment_name(settings.stack)
        self.refusals = Refusals(settings.stack)
        self.primary = settings.regions.primary
        self.recovery = settings.regions.recovery
        self.both = (self.primary, self.recovery)
        self.scales = scales
        self.replication = replication
        self.providers = aws_providers(settings)
        self._witness = witness_provider(settings)
        self.random = pulumi_random.Provider("random")
        self.key = self._key()
        self.networks: dict[str, Network] = {}
        self.clusters: dict[str, InferenceCluster] = {}
        self.kubernetes: dict[str, pulumi_kubernetes.Provider] = {}
        self.balancers: dict[str, EdgeBalancer] = {}

    def options(self, region: str, *stores: str, system: str | None = None) -> pulumi.ResourceOptions:
        """Options of a component whose home is this Region.

        Args:
            region: the Region.
            stores: what the component's data may be called in the config of data classes, the nearest name first.
            system: the system that alone needs it.
        """
        found = {
            tagging.DATA_CLASS: tagging.class_of(self.settings.residency, *stores),
            tagging.SYSTEM: system or tagging.SHARED,
        }
        default = tagging.defaults(self.settings.stack, self.settings.residency)
        own = {key: value for key, value in found.items() if value != default[key]}
        return pulumi.ResourceOptions(
            providers=[(self.providers | self._witness)[region], self.random], transformations=[*tagging.adding(own)]
        )

    def other(self, region: str) -> str:
        """The environment's other Region."""
        return self.recovery if region == self.primary else self.primary

    def region_key(self, region: str) -> pulumi.Output[str]:
        """ARN of the environment's key in a Region."""
        return self.key.primary_arn if region == self.primary else self.key.recovery_arn

    def database_certificates(self, region: str) -> str:
        """Root certificates, PEM, with which a Region's database is verified.

        Where Haven has none of a Region, those of the others, which verify nothing there: a plan warns.
        """
        known = region in rds_certificates.REGIONS
        haven_has = rds_certificates.certificates(region) if known else rds_certificates.all_certificates()
        return self.settings.database.certificates or haven_has

    def cidr(self, region: str) -> str:
        """The VPC block of a Region."""
        existing = self.settings.network.existing.get(region)
        if existing is not None:
            return existing.cidr
        cidrs = self.settings.network.cidrs
        return cidrs.primary if region == self.primary else cidrs.recovery

    def balancer_cidrs(self, region: str) -> list[str]:
        """Blocks of the subnets of a Region's load balancer: it answers, and asks its targets, from there."""
        return self._blocks(region, "private" if self.settings.edge.internal else "public")

    def scraper_cidrs(self, region: str) -> list[str]:
        """Blocks of the subnets from which Prometheus collects, the clusters' own; none without it."""
        return self._blocks(region, "private") if self.settings.watch.prometheus else []

    def _blocks(self, region: str, kind: str) -> list[str]:
        """Of subnets that exist already no blocks are known: the whole VPC's."""
        if region in self.settings.network.existing:
            return [self.cidr(region)]
        blocks = subnet_layout(self.cidr(region), len(self.settings.zones[region]))
        return [getattr(each, kind) for each in blocks]

    def cluster_name(self, region: str) -> str:
        """Name of a Region's EKS cluster, whether or not it exists at the moment."""
        return names.regional_name(self.settings.stack, region)

    def bucket_base(self, name: str) -> str:
        """What the names of a pair of buckets begin with; the account makes them unique in the world."""
        return names.bucket_base(self.settings.stack, self.settings.account, name)

    def _key(self) -> MultiRegionKey:
        args: MultiRegionKeyArgs = {
            "primary_region": self.primary,
            "recovery_region": self.recovery,
            "recovery_provider": self.providers[self.recovery],
            "description": f"Everything that environment {self.settings.stack} stores",
            "account_id": self.settings.account,
            "services": list(KEY_USERS),
            "ephemeral": self.settings.ephemeral,
        }
        isolated = sorted({arn.split(":")[4] for arn in self.settings.backups.isolated_vaults})
        if isolated:
            args["backup_account_ids"] = isolated
        return MultiRegionKey(f"{self.name}-key", args, self.options(self.primary, "keys"))
