"""A namespace for each system: who reaches it, what it may use, the secrets that its pods mount."""

from haven_components import (
    ClusterAccess,
    ClusterAccessArgs,
    MountedSecretArgs,
    NamespaceNetworkArgs,
    PodUsesArgs,
    WorkloadSecretArgs,
)
from haven_components.names import REGISTRY_PORT, WORKFLOWS_PORT, bucket_name, secret_name
from infra import names
from infra.config.rules.systems import REGISTRY, SERVING, WORKFLOWS, callers, exposed
from infra.config.settings import Settings
from infra.config.system_models import System
from infra.parts import endpoints, tables
from infra.parts.endpoints import EndpointStores
from infra.parts.watch import COLLECTOR
from infra.parts.workloads import database_users, mesh, messaging, quotas
from infra.parts.workloads.platform import Place

DATABASE, DATABASE_ADMINISTRATOR, CACHE, WORKFLOWS_API = "database", "database-administrator", "cache", "workflows-api"
"""Names of mounted secrets, and of the Kubernetes secrets that come with them."""


def declare(place: Place, system: System, stores: EndpointStores) -> ClusterAccess:
    """Declare the namespace of a system in a Region."""
    settings = place.environment.settings
    args: ClusterAccessArgs = {
        "region": place.region,
        "account_id": place.account,
        "cluster_name": place.cluster_name,
        "namespace": place.system,
        "quota": quotas.quota(settings, place.system),
        "network": _network(place, system),
        "labels": mesh.labels(settings, system),
        "mounted_secrets": secrets(place, system, stores),
        "service_accounts": [{"name": place.system, "uses": uses(place, system, stores)}],
    }
    if settings.operations.operator_arns:
        args["operator_groups"] = [names.OPERATORS]
    return ClusterAccess(f"{place.name}-access", args, place.options())


def _network(place: Place, system: System) -> NamespaceNetworkArgs:
    """Who reaches servers of models, and what the pods call. Other kinds let their clients in themselves."""
    settings = place.environment.settings
    network: NamespaceNetworkArgs = {"vpc_cidrs": [place.cidr]}
    if settings.controllers.telemetry is not None:
        network["collector_namespace"] = COLLECTOR[0]
    if system.uses.systems:
        network["servers"] = {each: _port(settings, each) for each in system.uses.systems}
    if system.kind == SERVING:
        public = exposed(settings.systems) == place.system
        network["client_cidrs"] = place.environment.balancer_cidrs(place.region) if public else []
        network["client_namespaces"] = callers(settings.systems, place.system)
        network["ports"] = [settings.edge.target_port]
    return network


def _port(settings: Settings, system: str) -> int:
    """Where the pods of a system answer requests."""
    ports = {REGISTRY: REGISTRY_PORT, WORKFLOWS: WORKFLOWS_PORT}
    return ports.get(settings.systems[system].kind, settings.edge.target_port)


def secrets(place: Place, system: System, stores: EndpointStores) -> list[MountedSecretArgs]:
    """What the pods of a system mount: of the stores that its kind needs, as far as the own Region has them."""
    database = [DATABASE, DATABASE_ADMINISTRATOR]
    names = {REGISTRY: database, WORKFLOWS: [*database, CACHE]}.get(system.kind, [])
    if place.system in messaging.namespaces(place.environment.settings):
        names = [*names, WORKFLOWS_API]
    found = {each: _secret(place, each, stores) for each in names}
    return [_mount(each, secret, system) for each, secret in found.items() if secret is not None]


def mounted(place: Place, stores: EndpointStores, *names: str) -> list[WorkloadSecretArgs]:
    """These secrets, as a component's pods read them."""
    found = {each: _secret(place, each, stores) for each in names}
    return [
        {"provider_class": each, "secret": secret, "kms_key_arn": place.key}
        for each, secret in found.items()
        if secret is not None
    ]


def _mount(name: str, secret: str, system: System) -> MountedSecretArgs:
    keys = {CACHE: ["token"], WORKFLOWS_API: [messaging.AUTH_KEY]}.get(name, ["username", "password"])
    if name == DATABASE and system.password_version > 1:
        keys.append("version")
    return {"name": name, "secret": secret, "keys": {key: key for key in keys}, "environment_secret": name}


def _secret(place: Place, name: str, stores: EndpointStores) -> str | None:
    """Name of the secret in Secrets Manager. The administrator's is that of the Region's own database, which after a
    restore is another one than the primary Region's; None where the Region has no database."""
    if name == DATABASE_ADMINISTRATOR:
        database = endpoints.database_of(place.environment, stores, place.region)
        return None if database is None else str(database["secret"])
    names = {
        DATABASE: database_users.secret_base(place.environment, place.system),
        CACHE: messaging.cache_name(place.environment),
        WORKFLOWS_API: messaging.api_name(place.environment),
    }
    return secret_name(names[name])


def uses(place: Place, system: System, stores: EndpointStores) -> PodUsesArgs:
    """What `uses` of a system allows its pods, whichever of its service accounts they run under; empty for nothing."""
    environment, region, used = place.environment, place.region, system.uses
    if not any((used.buckets, used.tables, used.queues, used.secrets)):
        return {}
    return {
        "buckets": [
            {"bucket": bucket_name(environment.bucket_base(each), region), "write": how == "write"}
            for each, how in used.buckets.items()
        ],
        "tables": [
            {"table": tables.table_name(environment, each), "write": how == "write"}
            for each, how in used.tables.items()
        ],
        "queues": [
            {
                "queue_arn": stores.queues[each, region].queue_arn,
                "send": how in ("send", "both"),
                "receive": how in ("receive", "both"),
            }
            for each, how in used.queues.items()
        ],
        "secrets": [secret_name(f"{environment.name}-{each}") for each in used.secrets],
        "kms_key_arns": [place.key],
    }
