"""A namespace for each system: who reaches it, what it may use, the secrets that its pods mount."""

from haven_components import (
    ClusterAccess,
    ClusterAccessArgs,
    MountedSecretArgs,
    NamespaceQuotaArgs,
    ServiceAccountArgs,
    WorkloadSecretArgs,
)
from haven_components.names import bucket_name, secret_name
from infra.config.rules.systems import REGISTRY, SERVING, TRAINING, WORKFLOWS, exposed
from infra.config.system_models import System, Uses
from infra.parts import tables
from infra.parts.endpoints import EndpointStores
from infra.parts.recovery.operations import OPERATORS
from infra.parts.stores import database_name
from infra.parts.workloads import messaging
from infra.parts.workloads.platform import Place

DATABASE, CACHE, WORKFLOWS_API = "database", "cache", "workflows-api"
"""Names of mounted secrets, and of the Kubernetes secrets that come with them."""
SURGE = 2
"""Pods that a rollout adds at most, and a canary."""
CORES, MEMORY_GIB, PODS = 8, 64, 20
"""[assumption] What a namespace may take beside its replicas, and what each replica may take."""


def declare(place: Place, system: System, stores: EndpointStores) -> ClusterAccess:
    """Declare the namespace of a system in a Region."""
    settings = place.environment.settings
    public = exposed(settings.systems) == place.system
    args: ClusterAccessArgs = {
        "region": place.region,
        "account_id": place.account,
        "cluster_name": place.cluster_name,
        "namespace": place.system,
        "quota": quota(system),
        "network": {
            "vpc_cidrs": [place.cidr],
            "client_cidrs": [place.cidr] if public else [],
            "ports": [settings.edge.target_port] if public else [],
        },
        "mounted_secrets": secrets(place, system),
        "service_accounts": [_account(place, system.uses, stores)],
    }
    if settings.operations.operator_arns:
        args["operator_groups"] = [OPERATORS]
    return ClusterAccess(f"{place.name}-access", args, place.options())


def quota(system: System) -> NamespaceQuotaArgs:
    """The same in both Regions, at full scale with room for a rollout."""
    replicas = (system.replicas.maximum or system.replicas.minimum) + SURGE
    workers = sum(job.workers for job in system.jobs.values())
    gpus = {SERVING: replicas * system.gpus, TRAINING: sum(job.workers * job.gpus for job in system.jobs.values())}
    pods = replicas + workers + PODS + sum(pool.workers + (pool.concurrency or PODS) for pool in system.pools.values())
    found: NamespaceQuotaArgs = {"cpu_cores": CORES * pods, "memory_gib": MEMORY_GIB * pods, "pods": pods}
    if gpus.get(system.kind):
        found["gpus"] = gpus[system.kind]
    return found


def secrets(place: Place, system: System) -> list[MountedSecretArgs]:
    """What the pods of a system mount: of the stores that its kind needs, in the own Region."""
    found = {REGISTRY: [DATABASE], WORKFLOWS: [DATABASE, CACHE]}.get(system.kind, [])
    if place.system in messaging.namespaces(place.environment.settings):
        found = [*found, WORKFLOWS_API]
    return [_mount(place, each) for each in found]


def mounted(place: Place, name: str) -> WorkloadSecretArgs:
    """One of these secrets, as a component's pods read it."""
    return {"provider_class": name, "secret": _mount(place, name)["secret"], "kms_key_arn": place.key}


def _mount(place: Place, name: str) -> MountedSecretArgs:
    secret, keys = {
        DATABASE: (database_name(place.environment), ("username", "password")),
        CACHE: (messaging.cache_name(place.environment), ("token",)),
        WORKFLOWS_API: (messaging.api_name(place.environment), (messaging.AUTH_KEY,)),
    }[name]
    return {
        "name": name,
        "secret": secret_name(secret),
        "keys": {key: key for key in keys},
        "environment_secret": name,
    }


def _account(place: Place, uses: Uses, stores: EndpointStores) -> ServiceAccountArgs:
    """The service account of a system's own pods."""
    environment, region = place.environment, place.region
    account: ServiceAccountArgs = {
        "name": place.system,
        "buckets": [
            {"bucket": bucket_name(environment.bucket_base(each), region), "write": how == "write"}
            for each, how in uses.buckets.items()
        ],
        "tables": [
            {"table": tables.table_name(environment, each), "write": how == "write"}
            for each, how in uses.tables.items()
        ],
        "queues": [
            {
                "queue_arn": stores.queues[each, region].queue_arn,
                "send": how in ("send", "both"),
                "receive": how in ("receive", "both"),
            }
            for each, how in uses.queues.items()
        ],
        "secrets": [secret_name(f"{environment.name}-{each}") for each in uses.secrets],
    }
    if uses != Uses():
        account["kms_key_arns"] = [place.key]
    return account
