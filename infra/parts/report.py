"""The stack's outputs: what a plan shows, what applications connect to, what a runbook needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.model.objectives import judge
from haven.model.tiers import PROMISES, STANDBY, Promise, Tier
from haven_components import GlobalCache, GlobalDatabase, MultiRegionAccessPoint
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts.traffic import Service


@dataclass(frozen=True)
class Reached:
    """What applications connect to."""

    database: GlobalDatabase
    cache: GlobalCache
    service: Service | None
    points: Mapping[str, MultiRegionAccessPoint]


def outputs(environment: Environment, reached: Reached, recovery_manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the stack exports."""
    settings = environment.settings
    asked = settings.objectives.model_dump(by_alias=True, exclude_none=True)
    return {
        "tier": settings.tier.value,
        "active": settings.active,
        "regions": {"primary": settings.regions.primary, "recovery": settings.regions.recovery},
        "zones": {region: list(zones) for region, zones in settings.zones.items()},
        "objectives": asked,
        "promises": {name: _promise(promise) for name, promise in PROMISES[settings.tier].items()},
        "judgements": [
            {
                "objective": each.objective,
                "wanted": each.wanted,
                "promise": each.promise,
                "verdict": each.verdict.value,
                "because": each.because,
            }
            for each in judge(settings.tier, asked)
        ],
        "systems": {
            name: {"kind": system.kind, "tier": settings.system_tier(name).value}
            for name, system in settings.systems.items()
        },
        "endpoints": _endpoints(environment, reached),
        "manifest": recovery_manifest,
        "notes": list(_notes(settings)),
    }


def _promise(promise: Promise) -> dict[str, Any]:
    worst = promise.worst_case
    return {
        "says": promise.description,
        "atBestMinutes": promise.best_case.value,
        "atBestSource": promise.best_case.source,
        "atMostMinutes": worst.value if worst else None,
        "atMostSource": getattr(worst, "source", None),
        "assumption": getattr(worst, "why", None),
    }


def _endpoints(environment: Environment, reached: Reached) -> dict[str, Any]:
    """What applications connect to; the database's writer is found under one name before and after a failover."""
    database, cache, service = reached.database, reached.cache, reached.service
    return {
        "databaseWriter": database.writer_endpoint,
        "databaseSecret": database.secret_arn,
        "cache": {environment.primary: cache.primary_endpoint, environment.recovery: cache.recovery_endpoint},
        "cacheSecret": cache.secret_arn,
        "clusters": {region: cluster.cluster_name for region, cluster in environment.clusters.items()},
        **({"service": service.name, "entrances": service.entrances} if service else {}),
        **({"accessPoints": {name: each.arn for name, each in reached.points.items()}} if reached.points else {}),
    }


def _notes(settings: Settings) -> list[str]:
    notes = []
    if settings.domain is None:
        notes.append("no haven:domain: no DNS records and no traffic switch are declared")
    elif settings.hosted_zone_id is None and not settings.edge.certificates:
        notes.append(
            f"the zone of {settings.domain} is new: its certificates become valid once the parent domain delegates to"
            " its name servers; do that while the first `up` waits, or name a zone in haven:hostedZoneId"
        )
    if settings.experiments and len(next(iter(settings.zones.values()))) > 2:
        notes.append("the isolation experiment hits nine subnets: AWS FIS must raise its quota of six first")
    failed_over = settings.active != settings.regions.primary
    if settings.tier is Tier.BACKUP and failed_over and settings.database.restore_snapshot is None:
        notes.append(
            f"no database is declared in {settings.active}: set haven:database.restoreSnapshot to the ARN of the copied"
            " cluster snapshot there"
        )
    if failed_over and settings.demote != settings.regions.primary:
        notes.append(
            f"{settings.regions.primary} stays at full scale: once it answers again, set haven:demote to it to bring"
            " it down to standby scale"
        )
    if failed_over and STANDBY[settings.tier].cache:
        notes.append(
            f"pulumi destroy can't go past the cache while {settings.active} has its primary role:"
            f" `haven check-destroy {settings.stack}` says how to give it back first"
        )
    return notes
