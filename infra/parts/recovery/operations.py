"""What runbooks need in AWS, in every tier and whichever Region is active: operations tables, audit buckets, a role."""

from collections.abc import Mapping
from typing import Any

from haven_components import OperationsStore, OperationsStoreArgs, OperatorRole, OperatorRoleArgs, OperatorSideArgs
from haven_components.names import bucket_name, datastore_suffix, partition, region_code
from infra import names
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts.recovery import heartbeats


def declare(environment: Environment, recovery_manifest: Mapping[str, Any]) -> None:
    """Declare the tables and buckets, and the role where the config names somebody who may take it.

    Args:
        environment: whose.
        recovery_manifest: the names by which the runbooks find things.
    """
    kept = _stores(environment)
    if environment.settings.operations.operator_arns:
        _operator(environment, kept, recovery_manifest)


def notes(settings: Settings) -> list[str]:
    """What an environment that lasts lacks for a failover."""
    if settings.ephemeral or settings.operations.witness_region is not None:
        return []
    return [
        "`haven failover` refuses to run, for its lease needs a vote outside both Regions: name a third Region in"
        " haven:operations.witnessRegion"
    ]


def _stores(environment: Environment) -> dict[str, OperationsStore]:
    """Region -> what is there; a third Region only votes."""
    return {region: _store(environment, region) for region in _regions(environment)}


def _regions(environment: Environment) -> list[str]:
    witness = environment.settings.operations.witness_region
    return [*environment.both, *([witness] if witness else [])]


def _store(environment: Environment, region: str) -> OperationsStore:
    settings = environment.settings
    args: OperationsStoreArgs = {
        "region": region,
        "account_id": settings.account,
        "table_name": names.operations_table(settings.stack),
        "ephemeral": settings.ephemeral,
    }
    if region in environment.both:
        args["kms_key_arn"] = environment.region_key(region)
        args["audit"] = {
            "bucket_name": names.audit_base(settings.stack, settings.account),
            "retention_days": settings.operations.audit_days,
        }
    name = f"{environment.name}-operations-{region_code(region)}"
    return OperationsStore(name, args, environment.options(region, "logs"))


def manifest(environment: Environment) -> dict[str, Any]:
    """What the recovery manifest has of it."""
    settings = environment.settings
    found: dict[str, Any] = {
        "tables": dict.fromkeys(_regions(environment), names.operations_table(settings.stack)),
        "heartbeats": heartbeats.manifest(environment),
        "audit": {region: _audit_bucket(environment, region) for region in environment.both},
        "mode": names.mode_parameter(settings.stack),
    }
    if settings.operations.operator_arns:
        role = names.operator_role(settings.stack)
        found["role"] = f"arn:{partition(environment.primary)}:iam::{settings.account}:role/{role}"
    return found


def _audit_bucket(environment: Environment, region: str) -> str:
    return bucket_name(names.audit_base(environment.settings.stack, environment.settings.account), region)


def _operator(
    environment: Environment, kept: Mapping[str, OperationsStore], recovery_manifest: Mapping[str, Any]
) -> None:
    settings, chosen = environment.settings, environment.settings.operations
    third = [region for region in kept if region not in environment.both]
    args: OperatorRoleArgs = {
        "account_id": settings.account,
        "principal_arns": list(chosen.operator_arns),
        "primary": _side(environment, environment.primary, recovery_manifest),
        "recovery": _side(environment, environment.recovery, recovery_manifest),
        "recovery_provider": environment.providers[environment.recovery],
        "operations_table_arns": [each.table_arn for each in kept.values()],
        "further_regions": third,
        "further_kms_key_arns": [kept[region].kms_key_arn for region in third],
        "global_cluster": recovery_manifest["database"]["globalCluster"],
        "datastore_suffix": datastore_suffix(names.cache_name(settings.stack)),
        # A pattern: another table needs no other policy, in the Region that may be lost.
        "tables": [f"{environment.name}-*"] if settings.tables else [],
        "repositories": [f"{names.images_name(settings.stack)}/*"],
        "secrets": [f"{environment.name}-*"],
        "manifest_parameter": names.manifest_parameter(settings.stack),
        "mode_parameter": names.mode_parameter(settings.stack),
        "endpoints_parameter": names.endpoints_parameter(settings.stack),
        "groups": [names.OPERATORS],
        "session_hours": chosen.session_hours,
    }
    if chosen.permissions_boundary is not None:
        args["permissions_boundary"] = chosen.permissions_boundary
    if environment.replication.backups_only:
        args["restore_role_arn"] = recovery_manifest["restoreRole"]
    if settings.recovery_plan is not None:
        args["recovery_plan_arn"] = recovery_manifest["recoveryPlan"]
        own = recovery_manifest["operations"]["role"]
        args["approves_recovery_plan"] = settings.recovery_plan.approval_role_arn == own
    OperatorRole(names.operator_role(settings.stack), args, environment.options(environment.primary))


def _side(environment: Environment, region: str, recovery_manifest: Mapping[str, Any]) -> OperatorSideArgs:
    found = recovery_manifest["sides"][region]
    side: OperatorSideArgs = {
        "region": region,
        "kms_key_arn": environment.region_key(region),
        "database_cluster": found["database"]["cluster"],
        "subnet_group": found["database"]["subnetGroup"],
        "cache_group": found["cache"],
        "cluster_name": found["cluster"]["name"],
        "vault": found["vault"],
        "audit_bucket": _audit_bucket(environment, region),
        "heartbeat_function": recovery_manifest["operations"]["heartbeats"]["functions"][region],
        # A pattern, as for tables.
        "buckets": [bucket_name(f"{environment.name}-*", region)] if found["buckets"] else [],
        "queues": [names.queues_pattern(environment.settings.stack, region)] if "queues" in found else [],
    }
    if "globalCluster" in found["database"]:
        side["restored_global_cluster"] = found["database"]["globalCluster"]
    if region in environment.clusters:
        side["cluster"] = environment.clusters[region].cluster_name
    # The role's policy mustn't change with the active Region, so it names VPCs only where both are always there.
    if environment.replication.network:
        side["vpc_id"] = environment.networks[region].vpc_id
    return side
