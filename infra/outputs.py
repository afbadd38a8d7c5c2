"""The stack's outputs: what a plan shows, what applications connect to, what a runbook needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws

from haven_components import GlobalCache, GlobalDatabase, MultiRegionAccessPoint
from infra import names
from infra.config import addons
from infra.config.rules import access, engines, instances, networks, placeholders, queues, systems
from infra.config.rules.nodes import fit, gpu_memory, placement
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts import backups
from infra.parts.recovery import operations
from infra.parts.traffic import Service
from infra.scale import Replication


@dataclass(frozen=True)
class Reached:
    """What applications connect to."""

    database: GlobalDatabase
    cache: GlobalCache
    service: Service | None
    points: Mapping[str, MultiRegionAccessPoint]
    reading: aws.iam.Policy
    """What lets a role read the endpoints document."""


def build(
    environment: Environment, promised: Mapping[str, Any], reached: Reached, recovery_manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that the stack exports.

    Args:
        environment: the environment.
        promised: its tier, and what that promises.
        reached: what applications connect to.
        recovery_manifest: what a recovery needs to know.
    """
    settings = environment.settings
    return {
        **promised,
        "active": settings.active,
        "regions": {"primary": settings.regions.primary, "recovery": settings.regions.recovery},
        "zones": {region: list(zones) for region, zones in settings.zones.items()},
        **_existing_networks(settings),
        "endpoints": _endpoints(environment, reached),
        "manifest": recovery_manifest,
        "notes": list(_notes(settings, environment.replication)),
    }


def _endpoints(environment: Environment, reached: Reached) -> dict[str, Any]:
    """What applications connect to; the database's writer is found under one name before and after a failover."""
    database, cache, service = reached.database, reached.cache, reached.service
    return {
        "parameter": names.endpoints_parameter(environment.settings.stack),
        "readPolicy": reached.reading.arn,
        "databaseWriter": database.writer_endpoint,
        "databaseSecret": database.secret_arn,
        "cache": {environment.primary: cache.primary_endpoint, environment.recovery: cache.recovery_endpoint},
        "cacheSecret": cache.secret_arn,
        "clusters": {region: cluster.cluster_name for region, cluster in environment.clusters.items()},
        **({"service": service.name, "entrances": service.entrances} if service else {}),
        **(_balancers(environment) if environment.balancers else {}),
        **({"accessPoints": {name: each.arn for name, each in reached.points.items()}} if reached.points else {}),
    }


def _has_no_copy(settings: Settings, replication: Replication, table: str) -> bool:
    return table not in replication.tables and not settings.tables[table].restored


def _existing_networks(settings: Settings) -> dict[str, Any]:
    found = {region: each.vpc_id for region, each in settings.network.existing.items()}
    return {"existingNetworks": found} if found else {}


def _balancers(environment: Environment) -> dict[str, Any]:
    """What a TargetGroupBinding names, and whom network policies have to let in."""
    balancers = environment.balancers.items()
    return {
        "targetGroups": {region: each.target_group_arn for region, each in balancers},
        "balancerSecurityGroups": {region: each.security_group_id for region, each in balancers},
    }


def _notes(settings: Settings, replication: Replication) -> list[str]:
    notes = instances.notes(settings.regions, settings.zones, settings.cluster, settings.database, settings.cache)
    notes += addons.notes(settings.cluster.version, settings.cluster.addons, prometheus=settings.watch.prometheus)
    notes += engines.notes(settings.database, settings.regions)
    notes += backups.notes(settings, replication)
    if settings.domain is None:
        notes.append("no haven:domain: no DNS records and no traffic switch are declared")
    elif settings.hosted_zone_id is None and not settings.edge.certificates:
        notes.append(
            f"the zone of {settings.domain} is new: its certificates become valid once the parent domain delegates to"
            " its name servers; do that while the first `up` waits, or name a zone in haven:hostedZoneId"
        )
    notes += operations.notes(settings)
    notes += networks.notes(settings.network, settings.regions, experiments=settings.experiments)
    notes += access.notes(settings.cluster, settings.edge, settings.domain)
    notes += queues.notes(settings.cluster)
    notes += fit.notes(settings.systems, settings.cluster)
    notes += gpu_memory.notes(settings.systems, settings.cluster)
    notes += placement.notes(settings)
    notes += systems.notes(settings.systems, settings.controllers, settings.domain, mesh=settings.mesh)
    notes += placeholders.notes(settings.systems, settings.controllers)
    if settings.edge.certificates and settings.domain is not None:
        notes.append(
            f"the certificates of haven:edge.certificates must also fit *.internal.{settings.domain}: clients in the"
            " VPCs refuse the private name otherwise"
        )
    if settings.experiments and len(next(iter(settings.zones.values()))) > 2:
        notes.append("the isolation experiment hits nine subnets: AWS FIS must raise its quota of six first")
    failed_over = settings.active != settings.regions.primary
    if replication.backups_only and failed_over and settings.database.restore_snapshot is None:
        notes.append(
            f"no database is declared in {settings.active}: set haven:database.restoreSnapshot to the ARN of the copied"
            " cluster snapshot there (docs/restore.md)"
        )
    missing = [name for name in settings.tables if failed_over and _has_no_copy(settings, replication, name)]
    if missing:
        notes.append(
            f"{', '.join(missing)}: no table is declared in {settings.active}: restore it there, import it, and write"
            " restored: true (docs/restore.md)"
        )
    if not failed_over and settings.demote == settings.active:
        notes.append(
            f"haven:demote names {settings.active}, the active Region: both Regions run at full scale, as between a"
            f" failback and the step after it; write haven:demote: {settings.regions.recovery} to bring that one to"
            " standby scale"
        )
    if failed_over and settings.demote != settings.regions.primary:
        notes.append(
            f"{settings.regions.primary} stays at full scale: once it answers again, set haven:demote to it to bring"
            " it down to standby scale"
        )
    if failed_over and replication.cache:
        notes.append(
            f"pulumi destroy can't go past the cache while {settings.active} has its primary role:"
            f" `haven check-destroy {settings.stack}` shows how to give it back first"
        )
    return notes
