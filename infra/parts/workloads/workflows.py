"""Workflow orchestration: nothing of it runs where the database can only be read."""

import pulumi

from haven_components import WorkflowOrchestrator, WorkPoolArgs
from infra.config.rules.systems import callers
from infra.config.system_models import System, WorkPool
from infra.parts import endpoints
from infra.parts.workloads import namespaces, platform, telemetry
from infra.parts.workloads.namespaces import CACHE, DATABASE, DATABASE_ADMINISTRATOR, WORKFLOWS_API
from infra.parts.workloads.platform import Place, SystemStores
from infra.parts.workloads.quotas import SERVICES


def declare(place: Place, system: System, used: SystemStores, after: pulumi.Resource) -> None:
    """Declare the orchestration in a Region that has a database and the cache of its messages."""
    database = endpoints.database_of(place.environment, used.stores, place.region)
    cache = endpoints.cache_host(place.environment, used.messages, place.region) if used.messages else None
    if database is None or cache is None:
        return
    WorkflowOrchestrator(
        place.name,
        {
            "cluster_name": place.cluster_name,
            "namespace": place.system,
            "zones": place.zones,
            "scale": place.scale,
            "image": place.image(system.image),
            "database": {
                "host": database["writer"],
                "port": database["port"],
                "name": platform.sql_name(place.system),
                "secret_name": DATABASE,
                "administrator_secret_name": DATABASE_ADMINISTRATOR,
                "password_version": system.password_version,
                "certificates": place.environment.database_certificates(place.region),
            },
            "messaging": {"host": cache, "secret_name": CACHE},
            "auth_secret_name": WORKFLOWS_API,
            "network_cidrs": [place.cidr],
            "service_cidr": place.environment.settings.cluster.service_cidr,
            "services": SERVICES,
            "pools": {each: _pool(place, system, pool) for each, pool in system.pools.items()},
            "service_name": place.system,
            "client_namespaces": callers(place.environment.settings.systems, place.system),
            "secrets": {
                "region": place.region,
                "account_id": place.account,
                "servers": namespaces.mounted(place, used.stores, DATABASE, CACHE, WORKFLOWS_API),
                "administrator": namespaces.mounted(place, used.stores, DATABASE_ADMINISTRATOR),
                "workers": namespaces.mounted(place, used.stores, WORKFLOWS_API),
            },
        },
        place.options(after),
    )


def _pool(place: Place, orchestration: System, pool: WorkPool) -> WorkPoolArgs:
    owner = pool.namespace(place.system)
    image = pool.image or place.environment.settings.systems[owner].image or orchestration.image
    args: WorkPoolArgs = {
        "namespace": owner,
        "image": place.image(image),
        "service_account": owner,
        "workers": pool.workers,
    }
    if (traces := telemetry.traces(place.environment, place.region, owner)) is not None:
        args["traces"] = traces
    if pool.concurrency is not None:
        args["concurrency"] = pool.concurrency
    return args
