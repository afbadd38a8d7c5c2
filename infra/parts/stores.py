"""The data stores: buckets, database, cache."""

from haven_components import (
    CacheEngine,
    CacheSideArgs,
    DatabaseSideArgs,
    GlobalCache,
    GlobalCacheArgs,
    GlobalDatabase,
    GlobalDatabaseArgs,
    MultiRegionAccessPoint,
    ReplicatedBucket,
    ReplicatedBucketArgs,
)
from haven_components.names import HEARTBEAT_OBJECTS, group_name, independent_group_name
from infra import names
from infra.environment import Environment


def bucket(environment: Environment, name: str, *, timed: bool) -> ReplicatedBucket:
    """Declare a pair of buckets; `timed` gives its replication a time."""
    settings = environment.settings
    chosen = settings.storage.buckets[name]
    args: ReplicatedBucketArgs = {
        "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
        "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
        "recovery_provider": environment.providers[environment.recovery],
        "bucket_name": environment.bucket_base(name),
        "replication_time_control": timed,
        "noncurrent_days": chosen.noncurrent_days,
        "one_day_prefixes": [HEARTBEAT_OBJECTS],
        "ephemeral": settings.ephemeral,
    }
    if chosen.object_lock_days is not None:
        args["object_lock_days"] = chosen.object_lock_days
    options = environment.options(environment.primary, f"buckets.{name}", "buckets")
    return ReplicatedBucket(f"{environment.name}-{name}", args, options)


def access_point(environment: Environment, name: str, pair: ReplicatedBucket) -> MultiRegionAccessPoint:
    """Declare one name for both buckets of a pair."""
    return MultiRegionAccessPoint(
        f"{environment.name}-{name}",
        {
            "account_id": environment.settings.account,
            "primary": {"region": environment.primary, "bucket": pair.primary_bucket},
            "recovery": {"region": environment.recovery, "bucket": pair.recovery_bucket},
            "ephemeral": environment.settings.ephemeral,
        },
        environment.options(environment.primary),
    )


def database(environment: Environment, *, replicated: bool, write_forwarding: bool) -> GlobalDatabase:
    """Declare the global database, with a member in the recovery Region where it is `replicated`."""
    args = _database(environment, environment.primary, environment.recovery)
    args["write_forwarding"] = write_forwarding
    snapshot = environment.settings.database.home_snapshot
    if snapshot is not None:
        args["snapshot"] = snapshot
    if replicated:
        args["recovery"] = _database_side(environment, environment.recovery)
        args["recovery_provider"] = environment.providers[environment.recovery]
        args["active_region"] = environment.settings.active
        args["rebuilt"] = environment.settings.rebuilt
    return GlobalDatabase(database_name(environment), args, environment.options(environment.primary, "database"))


def restored_database(environment: Environment, snapshot: str) -> GlobalDatabase:
    """Declare a new database in the recovery Region, where no member waits, from a copied snapshot."""
    args = _database(environment, environment.recovery, environment.primary)
    args["snapshot"] = snapshot
    return GlobalDatabase(
        restored_database_name(environment), args, environment.options(environment.recovery, "database")
    )


def database_name(environment: Environment) -> str:
    """What the names of the database begin with."""
    return f"{environment.name}-db"


def restored_database_name(environment: Environment) -> str:
    """What the names of the database begin with that is restored in the recovery Region, whether or not it exists."""
    return f"{database_name(environment)}-restored"


def _database(environment: Environment, home: str, other: str) -> GlobalDatabaseArgs:
    settings = environment.settings
    chosen = settings.database
    return {
        "account_id": settings.account,
        "primary": _database_side(environment, home),
        "recovery_secret": {"region": other, "kms_key_arn": environment.region_key(other)},
        "engine_version": chosen.engine_version,
        "instance_class": chosen.instance_class,
        "database_name": chosen.name,
        "master_username": chosen.username,
        "write_forwarding": False,
        "backup_retention_days": chosen.backup_retention_days,
        "ephemeral": settings.ephemeral,
    }


def _database_side(environment: Environment, region: str) -> DatabaseSideArgs:
    return {
        **_side(environment, region),
        "instances": environment.scales[region].database_instances,
        "zones": list(environment.settings.zones[region]),
    }


def cache(environment: Environment, *, recovery: bool, replicated: bool) -> GlobalCache:
    """Declare the cache, with a group in the recovery Region where one exists, `replicated` or on its own."""
    chosen = environment.settings.cache
    args = cache_args(environment, recovery=recovery, snapshot_retention_days=chosen.snapshot_retention_days)
    args["global_datastore"] = replicated
    args["rebuilt"] = replicated and environment.settings.rebuilt
    args["shards"] = chosen.shards
    args["replicas_per_shard"] = chosen.replicas
    name = names.cache_name(environment.settings.stack)
    return GlobalCache(name, args, environment.options(environment.primary, "cache"))


def cache_args(environment: Environment, *, recovery: bool, snapshot_retention_days: int) -> GlobalCacheArgs:
    """What every cache of the environment is declared with: independent groups, the recovery Region's by choice."""
    settings, chosen = environment.settings, environment.settings.cache
    args: GlobalCacheArgs = {
        "primary": _side(environment, environment.primary),
        "global_datastore": False,
        "recovery_secret": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
        "engine": CacheEngine(chosen.engine),
        "engine_version": chosen.engine_version,
        "node_type": chosen.node_type,
        "snapshot_retention_days": snapshot_retention_days,
        "ephemeral": settings.ephemeral,
    }
    if recovery:
        args["recovery"] = _side(environment, environment.recovery)
        args["recovery_provider"] = environment.providers[environment.recovery]
    return args


def cache_group(environment: Environment, region: str) -> str:
    """Name of a Region's cache group, whether or not the group exists now."""
    name = names.cache_name(environment.settings.stack)
    alone = region == environment.recovery and not environment.replication.cache
    return independent_group_name(name, region) if alone else group_name(name, region)


def _side(environment: Environment, region: str) -> CacheSideArgs:
    network = environment.networks[region]
    return {
        "region": region,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.data_subnet_ids,
        "kms_key_arn": environment.region_key(region),
        "client_cidrs": _clients(environment),
    }


def _clients(environment: Environment) -> list[str]:
    """The networks that may connect: both Regions', so that a failover opens nothing."""
    return [environment.cidr(region) for region in environment.both]
