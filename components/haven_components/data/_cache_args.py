"""Arguments of a global cache, and what of them AWS would refuse."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import CacheEngine, CacheEviction
from haven_components.shared import checks as _checks
from haven_components.shared.stored_secrets import RecoverySecretArgs
from haven_components.shared.support import Checks


class CacheSideArgs(TypedDict):
    region: str
    """The side's Region, for example `eu-west-1`."""
    vpc_id: pulumi.Input[str]
    """Id of its VPC."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of subnets in two zones or more, without a route to the internet."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts what is stored, logs and, on the primary side, the secret. Its
    policy must let ElastiCache, CloudWatch Logs and Secrets Manager use it. Fixed at creation."""
    client_cidrs: list[str]
    """IPv4 networks whose clients may connect, for example `10.20.0.0/16`."""


class GlobalCacheArgs(TypedDict):
    primary: CacheSideArgs
    """The side where the cache is created first. It stays this one whichever side takes writes."""
    recovery: NotRequired[CacheSideArgs]
    """The side that takes over. Omitted: the cache is in one Region."""
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the recovery side's Region. Needed with `recovery`."""
    recovery_secret: RecoverySecretArgs
    """Where the secret's replica is, also while no cache exists there: clients there need it first."""
    global_datastore: bool
    """Whether the recovery side is a secondary of a Global Datastore, which AWS keeps up to date. False: the recovery
    side, if there is one, is a group of its own that starts empty. Turning it on keeps the primary group as it is."""
    rebuilt: NotRequired[bool]
    """Whether the primary side was lost with everything in it and is created as a secondary of the recovery side, which
    is the Global Datastore's primary then. It is read once: keep it afterwards. Needs `global_datastore`. Omitted:
    false."""
    regional: NotRequired[bool]
    """Whether what it holds is of use in one Region alone, such as messages in flight: then there is no Global
    Datastore, and its groups carry the tag `haven:regional`. Omitted: false."""
    engine: CacheEngine
    """`valkey` or `redis`."""
    engine_version: str
    """Major and minor version of the engine, for example `8.0` (Valkey) or `7.1` (Redis)."""
    node_type: str
    """Type of every node, for example `cache.r7g.large`: M5, R5 or newer, which is what Global Datastores take."""
    shards: NotRequired[int]
    """How many shards the keys are spread over, 1 to 500. Omitted: 2, and 1 without `cluster_mode`."""
    cluster_mode: NotRequired[bool]
    """Whether clients speak the cluster protocol, which finds the shard of a key. False: one server with replicas, for
    clients that know no shards; `shards` is 1 then. Decided at creation. Omitted: true."""
    replicas_per_shard: NotRequired[int]
    """How many replicas, in other zones, each shard has, 1 to 5. Omitted: 1."""
    eviction: NotRequired[CacheEviction]
    """What gives way when memory is full (`maxmemory-policy`). Omitted: `volatile-lru`. AWS copies it into a Global
    Datastore once, when the datastore is made."""
    snapshot_retention_days: int
    """How many days daily snapshots are kept, 1 to 35."""
    log_retention_days: NotRequired[int]
    """How long slow and engine logs are kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one: nothing is protected from deletion, no final snapshot is taken.
    Omitted: false."""


def validate(name: str, args: GlobalCacheArgs) -> None:
    """Refuse arguments that AWS would refuse.

    Raises:
        pulumi.InputPropertiesError: every problem found.
    """
    checks = Checks("GlobalCache", name, GlobalCacheArgs, args)
    checks.run(
        lambda: _check_name(checks, name, args),
        lambda: _checks.require_identifier(checks, name),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _check_engine(checks, args),
        lambda: _check_size(checks, args),
        lambda: _check_sides(checks, args, _sides(args)),
    )


def _sides(args: GlobalCacheArgs) -> dict[str, CacheSideArgs]:
    recovery = args.get("recovery")
    return {"primary": args["primary"]} | ({} if recovery is None else {"recovery": recovery})


def _check_name(checks: Checks, name: str, args: GlobalCacheArgs) -> None:
    regions = [side["region"] for side in _sides(args).values()]
    _checks.require_name(checks, name, limits.cache_name_characters(regions))


def _check_engine(checks: Checks, args: GlobalCacheArgs) -> None:
    engine = args["engine"]
    if _checks.require_choice(checks, "engine", engine, CacheEngine):
        pattern, allowed, _ = limits.CACHE_ENGINE_VERSIONS[CacheEngine(engine)]
        _checks.require_match(
            checks,
            "engine_version",
            args["engine_version"],
            pattern,
            allowed=f"for {CacheEngine(engine).value}: {allowed}",
            fix="name a version that the engine has",
        )
    _checks.require_match(
        checks,
        "node_type",
        args["node_type"],
        limits.CACHE_NODE_TYPE,
        allowed="M5, R5 or newer, such as cache.r7g.large; a Global Datastore takes no burstable or older nodes",
        fix="choose such a node, also while there is no Global Datastore: one can then be added later",
    )
    eviction = args.get("eviction", CacheEviction.VOLATILE_LRU)
    _checks.require_choice(checks, "eviction", eviction, CacheEviction)


def shards(args: GlobalCacheArgs) -> int:
    """How many shards there are."""
    return int(args.get("shards", 2 if args.get("cluster_mode", True) else 1))


def _check_size(checks: Checks, args: GlobalCacheArgs) -> None:
    fix = "choose a number"
    _checks.require_between(checks, "shards", shards(args), limits.CACHE_SHARDS, fix=fix)
    checks.require(
        args.get("cluster_mode", True) or shards(args) == 1,
        "shards",
        got=shards(args),
        allowed="1 with cluster_mode false",
        fix="leave it out, or leave cluster_mode out",
    )
    _checks.require_between(
        checks,
        "replicas_per_shard",
        args.get("replicas_per_shard", 1),
        limits.CACHE_REPLICAS,
        fix="give each shard a replica in another zone: without one it doesn't survive the loss of its zone",
    )
    _checks.require_between(
        checks, "snapshot_retention_days", args["snapshot_retention_days"], limits.CACHE_SNAPSHOT_DAYS, fix=fix
    )


def _check_sides(checks: Checks, args: GlobalCacheArgs, sides: dict[str, CacheSideArgs]) -> None:
    primary, recovery = args["primary"]["region"], args.get("recovery")
    _checks.require_two_sides(
        checks,
        primary,
        recovery["region"] if recovery else None,
        has_provider=args.get("recovery_provider") is not None,
    )
    _checks.require_replica(checks, primary, args["recovery_secret"]["region"])
    checks.require(
        recovery is not None or not args["global_datastore"],
        "global_datastore",
        got=args["global_datastore"],
        allowed="false while there is no recovery side",
        fix="give the recovery side, or leave the Global Datastore out",
    )
    checks.require(
        args["global_datastore"] or not args.get("rebuilt"),
        "rebuilt",
        got=True,
        allowed="false without a Global Datastore, which it would be filled from",
        fix="leave it out",
    )
    checks.require(
        not (args["global_datastore"] and args.get("regional", False)),
        "regional",
        got=True,
        allowed="false with a Global Datastore, which replicates everything",
        fix="leave it out, or set global_datastore to false",
    )
    for path, side in sides.items():
        _checks.require_clients(checks, path, side["client_cidrs"])
        _checks.require_subnets(checks, f"{path}.subnet_ids", side["subnet_ids"])
