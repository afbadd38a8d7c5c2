"""An ARC Region switch plan, for those who use it. Nothing of it depends on the active Region."""

from collections.abc import Iterator
from math import ceil
from typing import Any

import pulumi

from haven_components import (
    Observability,
    RecoveryClustersArgs,
    RecoveryDatabaseArgs,
    RecoveryDeploymentArgs,
    RecoveryNodeGroupArgs,
    RecoveryPlan,
    RecoveryPlanArgs,
)
from haven_components.names import (
    balancer_error_alarm_name,
    bucket_name,
    cluster_name,
    datastore_suffix,
    global_cluster_name,
    instance_name,
    resource_arn,
    target_group_name,
)
from infra import names, scale
from infra.config import part_models
from infra.config.rules.systems import WORKFLOWS
from infra.environment import Environment
from infra.parts import stores, watch
from infra.parts.recovery import nodes
from infra.parts.traffic import Service
from infra.parts.workloads import runbook

REPORTS = "region-switch"
"""What the keys of Region switch's reports begin with, in the audit bucket; the audit's own begin otherwise."""


def declare(
    environment: Environment, chosen: part_models.RecoveryPlan, service: Service | None, watched: Observability
) -> RecoveryPlan:
    """Declare the plan. A rule of the config has seen to it that its objective is there.

    Args:
        environment: whose.
        chosen: what the config says of it.
        service: how the environment is reached; its switch is the plan's last step.
        watched: what raises the alarms by which Region switch tells that the application is well.
    """
    settings = environment.settings
    args: RecoveryPlanArgs = {
        "account_id": settings.account,
        "primary_region": environment.primary,
        "recovery_region": environment.recovery,
        "recovery_provider": environment.providers[environment.recovery],
        "rto_seconds": ceil((settings.objectives.rto_minutes or 0) * 60),
        "approval_role_arn": chosen.approval_role_arn,
        "alarm_arns": {region: _alarm(environment, region, watched) for region in environment.both},
        "report": {
            # The reports of a failover: where the other Region may be lost.
            "bucket_name": bucket_name(names.audit_base(settings.stack, settings.account), environment.recovery),
            "prefix": REPORTS,
            "kms_key_arn": environment.region_key(environment.recovery),
        },
        "functions": {
            "primary_kms_key_arn": environment.region_key(environment.primary),
            "recovery_kms_key_arn": environment.region_key(environment.recovery),
            "log_retention_days": settings.watch.log_retention_days,
            "ephemeral": settings.ephemeral,
        },
    }
    _add_stores(environment, args)
    if len(environment.clusters) == len(environment.both):
        args["clusters"] = _clusters(environment)
    if service is not None:
        args["traffic_switch"] = {
            "name": f"{environment.name}-switch",
            "primary_target_group": target_group_name(environment.cluster_name(environment.primary)),
            "recovery_target_group": target_group_name(environment.cluster_name(environment.recovery)),
        }
    return RecoveryPlan(f"{environment.name}-plan", args, environment.options(environment.primary, "logs"))


def _add_stores(environment: Environment, args: RecoveryPlanArgs) -> None:
    if environment.replication.database:
        args["database"] = _database(environment)
    if environment.replication.cache:
        args["cache"] = {
            "datastore_suffix": datastore_suffix(names.cache_name(environment.settings.stack)),
            "primary_group": stores.cache_group(environment, environment.primary),
            "recovery_group": stores.cache_group(environment, environment.recovery),
        }


def _database(environment: Environment) -> RecoveryDatabaseArgs:
    """A headless member gets an instance under the manifest's name, so that a deployment finds its own."""
    name, account = stores.database_name(environment), environment.settings.account
    members = {
        region: resource_arn("rds", region, account, f"cluster:{cluster_name(name, region)}")
        for region in environment.both
    }
    found: RecoveryDatabaseArgs = {
        "global_cluster_id": global_cluster_name(name),
        "primary_cluster_arn": members[environment.primary],
        "recovery_cluster_arn": members[environment.recovery],
    }
    if environment.replication.headless:
        first = {
            region: resource_arn("rds", region, account, f"db:{instance_name(name, region, 1)}")
            for region in environment.both
        }
        found["primary_instance_arn"] = first[environment.primary]
        found["recovery_instance_arn"] = first[environment.recovery]
    return found


def _clusters(environment: Environment) -> RecoveryClustersArgs:
    extremes = scale.extremes(environment.settings)
    groups = {region: list(_node_groups(environment, region, *extremes[region])) for region in environment.both}
    started = {
        region: list(_deployments(runbook.workloads(environment, region, *extremes[region])))
        for region in environment.both
    }
    pairs = zip(started[environment.primary], started[environment.recovery], strict=True)
    return {
        "primary_cluster": environment.clusters[environment.primary].cluster_name,
        "recovery_cluster": environment.clusters[environment.recovery].cluster_name,
        "primary_node_groups": groups[environment.primary],
        "recovery_node_groups": groups[environment.recovery],
        "deployments": [_deployment(primary, recovery) for primary, recovery in pairs],
    }


def _node_groups(
    environment: Environment, region: str, full: scale.Scale, standby: scale.Scale
) -> Iterator[RecoveryNodeGroupArgs]:
    """Those that are smaller on standby, as for the runbook."""
    for name, group in nodes.groups(environment, region, full, standby).items():
        if group["full"] != group["standby"]:
            minimum, desired, maximum = group["full"]
            yield {"name": name, "minimum": minimum, "desired": desired, "maximum": maximum}


def _deployments(workloads: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """NAMESPACE/NAME, and whether it needs the database."""
    for workload in workloads:
        for place in workload.get("deployments", ()):
            yield place, workload["kind"] == WORKFLOWS


def _deployment(primary: tuple[str, bool], recovery: tuple[str, bool]) -> RecoveryDeploymentArgs:
    place, dependent = primary
    namespace, _, name = place.partition("/")
    return {
        "namespace": namespace,
        "primary_name": name,
        "recovery_name": recovery[0].partition("/")[2],
        "after_promotion": dependent,
    }


def _alarm(environment: Environment, region: str, watched: Observability) -> pulumi.Input[str]:
    """The errors that clients see where there is a load balancer, else whatever is wrong in the Region."""
    if watch.watches_balancer(environment, region):
        name = balancer_error_alarm_name(watch.watch_name(environment), region, watch.EDGE)
        return resource_arn("cloudwatch", region, environment.settings.account, f"alarm:{name}")
    return watched.primary_alarm_arn if region == environment.primary else watched.recovery_alarm_arn
