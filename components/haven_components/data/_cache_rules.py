"""What a global cache's arguments must hold, all of it checked before anything is declared."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from haven_components.data import _data_store
from haven_components.data._cache_side import CacheEngine, CacheEviction, CacheSideArgs
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, region_code

if TYPE_CHECKING:
    from haven_components.data.global_cache import GlobalCacheArgs

MOST_IDENTIFIER_CHARACTERS = 40
"""Of a replication group (CreateReplicationGroup, read 2026-11-21). That a Global Datastore's identifier has the same
limit is an assumption: the API names none."""

SUFFIX_CHARACTERS = len("-alone")
DATASTORE_CHARACTERS = len("ldgnf-") + len("-global")
"""AWS puts five letters and a hyphen, the Region's own, before the name of a Global Datastore."""

MOST_SHARDS = 500
MOST_REPLICAS = 5
MOST_SNAPSHOT_DAYS = 35
"""CreateReplicationGroup and its documentation in the AWS provider, read 2026-11-21."""

ENGINE_VERSIONS = {
    CacheEngine.VALKEY: (r"7\.2|8\.\d", "7.2 or 8.x, such as 8.0"),
    CacheEngine.REDIS: (r"7\.[01]", "7.0 or 7.1"),
}
"""Versions with the families that the parameter groups are made of."""

_CAPABLE_NODE = re.compile(r"cache\.(?:(?:m|r)(?:[5-9]|\d\d)[a-z]*|c7gn)\.\d*x?large")
"""Global Datastores take nodes of M5, R5 and newer, size large and up (ElastiCache User Guide, prerequisites and
limitations of global datastores, read 2026-11-21)."""


def validate(name: str, args: "GlobalCacheArgs") -> None:
    """Refuse arguments that AWS would refuse.

    Raises:
        pulumi.InputPropertiesError: every problem found.
    """
    checks = Checks("GlobalCache")
    sides: dict[str, CacheSideArgs] = {"primary": args["primary"]}
    recovery = args.get("recovery")
    if recovery is not None:
        sides["recovery"] = recovery
    _checks.require_name(checks, name, longest_name([side["region"] for side in sides.values()]))
    _data_store.require_identifier(checks, name)
    _checks.require_log_retention(checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS))
    _check_engine(checks, args)
    _check_size(checks, args)
    _check_sides(checks, args, sides)
    checks.finish()


def longest_name(regions: Sequence[str]) -> int:
    """How many characters a cache's name may have in these Regions."""
    longest_code = max(len(region_code(region)) for region in regions)
    return MOST_IDENTIFIER_CHARACTERS - max(1 + longest_code + SUFFIX_CHARACTERS, DATASTORE_CHARACTERS)


def _check_engine(checks: Checks, args: "GlobalCacheArgs") -> None:
    engine = args["engine"]
    known = engine in [each.value for each in CacheEngine]
    checks.require(
        known,
        "engine",
        got=engine,
        allowed=", ".join(each.value for each in CacheEngine),
        fix="choose one of them",
    )
    if known:
        pattern, allowed = ENGINE_VERSIONS[CacheEngine(engine)]
        checks.require(
            re.fullmatch(pattern, args["engine_version"]) is not None,
            "engine_version",
            got=args["engine_version"],
            allowed=f"for {CacheEngine(engine).value}: {allowed}",
            fix="name a version that the engine has",
        )
    checks.require(
        _CAPABLE_NODE.fullmatch(args["node_type"]) is not None,
        "node_type",
        got=args["node_type"],
        allowed="M5, R5 or newer, such as cache.r7g.large; a Global Datastore takes no burstable or older nodes",
        fix="choose such a node, also while there is no Global Datastore: one can then be added later",
    )
    eviction = args.get("eviction", CacheEviction.VOLATILE_LRU)
    checks.require(
        eviction in [each.value for each in CacheEviction],
        "eviction",
        got=eviction,
        allowed=", ".join(each.value for each in CacheEviction),
        fix="choose one of them",
    )


def _check_size(checks: Checks, args: "GlobalCacheArgs") -> None:
    fix = "choose a number"
    _data_store.require_between(checks, "shards", args.get("shards", 2), 1, MOST_SHARDS, fix=fix)
    _data_store.require_between(
        checks,
        "replicas_per_shard",
        args.get("replicas_per_shard", 1),
        1,
        MOST_REPLICAS,
        fix="give each shard a replica in another zone: without one it doesn't survive the loss of its zone",
    )
    _data_store.require_between(
        checks, "snapshot_retention_days", args["snapshot_retention_days"], 1, MOST_SNAPSHOT_DAYS, fix=fix
    )


def _check_sides(checks: Checks, args: "GlobalCacheArgs", sides: dict[str, CacheSideArgs]) -> None:
    primary, recovery = args["primary"]["region"], args.get("recovery")
    _data_store.require_two_sides(
        checks,
        primary,
        recovery["region"] if recovery else None,
        has_provider=args.get("recovery_provider") is not None,
    )
    _data_store.require_replica(checks, primary, args["recovery_secret"])
    checks.require(
        recovery is not None or not args["global_datastore"],
        "global_datastore",
        got=args["global_datastore"],
        allowed="false while there is no recovery side",
        fix="give the recovery side, or leave the Global Datastore out",
    )
    for path, side in sides.items():
        _data_store.require_clients(checks, path, side["client_cidrs"])
        _data_store.require_subnets(checks, path, side["subnet_ids"])
