"""What can be watched in a Region, and from which value on something is wrong."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast

import pulumi

from haven_components import limits
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

MOST_AGE_HOURS = 168
"""An alarm looks back for at most seven days, with periods of an hour (CloudWatch API, PutMetricAlarm; 2026-11-21)."""


class WatchedDatabaseArgs(TypedDict):
    cluster_id: str
    """Identifier of the Aurora cluster in this Region, a member of a global one. Whichever member is a secondary
    reports how far it is behind, so both are watched alike and the writer's alarm stays silent."""


class WatchedCacheArgs(TypedDict):
    group_id: str
    """Identifier of the replication group in this Region, in cluster mode."""
    shards: int
    """How many shards it has, 1 to 500."""
    replicas_per_shard: int
    """How many replicas each shard has, 0 to 5."""
    replicated: NotRequired[bool]
    """Whether the group is in a Global Datastore, so that its lag is watched. Omitted: false."""


class WatchedBucketArgs(TypedDict):
    bucket: str
    """Name of the bucket in this Region."""
    other_bucket: str
    """Name of the bucket in the other Region. The one replicates into the other, with replication metrics, in both
    directions."""
    rule_id: NotRequired[str]
    """Id of the replication rules, the same in both directions. Omitted: `everything`."""


class WatchedTableArgs(TypedDict):
    table_name: str
    """Name of the DynamoDB global table."""
    receiving_region: str
    """The Region into which the writes of this one are replicated: DynamoDB records the delay where it was written."""


class WatchedQueueArgs(TypedDict):
    queue_name: str
    """Name of the SQS queue, with `.fifo` where it has it."""
    dead_letter_name: NotRequired[str]
    """Name of the queue of its failed messages. Omitted: failed messages raise no alarm."""


class WatchedVaultArgs(TypedDict):
    vault_name: str
    """Name of the AWS Backup vault in this Region."""
    most_age_hours: NotRequired[int]
    """Hours within which a backup has to be completed in this vault, 1 to 168: interval + start window + job, rounded
    up. Omitted: the age raises no alarm, as is right for a vault that only takes copies."""


class WatchedBalancerArgs(TypedDict):
    label: str
    """What it is called in names of alarms: lower-case letters, digits and hyphens."""
    load_balancer: pulumi.Input[str]
    """The last part of its ARN, from `app/` or `net/` on: the load balancer's `arn_suffix`."""
    target_group: pulumi.Input[str]
    """The last part of its target group's ARN, from `targetgroup/` on."""
    network: NotRequired[bool]
    """Whether it is a network balancer, which knows neither answers nor their times: then only unhealthy targets raise
    an alarm. Omitted: false."""


class WatchedClusterArgs(TypedDict):
    cluster_name: str
    """Name of the EKS cluster. Its metrics are Container Insights', so the add-on `amazon-cloudwatch-observability`
    has to run there."""
    gpus: NotRequired[bool]
    """Whether it has nodes with GPUs. Omitted: false, no alarm reads their utilization."""


class WatchedHeartbeatArgs(TypedDict):
    function_name: str
    """Name of the function of a `Heartbeat` in this Region."""


class WatchedHealthCheckArgs(TypedDict):
    label: str
    """What the dashboard calls it."""
    id: pulumi.Input[str]
    """Id of the Route 53 health check."""


class WatchThresholdsArgs(TypedDict):
    database_lag_milliseconds: NotRequired[int]
    """How far the database's secondary may be behind. Omitted: 5,000, an assumption: AWS calls a lag under a second
    typical (Aurora User Guide, global databases; read 2026-11-21)."""
    cache_lag_seconds: NotRequired[int]
    """How far the cache's secondary may be behind. Omitted: 5, an assumption on the same ground (ElastiCache User
    Guide, Global Datastore; read 2026-11-21)."""
    cache_cpu_percent: NotRequired[int]
    """How busy the one thread that executes a node's commands may be. Omitted: 90, what AWS suggests for a high alarm
    (AWS Database Blog, monitoring ElastiCache with CloudWatch; read 2026-11-21)."""
    bucket_lag_seconds: NotRequired[int]
    """How far a replica of a bucket may be behind. Omitted: 900, what replication time control promises; without time
    control nothing is promised."""
    table_lag_milliseconds: NotRequired[int]
    """How long a write to a table may take into the other Region. Omitted: 5,000, an assumption: AWS calls about a
    second typical and promises nothing (DynamoDB Developer Guide, global tables; read 2026-11-21)."""
    queue_age_seconds: NotRequired[int]
    """How long the oldest message may wait. Omitted: 300, an assumption."""
    error_percent: NotRequired[int]
    """Share of a balancer's answers that may be errors of 500 and above. Omitted: 5, an assumption."""
    latency_p99_milliseconds: NotRequired[int]
    """Time within which 99 of 100 answers are to come, 1 to 3,600,000. Omitted: 5,000, an assumption: measure the
    model."""
    gpu_percent: NotRequired[int]
    """How busy the GPUs may be on average for a quarter of an hour. Omitted: 95, an assumption: no room is left for the
    load of another zone."""
    restarts: NotRequired[int]
    """How many restarts of containers within five minutes are too many. Omitted: 5, an assumption."""


class WatchedRegionArgs(TypedDict):
    region: str
    """The Region, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts log groups, the topic and the Prometheus workspace. Its policy must
    let `cloudwatch.amazonaws.com`, and with Prometheus `aps.amazonaws.com`, encrypt, or the topic silently loses what
    they publish."""
    database: NotRequired[WatchedDatabaseArgs]
    """The database here. Omitted: there is none, or it isn't replicated."""
    cache: NotRequired[WatchedCacheArgs]
    """The cache here. Omitted: none."""
    buckets: NotRequired[list[WatchedBucketArgs]]
    """Replicated buckets here. Omitted: none."""
    tables: NotRequired[list[WatchedTableArgs]]
    """Global tables that are written here. Omitted: none."""
    queues: NotRequired[list[WatchedQueueArgs]]
    """Queues here. Omitted: none."""
    vaults: NotRequired[list[WatchedVaultArgs]]
    """Backup vaults here. Omitted: none."""
    balancers: NotRequired[list[WatchedBalancerArgs]]
    """Load balancers here. Omitted: none."""
    clusters: NotRequired[list[WatchedClusterArgs]]
    """EKS clusters here. Omitted: none."""
    heartbeat: NotRequired[WatchedHeartbeatArgs]
    """The heartbeat here: a store whose newest one is missing or older than a minute raises an alarm, and so does a
    function that doesn't run. Omitted: none."""
    other_alarms: NotRequired[list[str]]
    """Names of alarms in this Region that somebody else made and that mean trouble here too, such as those of a
    `RequestBuffer`. They must exist first. Not the switch of a `TrafficSwitch`: it goes off because somebody wants it
    to. Omitted: none."""


def thresholds(given: WatchThresholdsArgs) -> dict[str, int]:
    """Every threshold, given or not."""
    return {name: int(value) for name, value in _values(given).items()}


def _values(given: WatchThresholdsArgs) -> dict[str, float]:
    defaults: dict[str, float] = {name: otherwise for name, (otherwise, _) in limits.WATCH_THRESHOLDS.items()}
    return {**defaults, **cast("Mapping[str, float]", given)}


def require_thresholds(checks: Checks, given: WatchThresholdsArgs) -> None:
    """Whole numbers that can be reached."""
    for name, got in _values(given).items():
        otherwise, allowed = limits.WATCH_THRESHOLDS[name]
        _checks.require_between(checks, f"thresholds.{name}", got, allowed, fix=f"leave it out for {otherwise}")


def require_watched(checks: Checks, path: str, side: WatchedRegionArgs) -> None:
    """Whole numbers within AWS's limits, and nothing watched twice."""
    if "cache" in side:
        cache = side["cache"]
        _checks.require_between(
            checks, f"{path}.cache.shards", cache["shards"], limits.CACHE_SHARDS, fix="count the shards"
        )
        _checks.require_between(
            checks,
            f"{path}.cache.replicas_per_shard",
            cache["replicas_per_shard"],
            limits.Range(0, limits.CACHE_REPLICAS.most),
            fix="count the replicas, without the primary",
        )
    for index, vault in enumerate(side.get("vaults", [])):
        if "most_age_hours" in vault:
            age, where = vault["most_age_hours"], f"{path}.vaults[{index}].most_age_hours"
            _checks.require_between(
                checks, where, age, limits.Range(1, MOST_AGE_HOURS), fix="add up interval, start window and job"
            )
    for kind, names in _names(side).items():
        checks.require(
            len(set(names)) == len(names),
            f"{path}.{kind}",
            got=names,
            allowed="each once",
            fix="leave out what is there twice: its alarms would have the same names",
        )


def _names(side: WatchedRegionArgs) -> dict[str, list[str]]:
    return {
        "buckets": [each["bucket"] for each in side.get("buckets", [])],
        "tables": [each["table_name"] for each in side.get("tables", [])],
        "queues": [each["queue_name"] for each in side.get("queues", [])],
        "vaults": [each["vault_name"] for each in side.get("vaults", [])],
        "balancers": [each["label"] for each in side.get("balancers", [])],
        "clusters": [each["cluster_name"] for each in side.get("clusters", [])],
        "other_alarms": list(side.get("other_alarms", [])),
    }
