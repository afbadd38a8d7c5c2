"""Where a tier becomes components per Region: the one place that knows both."""

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

from haven.model.tiers import Routing
from haven_components import (
    GlobalCache,
    GlobalDatabase,
    MultiRegionAccessPoint,
    Observability,
    RecoveryPlan,
    RequestBuffer,
    offerings,
)
from infra import outputs, scale
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts import (
    assets,
    backups,
    compute,
    cost,
    endpoints,
    faults,
    load_balancer,
    manifest,
    networks,
    queues,
    stores,
    tables,
    traffic,
    watch,
)
from infra.parts.recovery import assessment, aws_plan, heartbeats, operations
from infra.parts.workloads import clusters
from infra.promises import promised


def declare(settings: Settings) -> Mapping[str, Any]:
    """Register every resource of an environment, in the order in which things need each other.

    Returns:
        The stack's outputs: what a plan shows, what a runbook needs, what applications connect to.
    """
    environment = Environment(settings, scale.scales(settings), scale.replication(settings))
    with environment.refusals.all():
        return _declared(environment)


def _declared(environment: Environment) -> Mapping[str, Any]:
    settings, attempt = environment.settings, environment.refusals.attempt
    _assets(environment)
    points = _objects(environment)
    _tables(environment)
    buffers = {
        (name, region): attempt(partial(queues.queue, environment, name, region))
        for name, region in product(settings.queues, environment.both)
    }
    _platform(environment)
    database, restored, cache = _databases(environment)
    declared = {place: each for place, each in buffers.items() if each is not None}
    reached = endpoints.EndpointStores(database, restored, cache, declared, points)
    reading = endpoints.declare(environment, reached)
    attempt(partial(backups.declare, environment))
    service = _service(environment)
    watched = _operations(environment, service, list(declared.values()))
    clusters.declare(environment, reached, watched)
    plan = _recovery_plan(environment, service, watched)
    recovery_manifest = manifest.build(
        environment,
        database,
        scale.extremes(settings),
        tier=settings.tier.value,
        entrances=service.entrances if service is not None else {},
        service=service.name if service is not None else "",
        plan=plan,
    )
    manifest.keep(environment, recovery_manifest)
    operations.declare(environment, recovery_manifest)
    heartbeats.declare(environment, database, cache)
    serving = restored if restored is not None and settings.active == environment.recovery else database
    found = outputs.Reached(serving, cache, service, points, reading)
    return outputs.build(environment, promised(settings, environment.scales), found, recovery_manifest)


def _assets(environment: Environment) -> None:
    settings, attempt = environment.settings, environment.refusals.attempt
    attempt(partial(assets.images, environment))
    for name in settings.secrets:
        attempt(partial(assets.secret, environment, name))
    for name, value in settings.parameters.items():
        assets.parameter(environment, name, value)


def _objects(environment: Environment) -> Mapping[str, MultiRegionAccessPoint]:
    """The buckets, and one name for both of a pair where both Regions serve."""
    settings, replication, attempt = environment.settings, environment.replication, environment.refusals.attempt
    buckets = {
        name: attempt(partial(stores.bucket, environment, name, timed=replication.object_time_control))
        for name in settings.storage.buckets
    }
    # Where S3 makes no access points over Regions applications use the buckets' own names.
    if not replication.access_points or not all(map(offerings.ACCESS_POINTS.covers, environment.both)):
        return {}
    points = {
        name: attempt(partial(stores.access_point, environment, name, bucket))
        for name, bucket in buckets.items()
        if bucket is not None
    }
    return {name: each for name, each in points.items() if each is not None}


def _platform(environment: Environment) -> None:
    """Networks and clusters, in the Regions that have them."""
    environment.networks |= {
        region: networks.network(environment, region)
        for region in environment.both
        if environment.scales[region].network
    }
    if environment.replication.network:
        networks.peering(environment)
    declared = {
        region: environment.refusals.attempt(partial(compute.cluster, environment, region))
        for region in environment.both
        if environment.scales[region].cluster
    }
    environment.clusters |= {region: each for region, each in declared.items() if each is not None}


def _tables(environment: Environment) -> None:
    """The tables, and beside those without a replica the ones that were restored after a failover."""
    for name, table in environment.settings.tables.items():
        environment.refusals.attempt(partial(tables.table, environment, name))
        if table.restored and environment.scales[environment.recovery].full:
            environment.refusals.attempt(partial(tables.restored_table, environment, name))


def _databases(environment: Environment) -> tuple[GlobalDatabase, GlobalDatabase | None, GlobalCache]:
    """The database, the one that was restored in the recovery Region after a failover, and the cache."""
    settings, replication = environment.settings, environment.replication
    recovery = environment.scales[environment.recovery]
    declare = partial(
        stores.database, environment, replicated=recovery.database, write_forwarding=replication.write_forwarding
    )
    database = environment.refusals.attempt(declare)
    cache = environment.refusals.attempt(
        partial(stores.cache, environment, recovery=recovery.cache, replicated=replication.cache)
    )
    environment.refusals.end()  # the rest is made from all of these, clusters too
    if database is None or cache is None:
        raise environment.refusals.error()
    snapshot = settings.database.restore_snapshot
    restored = stores.restored_database(environment, snapshot) if recovery.full and snapshot else None
    return database, restored, cache


def _service(environment: Environment) -> traffic.Service | None:
    """Without a domain there is nothing to switch. In the manual tier the recovery Region's record joins once that
    Region runs at full scale."""
    domain = environment.settings.domain
    if domain is None:
        return None
    routing = environment.replication.routing
    manual = routing is Routing.MANUAL
    service = traffic.declare(
        environment,
        domain,
        nearest=routing is Routing.LATENCY,
        second=not manual or environment.scales[environment.recovery].full,
        private_in=[environment.primary] if manual else list(environment.both),
    )
    for region in environment.networks:
        environment.balancers[region] = load_balancer.balancer(environment, region, domain, service)
    return service


def _operations(
    environment: Environment, service: traffic.Service | None, buffers: list[RequestBuffer]
) -> Observability:
    """Observability, fault experiments and the budget."""
    settings, attempt = environment.settings, environment.refusals.attempt
    watched = watch.declare(environment, service, [*buffers])
    if settings.experiments:
        for region in faults.regions(environment):
            attempt(partial(faults.experiments, environment, region, watched))
    if settings.cost is not None:
        attempt(partial(cost.guard, environment, settings.cost))
    if settings.resilience_hub:
        attempt(partial(assessment.declare, environment))
    return watched


def _recovery_plan(
    environment: Environment, service: traffic.Service | None, watched: Observability
) -> RecoveryPlan | None:
    chosen = environment.settings.recovery_plan
    if chosen is None:
        return None
    return environment.refusals.attempt(partial(aws_plan.declare, environment, chosen, service, watched))
