"""Where a tier becomes components per Region: the one place that knows both."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from haven.tiers import STANDBY, Routing
from infra import assets, backups, compute, cost, edge, manifest, networks, queues, report, stores, tables, traffic
from infra.environment import Environment
from infra.settings import Settings


def declare(settings: Settings) -> Mapping[str, Any]:
    """Register every resource of an environment, in the order in which things need each other.

    Returns:
        The stack's outputs: what a plan shows, what a runbook needs, what applications connect to.
    """
    environment, standby = Environment(settings), STANDBY[settings.tier]
    scale = environment.scales[environment.recovery]
    _assets(environment)
    for name in settings.storage.buckets:
        stores.bucket(environment, name, timed=standby.object_time_control)
    for name in settings.tables:
        tables.table(environment, name)
    for name, region in product(settings.queues, environment.both):
        queues.queue(environment, name, region)
    environment.networks |= {
        region: networks.network(environment, region)
        for region in environment.both
        if environment.scales[region].network
    }
    if standby.network:
        networks.peering(environment)
    environment.clusters |= {
        region: compute.cluster(environment, region)
        for region in environment.both
        if environment.scales[region].cluster
    }
    database = stores.database(environment, replicated=scale.database, write_forwarding=standby.write_forwarding)
    if scale.full and settings.database.restore_snapshot:
        stores.restored_database(environment, settings.database.restore_snapshot)
    cache = stores.cache(environment, recovery=scale.cache, replicated=standby.cache)
    backups.declare(environment)
    service = _service(environment, standby.routing)
    if settings.cost is not None:
        cost.guard(environment, settings.cost)
    recovery_manifest = manifest.build(
        environment, database, replicated_cache=standby.cache, switched=service is not None
    )
    manifest.keep(environment, recovery_manifest)
    return report.outputs(environment, database, cache, service, recovery_manifest)


def _assets(environment: Environment) -> None:
    settings = environment.settings
    assets.images(environment)
    for name in settings.secrets:
        assets.secret(environment, name)
    for name, value in settings.parameters.items():
        assets.parameter(environment, name, value)


def _service(environment: Environment, routing: Routing) -> traffic.Service | None:
    """Without a domain there is nothing to switch. In the manual tier the recovery Region's record joins once that
    Region stands at full scale."""
    if environment.settings.domain is None:
        return None
    manual = routing is Routing.MANUAL
    domain = environment.settings.domain
    service = traffic.declare(
        environment,
        domain,
        nearest=routing is Routing.LATENCY,
        second=not manual or environment.scales[environment.recovery].full,
        private_in=[environment.primary] if manual else list(environment.both),
    )
    for region in environment.networks:
        edge.balancer(environment, region, domain, service)
    return service
