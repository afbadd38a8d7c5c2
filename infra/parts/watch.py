"""Alarms and dashboards. Each Region watches what may ever be in it, whether or not it exists at the moment: an alarm
that is only made after a failover is made too late, and nothing that is silent sounds."""

from collections.abc import Sequence
from math import ceil
from typing import cast

import pulumi

from haven_components import (
    CollectorArgs,
    GrafanaArgs,
    GrafanaAuthentication,
    Observability,
    ObservabilityArgs,
    ScraperArgs,
    WatchedBalancerArgs,
    WatchedBucketArgs,
    WatchedRegionArgs,
    WatchedVaultArgs,
    WatchThresholdsArgs,
    interval_minutes,
    most_frequent,
)
from haven_components.names import bucket_name, cluster_name, queue_alarm_names, vault_name
from infra import names
from infra.config.addons import CONTAINER_INSIGHTS
from infra.config.part_models import Grafana
from infra.environment import Environment
from infra.parts import backups, stores, tables
from infra.parts.traffic import Service

EDGE = "edge"
COLLECTOR = ("observability", "collector")
"""Namespace and service account of the OpenTelemetry collector."""


def declare(environment: Environment, service: Service | None, after: Sequence[pulumi.Resource]) -> Observability:
    """Declare what watches the environment.

    Args:
        environment: whose.
        service: how it is reached; its health checks are shown.
        after: what must exist before, because its alarms are summed up too.
    """
    settings = environment.settings
    chosen = settings.watch
    args: ObservabilityArgs = {
        "account_id": settings.account,
        "environment": settings.stack,
        "primary": _watched(environment, environment.primary),
        "recovery": _watched(environment, environment.recovery),
        "recovery_provider": environment.providers[environment.recovery],
        "thresholds": cast("WatchThresholdsArgs", chosen.thresholds.model_dump(exclude_none=True)),
        "systems": sorted(settings.systems),
        "log_retention_days": chosen.log_retention_days,
        "ephemeral": settings.ephemeral,
    }
    if chosen.emails:
        args["emails"] = list(chosen.emails)
    if service is not None:
        args["health_checks"] = [
            {"label": environment.primary, "id": service.switch.primary_health_check_id},
            {"label": environment.recovery, "id": service.switch.recovery_health_check_id},
        ]
    _add_choices(environment, args)
    # Collectors take their roles in clusters, which have to be there.
    clusters = environment.clusters.values() if chosen.prometheus or chosen.tracing else ()
    options = pulumi.ResourceOptions.merge(
        environment.options(environment.primary), pulumi.ResourceOptions(depends_on=[*after, *clusters])
    )
    return Observability(watch_name(environment), args, options)


def watch_name(environment: Environment) -> str:
    """What the names of alarms and dashboards begin with."""
    return f"{environment.name}-watch"


def watches_balancer(environment: Environment, region: str) -> bool:
    """Whether a Region's load balancer has alarms: it is always there, whichever Region is active."""
    always = environment.replication.network or region == environment.primary
    return region in environment.balancers and always


def _add_choices(environment: Environment, args: ObservabilityArgs) -> None:
    chosen = environment.settings.watch
    if chosen.prometheus:
        args["prometheus"] = {}
    if chosen.grafana is not None:
        args["grafana"] = _grafana(chosen.grafana)
    if chosen.tracing:
        args["tracing"] = {}
    if chosen.prometheus:
        if environment.primary in environment.clusters:
            args["primary_scraper"] = _scraper(environment, environment.primary)
        if environment.recovery in environment.clusters:
            args["recovery_scraper"] = _scraper(environment, environment.recovery)
    if chosen.prometheus or chosen.tracing:
        args["primary_collector"] = _collector(environment, environment.primary)
        if environment.replication.cluster:
            args["recovery_collector"] = _collector(environment, environment.recovery)


def _collector(environment: Environment, region: str) -> CollectorArgs:
    namespace, account = COLLECTOR
    return {"cluster_name": environment.cluster_name(region), "namespace": namespace, "service_account": account}


def _scraper(environment: Environment, region: str) -> ScraperArgs:
    subnets = environment.networks[region].private_subnet_ids
    return {"cluster_name": environment.cluster_name(region), "subnet_ids": subnets}


def _grafana(chosen: Grafana) -> GrafanaArgs:
    if chosen.saml is None:
        args: GrafanaArgs = {"authentication": GrafanaAuthentication.IDENTITY_CENTER}
        if chosen.admin_group_ids:
            args["admin_group_ids"] = list(chosen.admin_group_ids)
        return args
    return {
        "authentication": GrafanaAuthentication.SAML,
        "saml": {
            "metadata_url": chosen.saml.metadata_url,
            "role_attribute": chosen.saml.role_attribute,
            "admin_roles": list(chosen.saml.admin_roles),
            "editor_roles": list(chosen.saml.editor_roles),
        },
    }


def _watched(environment: Environment, region: str) -> WatchedRegionArgs:
    settings, replication, other = environment.settings, environment.replication, environment.other(region)
    watched: WatchedRegionArgs = {
        "region": region,
        "kms_key_arn": environment.region_key(region),
        "cache": {
            "group_id": stores.cache_group(environment, region),
            "shards": settings.cache.shards,
            "replicas_per_shard": settings.cache.replicas,
            "replicated": replication.cache,
        },
        "tables": [
            {"table_name": tables.table_name(environment, name), "receiving_region": other}
            for name in settings.tables
            if name in replication.tables
        ],
        "vaults": [_vault(environment, region)],
        "heartbeat": {"function_name": names.heartbeat_name(settings.stack, region)},
        "other_alarms": [
            alarm
            for name in settings.queues
            for alarm in queue_alarm_names(names.buffer_name(settings.stack, name, region))
        ],
    }
    if replication.database:
        watched["database"] = {"cluster_id": cluster_name(f"{environment.name}-db", region)}
    if replication.object_time_control:
        watched["buckets"] = [_bucket(environment, name, region) for name in settings.storage.buckets]
    if CONTAINER_INSIGHTS in settings.cluster.addons:
        gpus = bool(settings.cluster.gpu_node_groups)
        watched["clusters"] = [{"cluster_name": environment.cluster_name(region), "gpus": gpus}]
    if watches_balancer(environment, region):
        watched["balancers"] = [_balancer(environment, region)]
    return watched


def _bucket(environment: Environment, name: str, region: str) -> WatchedBucketArgs:
    base = environment.bucket_base(name)
    return {"bucket": bucket_name(base, region), "other_bucket": bucket_name(base, environment.other(region))}


def _vault(environment: Environment, region: str) -> WatchedVaultArgs:
    """The recovery Region's vault takes copies, and backups of its own only after a failover."""
    settings = environment.settings
    vault: WatchedVaultArgs = {"vault_name": vault_name(backups.component_name(environment), region)}
    if region == environment.primary:
        rule = most_frequent(backups.rules(environment))
        age = interval_minutes(rule) + rule["start_window_minutes"] + settings.backups.assumed_job_minutes
        vault["most_age_hours"] = ceil(age / 60)
    return vault


def _balancer(environment: Environment, region: str) -> WatchedBalancerArgs:
    balancer = environment.balancers[region]
    return {
        "label": EDGE,
        "load_balancer": balancer.arn_suffix,
        "target_group": balancer.target_group_arn_suffix,
    }
