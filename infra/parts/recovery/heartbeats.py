"""The heartbeats of both Regions, and what the recovery manifest has of them: nothing depends on the active Region.

Where only backups are copied, the recovery Region has neither database nor cache before a failover, so only buckets
have heartbeats; what may be lost of the rest is the age of the newest copy.
"""

from typing import Any

from haven.model import sources
from haven_components import (
    GlobalCache,
    GlobalDatabase,
    Heartbeat,
    HeartbeatArgs,
    HeartbeatCacheArgs,
    HeartbeatDatabaseArgs,
    HeartbeatTableArgs,
)
from haven_components.names import (
    CACHE_PORT,
    DATABASE_HEARTBEAT,
    DATABASE_PORT,
    bucket_heartbeat,
    bucket_name,
    cache_heartbeats,
    secret_name,
    table_heartbeat,
)
from infra import names
from infra.environment import Environment
from infra.parts import stores, tables


def manifest(environment: Environment) -> dict[str, Any]:
    """What the recovery manifest has of it: each store, and whether its replication is ordered."""
    settings, replication = environment.settings, environment.replication
    found: dict[str, bool] = {DATABASE_HEARTBEAT: True} if replication.database else {}
    if replication.cache:
        found |= dict.fromkeys(cache_heartbeats(settings.cache.shards), True)
    within = {"objectsWithinMinutes": sources.OBJECT_REPLICATION_MINUTES.value}
    return {
        **(within if replication.object_time_control else {}),
        "functions": {region: names.heartbeat_name(settings.stack, region) for region in environment.both},
        "stores": found | dict.fromkeys([*_tables(environment), *_buckets(environment, environment.primary)], False),
    }


def declare(environment: Environment, database: GlobalDatabase, cache: GlobalCache) -> None:
    """Declare both Regions' heartbeats."""
    for region in environment.both:
        args = _args(environment, region)
        if environment.replication.database:
            args["database"] = _database(environment, region, database)
        if environment.replication.cache:
            args["cache"] = _cache(environment, region, cache)
        name = names.heartbeat_name(environment.settings.stack, region)
        Heartbeat(name, args, environment.options(region, "logs"))


def _args(environment: Environment, region: str) -> HeartbeatArgs:
    settings = environment.settings
    args: HeartbeatArgs = {
        "region": region,
        "other_region": environment.other(region),
        "account_id": settings.account,
        "kms_key_arn": environment.region_key(region),
        "operations_table": names.operations_table(settings.stack),
        "buckets": _buckets(environment, region),
        "tables": _tables(environment),
        "ephemeral": settings.ephemeral,
    }
    if environment.replication.object_time_control:
        args["objects_within_minutes"] = sources.OBJECT_REPLICATION_MINUTES.value
    if environment.replication.database or environment.replication.cache:
        network = environment.networks[region]
        args["network"] = {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.private_subnet_ids,
            "cidr": environment.cidr(region),
        }
    return args


def _buckets(environment: Environment, region: str) -> dict[str, str]:
    """Those without Object Lock: a lock keeps every version, and a year has millions of them (`ReplicatedBucketArgs`,
    `one_day_prefixes`)."""
    return {
        bucket_heartbeat(name): bucket_name(environment.bucket_base(name), region)
        for name, bucket in environment.settings.storage.buckets.items()
        if bucket.object_lock_days is None
    }


def _tables(environment: Environment) -> dict[str, HeartbeatTableArgs]:
    found: dict[str, HeartbeatTableArgs] = {}
    for name, table in environment.settings.tables.items():
        if name in environment.replication.tables:
            keys = [table.hash_key, *([table.range_key] if table.range_key is not None else [])]
            known = tables.table_name(environment, name)
            found[table_heartbeat(known)] = {"name": known, "keys": {each.name: str(each.type) for each in keys}}
    return found


def _database(environment: Environment, region: str, database: GlobalDatabase) -> HeartbeatDatabaseArgs:
    first = region == environment.primary
    return {
        "writer_host": database.primary_endpoint if first else database.recovery_endpoint,
        "reader_host": database.primary_reader_endpoint if first else database.recovery_reader_endpoint,
        "port": DATABASE_PORT,
        "name": environment.settings.database.name,
        "secret_name": secret_name(stores.database_name(environment)),
        "resource_id": database.primary_resource_id if first else database.recovery_resource_id,
        "certificates": environment.database_certificates(region),
        "headless": environment.replication.headless,
    }


def _cache(environment: Environment, region: str, cache: GlobalCache) -> HeartbeatCacheArgs:
    return {
        "host": cache.primary_endpoint if region == environment.primary else cache.recovery_endpoint,
        "port": CACHE_PORT,
        "secret_name": secret_name(names.cache_name(environment.settings.stack)),
    }
