"""How much of everything stands in a Region: a pure function of the settings."""

from dataclasses import dataclass
from fractions import Fraction

from haven.model.tiers import (
    LEAST_SYSTEM_NODES,
    STANDBY,
    Database,
    Standby,
    Tier,
    database_instances,
    gpu_share,
    standby_count,
)
from infra.config.models import GpuNodeGroup, SystemNodes
from infra.config.settings import Settings


@dataclass(frozen=True)
class Nodes:
    """Sizes of a managed node group."""

    min_size: int
    desired_size: int
    max_size: int


@dataclass(frozen=True)
class Scale:
    """The share of one Region.

    A Region stands at standby scale when writes go elsewhere and it is the one that `demote` names; otherwise it
    stands at full scale. So a flip of `active` enlarges one side and leaves the other alone, in both directions.
    """

    settings: Settings
    region: str

    @property
    def full(self) -> bool:
        """Whether this Region stands at full scale."""
        return self.region == self.settings.active or self.region != self.settings.demote

    @property
    def born_here(self) -> bool:
        """Whether this is the primary Region."""
        return self.region == self.settings.regions.primary

    @property
    def _standby(self) -> Standby:
        return STANDBY[self._floor(self.settings.tier)]

    def _floor(self, tier: Tier) -> Tier:
        """What stands in the primary Region is never taken away, only made smaller."""
        return Tier.PILOT_LIGHT if self.born_here and tier is Tier.BACKUP else tier

    @property
    def network(self) -> bool:
        """Whether there is a VPC."""
        return self.full or self._standby.network

    @property
    def nat(self) -> bool:
        """Whether private subnets reach the internet."""
        return self.full or self._standby.nat

    @property
    def cluster(self) -> bool:
        """Whether there is an EKS cluster."""
        return self.full or self._standby.cluster

    @property
    def cache(self) -> bool:
        """Whether there is a cache."""
        return self.full or self.born_here or self._standby.cache

    @property
    def database(self) -> bool:
        """Whether the global database has a member here."""
        return self.born_here or self._standby.database is not Database.NONE

    @property
    def database_instances(self) -> int:
        """Instances of the member here; 0 is a headless one. The only member there is keeps them all."""
        full, tier = self.settings.database.instances, self.settings.tier
        only_member = STANDBY[tier].database is Database.NONE
        return full if self.full or only_member else database_instances(tier, full)

    def system_nodes(self, nodes: SystemNodes) -> Nodes:
        """Sizes of the system node group."""
        share = Fraction(1) if self.full else self._standby.system_nodes
        return _scaled(nodes, share, LEAST_SYSTEM_NODES)

    def gpu_nodes(self, group: GpuNodeGroup) -> Nodes:
        """Sizes of a GPU node group, by the tier of the system that it serves."""
        if self.full:
            return _scaled(group, Fraction(1), 1)
        tier = self._floor(self.settings.system_tier(group.system))
        share = gpu_share(tier, self.settings.cluster.standby_share)
        return _scaled(group, share, 1)


def _scaled(nodes: SystemNodes | GpuNodeGroup, share: Fraction, least: int) -> Nodes:
    desired = standby_count(nodes.desired_size, share, least)
    return Nodes(min(nodes.min_size, desired), desired, nodes.max_size)
