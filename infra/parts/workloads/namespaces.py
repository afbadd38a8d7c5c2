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
from infra.parts import endpoints, tables
from infra.parts.endpoints import EndpointStores
from infra.parts.recovery.operations import OPERATORS
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
        "mounted_secrets": secrets(place, system, stores),
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


def secrets(place: Place, system: System, stores: EndpointStores) -> list[MountedSecretArgs]:
    """What the pods of a system mount: of the stores that its kind needs, as far as the own Region has them."""
    names = {REGISTRY: [DATABASE], WORKFLOWS: [DATABASE, CACHE]}.get(system.kind, [])
    if place.system in messaging.namespaces(place.environment.settings):
        names = [*names, WORKFLOWS_API]
    found = {each: _secret(place, each, stores) for each in names}
    return [_mount(each, secret) for each, secret in found.items() if secret is not None]


def mounted(place: Place, stores: EndpointStores, *names: str) -> list[WorkloadSecretArgs]:
    """These secrets, as a component's pods read them."""
    found = {each: _secret(place, each, stores) for each in names}
    return [
        {"provider_class": each, "secret": secret, "kms_key_arn": place.key}
        for each, secret in found.items()
        if secret is not None
    ]


def _mount(name: str, secret: str) -> MountedSecretArgs:
    keys = {DATABASE: ("username", "password"), CACHE: ("token",), WORKFLOWS_API: (messaging.AUTH_KEY,)}[name]
    return {"name": name, "secret": secret, "keys": {key: key for key in keys}, "environment_secret": name}


def _secret(place: Place, name: str, stores: EndpointStores) -> str | None:
    """Name of the secret in Secrets Manager. The database's is that of the Region's own database, which after a restore
    is another one than the primary Region's; None where the Region has no database."""
    if name == DATABASE:
        database = endpoints.database_of(place.environment, stores, place.region)
        return None if database is None else str(database["secret"])
    names = {CACHE: messaging.cache_name(place.environment), WORKFLOWS_API: messaging.api_name(place.environment)}
    return secret_name(names[name])


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
