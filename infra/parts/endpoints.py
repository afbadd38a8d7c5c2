"""The endpoints document: what applications of a Region connect to, in one parameter of the same name in both Regions.

Each Region's document names resources of that Region alone, so a failover changes it only in the newly active Region,
and only where resources are created there. The one exception is the writer of an environment whose Regions both serve:
it is the global cluster's endpoint, whose name never changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components import GlobalCache, GlobalDatabase, MultiRegionAccessPoint, RequestBuffer
from haven_components.names import CACHE_PORT, DATABASE_PORT, bucket_name, partition, region_code, secret_name
from infra import names
from infra.config.part_models import Queue
from infra.environment import Environment
from infra.parts.stores import database_name, restored_database_name
from infra.parts.tables import table_name

VERSION = 1
"""Raised when a key goes, moves or changes its meaning; a new key doesn't raise it."""


@dataclass(frozen=True)
class EndpointStores:
    """The components that the document takes host names and URLs from."""

    database: GlobalDatabase
    restored: GlobalDatabase | None
    """The database restored in the recovery Region, in place of a member there."""
    cache: GlobalCache
    queues: Mapping[tuple[str, str], RequestBuffer]
    """Name and Region -> the queue."""
    points: Mapping[str, MultiRegionAccessPoint]


def declare(environment: Environment, stores: EndpointStores) -> aws.iam.Policy:
    """Keep each Region's document there.

    Returns:
        The IAM policy that lets a role read the document in both Regions.
    """
    for region, provider in environment.providers.items():
        aws.ssm.Parameter(
            f"{environment.name}-endpoints-{region_code(region)}",
            name=names.endpoints_parameter(environment.settings.stack),
            description=f"What applications in {region} connect to",
            type="String",
            tier="Advanced",
            insecure_value=pulumi.Output.json_dumps(
                _document(environment, stores, region), separators=(",", ":"), sort_keys=True
            ),
            opts=pulumi.ResourceOptions(provider=provider, protect=not environment.settings.ephemeral),
        )
        _mode(environment, region, provider)
    return _reading(environment)


def _mode(environment: Environment, region: str, provider: aws.Provider) -> None:
    """Whether applications may write: a runbook changes it during a failover, and a deployment leaves it alone.

    The pattern too: a runbook writes the value alone, and what is overwritten may lose it.
    """
    aws.ssm.Parameter(
        f"{environment.name}-write-mode-{region_code(region)}",
        name=names.mode_parameter(environment.settings.stack),
        description=f"Whether applications in {region} may write",
        type="String",
        allowed_pattern="^read-(only|write)$",
        insecure_value="read-write",
        opts=pulumi.ResourceOptions(
            provider=provider,
            protect=not environment.settings.ephemeral,
            ignore_changes=["allowedPattern", "insecureValue"],
        ),
    )


def _document(environment: Environment, stores: EndpointStores, region: str) -> dict[str, Any]:
    settings = environment.settings
    return {
        "version": VERSION,
        "environment": settings.stack,
        "region": region,
        "database": _database(environment, stores, region),
        "cache": _cache(environment, stores.cache, region),
        "buckets": {name: bucket_name(environment.bucket_base(name), region) for name in settings.storage.buckets},
        "accessPoints": {name: point.arn for name, point in stores.points.items()},
        "tables": {name: _table(environment, name, region) for name in settings.tables},
        "queues": {name: _queue(stores.queues[name, region], each) for name, each in settings.queues.items()},
        "secrets": {name: secret_name(f"{environment.name}-{name}") for name in settings.secrets},
    }


def _database(environment: Environment, stores: EndpointStores, region: str) -> dict[str, Any] | None:
    """What applications connect to: where both Regions serve, the writer under the global cluster's own name."""
    found = database_of(environment, stores, region)
    if found is None or not environment.replication.write_forwarding:
        return found
    return {**found, "writer": stores.database.writer_endpoint}


def database_of(environment: Environment, stores: EndpointStores, region: str) -> dict[str, Any] | None:
    """A Region's own endpoints of the database. None where it has no database."""
    database, name = stores.database, database_name(environment)
    if region == environment.primary:
        writer, reader = database.primary_endpoint, database.primary_reader_endpoint
    elif environment.replication.database:
        writer, reader = database.recovery_endpoint, database.recovery_reader_endpoint
    elif stores.restored is not None:
        name = restored_database_name(environment)
        writer, reader = stores.restored.primary_endpoint, stores.restored.primary_reader_endpoint
    else:
        return None
    return {
        "writer": writer,
        "reader": reader,
        "port": DATABASE_PORT,
        "name": environment.settings.database.name,
        "tls": True,
        "secret": secret_name(name),
    }


def _cache(environment: Environment, cache: GlobalCache, region: str) -> dict[str, Any] | None:
    """The Region's own group. None where it has none."""
    host = cache_host(environment, cache, region)
    if host is None:
        return None
    return {
        "host": host,
        "port": CACHE_PORT,
        "tls": True,
        "clusterMode": True,
        "secret": secret_name(names.cache_name(environment.settings.stack)),
    }


def cache_host(environment: Environment, cache: GlobalCache, region: str) -> pulumi.Output[str] | None:
    """Host name of a Region's own group of a cache. None where it has none."""
    if region == environment.primary:
        return cache.primary_endpoint
    return cache.recovery_endpoint if environment.scales[region].cache else None


def _table(environment: Environment, name: str, region: str) -> str | None:
    """The table's name. None where the Region has neither the table, nor a replica, nor a restored table."""
    restored = environment.settings.tables[name].restored and environment.scales[environment.recovery].full
    here = region == environment.primary or name in environment.replication.tables or restored
    return table_name(environment, name) if here else None


def _queue(queue: RequestBuffer, chosen: Queue) -> dict[str, Any]:
    return {
        "url": queue.queue_url,
        "stream": queue.stream_arn if chosen.stream else None,
        "bus": queue.bus_name if chosen.bus else None,
    }


def _reading(environment: Environment) -> aws.iam.Policy:
    """For roles of pods: the same policy fits in both Regions, so a failover changes nothing in IAM."""
    settings = environment.settings
    name = f"{environment.name}-read-endpoints"
    parameters = names.endpoints_parameter(settings.stack), names.mode_parameter(settings.stack)
    arns = [
        f"arn:{partition(region)}:ssm:{region}:{settings.account}:parameter{parameter}"
        for parameter in parameters
        for region in environment.both
    ]
    statement = {"Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": arns}
    return aws.iam.Policy(
        name,
        name=name,
        description=f"Reads the endpoints of environment {settings.stack} in both Regions",
        policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True),
        opts=pulumi.ResourceOptions(provider=environment.providers[environment.primary]),
    )
