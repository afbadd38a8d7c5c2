"""Everything that the tier decides, per Region and for both: pure functions of the settings. Parts read the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from haven.model.tiers import (
    LEAST_SYSTEM_NODES,
    STANDBY,
    DatabaseStandby,
    EndpointStandby,
    Routing,
    Tier,
    database_instances,
    gpu_share,
    standby_count,
)
from haven_components.choices import RecoveryApproach
from infra.config.node_models import GpuNodeGroup, SystemNodes
from infra.config.rules.systems import REGISTRY, SERVING, TRAINING, WORKFLOWS
from infra.config.settings import Settings
from infra.config.system_models import System

LEAST_REPLICAS = 2
"""Of what runs on processors, also on standby: one serves while the other's node is drained."""

APPROACHES = {
    Tier.BACKUP: RecoveryApproach.BACKUP_AND_RESTORE,
    Tier.PILOT_LIGHT: RecoveryApproach.PILOT_LIGHT,
    Tier.WARM: RecoveryApproach.WARM_STANDBY,
    Tier.ACTIVE_ACTIVE: RecoveryApproach.ACTIVE_ACTIVE,
}
"""Tier -> what AWS calls it. A hot standby takes no traffic and runs at full scale: no tier is one."""


@dataclass(frozen=True)
class Nodes:
    """Sizes of a managed node group."""

    min_size: int
    desired_size: int
    max_size: int


@dataclass(frozen=True)
class Replicas:
    """How many replicas of a system run, and to how many autoscaling may go."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Scale:
    """What one Region has, and how much of it."""

    full: bool
    """Whether the Region runs at full scale, or at standby scale."""
    forced: bool
    """Whether the config brings it down to standby scale by name, whatever has scaled it since."""
    network: bool
    nat: bool
    """Whether private subnets reach the internet."""
    endpoints_to_start: bool
    """Whether the network has only the interface endpoints that a start needs, in one zone."""
    cluster: bool
    cache: bool
    database: bool
    """Whether the global database has a member here."""
    database_instances: int
    """Instances of that member; 0 makes it a headless one."""
    system_nodes: Nodes
    gpu_nodes: Mapping[str, Nodes]
    """GPU node group -> its sizes."""
    systems: Mapping[str, Replicas]
    """System -> its replicas, of those that run on the clusters, in the order in which a recovery starts them."""


@dataclass(frozen=True)
class Replication:
    """What the environment replicates into its recovery Region, whichever Region is active."""

    network: bool
    """Whether both Regions always have a network, so that the two can be peered."""
    cluster: bool
    """Whether both Regions always have a cluster."""
    full_system_nodes: bool
    """Whether the recovery Region always runs all system nodes: faults there hit a working cluster."""
    database: bool
    """Whether the global database has a member in both Regions."""
    headless: bool
    """Whether a member may have no instance, so that nothing can be read from it."""
    write_forwarding: bool
    cache: bool
    """Whether the cache is a Global Datastore."""
    object_time_control: bool
    """Whether S3 replicates within 15 minutes, with metrics."""
    access_points: bool
    """Whether one Multi-Region Access Point serves both buckets of a pair."""
    tables: frozenset[str]
    """The tables with a replica."""
    approach: RecoveryApproach
    """The standby in the recovery Region, in AWS's words."""
    system_approaches: Mapping[str, RecoveryApproach]
    """System -> its standby."""
    backups_only: bool
    """Whether copied backups are the recovery point, because nothing replicates the database."""
    routing: Routing


def scales(settings: Settings) -> dict[str, Scale]:
    """Region -> its scale now.

    A Region runs at standby scale when writes go to the other one and `demote` names it. So a change of `active`
    enlarges one Region and leaves the other alone, in both directions.
    """
    regions = (settings.regions.primary, settings.regions.recovery)
    full = {region: region == settings.active or region != settings.demote for region in regions}
    return {
        region: _scale(settings, region, full=each, forced=settings.demotes and not each)
        for region, each in full.items()
    }


def extremes(settings: Settings) -> dict[str, tuple[Scale, Scale]]:
    """Region -> its full scale and its standby scale, whichever Region is active."""
    regions = (settings.regions.primary, settings.regions.recovery)
    return {region: (_scale(settings, region, full=True), _scale(settings, region, full=False)) for region in regions}


def replication(settings: Settings) -> Replication:
    """What the environment replicates."""
    standby = STANDBY[settings.tier]
    return Replication(
        network=standby.network,
        cluster=standby.cluster,
        full_system_nodes=standby.system_nodes == 1,
        database=standby.database is not DatabaseStandby.NONE,
        headless=standby.database is DatabaseStandby.HEADLESS,
        write_forwarding=standby.write_forwarding,
        cache=standby.cache,
        object_time_control=standby.object_time_control,
        access_points=standby.access_points,
        tables=frozenset(
            name for name, table in settings.tables.items() if STANDBY[settings.system_tier(table.system)].tables
        ),
        approach=APPROACHES[settings.tier],
        system_approaches={name: APPROACHES[settings.system_tier(name)] for name in settings.systems},
        backups_only=settings.tier is Tier.BACKUP,
        routing=standby.routing,
    )


def _scale(settings: Settings, region: str, *, full: bool, forced: bool = False) -> Scale:
    born_here = region == settings.regions.primary
    standby = STANDBY[_floor(settings.tier, born_here=born_here)]
    cluster = settings.cluster
    return Scale(
        full=full,
        forced=forced,
        network=full or standby.network,
        nat=full or standby.nat,
        endpoints_to_start=not full and standby.endpoints is EndpointStandby.START,
        cluster=full or standby.cluster,
        cache=full or born_here or standby.cache,
        database=born_here or standby.database is not DatabaseStandby.NONE,
        database_instances=_database_instances(settings, full=full),
        system_nodes=_scaled(cluster.system_nodes, Fraction(1) if full else standby.system_nodes, LEAST_SYSTEM_NODES),
        gpu_nodes={
            group.name: _scaled(group, _gpu_share(settings, group, full=full, born_here=born_here), 1)
            for group in cluster.gpu_node_groups
        },
        systems={
            name: _replicas(settings, name, settings.systems[name], full=full, born_here=born_here)
            for name in _recovery_order(settings)
        },
    )


def _recovery_order(settings: Settings) -> list[str]:
    """What others need comes first; before that, what is of a higher tier."""
    running = [name for name, system in settings.systems.items() if system.runs]
    kinds = (REGISTRY, SERVING, WORKFLOWS, TRAINING)
    return sorted(
        running, key=lambda name: (-settings.system_tier(name).rank, kinds.index(settings.systems[name].kind), name)
    )


def _replicas(settings: Settings, name: str, system: System, *, full: bool, born_here: bool) -> Replicas:
    """What has to write to the database, and training, wait until the Region serves; the rest runs with its share."""
    wanted = system.replicas
    most = wanted.maximum or wanted.minimum
    if full:
        return Replicas(wanted.minimum, most)
    tier = _floor(settings.system_tier(name), born_here=born_here)
    share = gpu_share(tier, settings.cluster.standby_share)
    if system.kind in (WORKFLOWS, TRAINING) or (
        system.kind == REGISTRY and not database_instances(settings.tier, settings.database.instances)
    ):
        share = Fraction(0)
    least = standby_count(wanted.minimum, share, 1 if system.kind == SERVING else LEAST_REPLICAS)
    return Replicas(least, most if most > wanted.minimum else max(least, 1))


def _floor(tier: Tier, *, born_here: bool) -> Tier:
    """The primary Region is never deleted, only reduced: as the recovery Region of tier pilot-light at the least."""
    return Tier.PILOT_LIGHT if born_here and tier is Tier.BACKUP else tier


def _database_instances(settings: Settings, *, full: bool) -> int:
    """A member that is the only one keeps all its instances."""
    wanted, tier = settings.database.instances, settings.tier
    only_member = STANDBY[tier].database is DatabaseStandby.NONE
    return wanted if full or only_member else database_instances(tier, wanted)


def _gpu_share(settings: Settings, group: GpuNodeGroup, *, full: bool, born_here: bool) -> Fraction:
    """By the tier of the system that the group serves."""
    if full:
        return Fraction(1)
    return gpu_share(_floor(settings.system_tier(group.system), born_here=born_here), settings.cluster.standby_share)


def _scaled(nodes: SystemNodes | GpuNodeGroup, share: Fraction, least: int) -> Nodes:
    desired = standby_count(nodes.desired_size, share, least)
    return Nodes(min(nodes.min_size, desired), desired, nodes.max_size)
