"""Turns what is watched in a Region into conditions: which metric, over which time, from which value on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from haven_components.names import REPLICATION_RULE, balancer_error_suffix
from haven_components.observability._watched import (
    WatchedBalancerArgs,
    WatchedBucketArgs,
    WatchedCacheArgs,
    WatchedClusterArgs,
    WatchedDatabaseArgs,
    WatchedHeartbeatArgs,
    WatchedQueueArgs,
    WatchedRegionArgs,
    WatchedTableArgs,
    WatchedVaultArgs,
)
from haven_components.resilience.heartbeat_function.keys import LATE_STORES, NAMESPACE

Thresholds = Mapping[str, int]
Dimensions = Mapping[str, pulumi.Input[str]]

MINUTE, QUARTER, HOUR = 60, 900, 3600


@dataclass(frozen=True)
class Series:
    """One metric."""

    metric: str
    dimensions: Dimensions
    statistic: str


@dataclass(frozen=True)
class AlarmCondition:
    """One condition under which something is wrong."""

    suffix: str
    """Last part of the alarm's name."""
    title: str
    """Of its graph."""
    description: str
    """What is wrong, and what that means."""
    namespace: str
    series: Sequence[Series]
    threshold: float
    expression: str = ""
    """What is made of several series, called m1, m2 and so on; empty for one alone."""
    period: int = MINUTE
    periods: int = 5
    datapoints: int = 3
    """How many of the periods have to be bad: three of five minutes is neither one bad minute nor a long wait."""
    below: bool = False
    """Whether too little is wrong, and not too much."""
    missing: str = "notBreaching"
    """Most of it falls silent where nothing happens, or where a Region has become the primary one."""
    replication: bool = False
    """Whether it shows that the other Region's copy is behind."""


def watches(side: WatchedRegionArgs, limits: Thresholds) -> list[AlarmCondition]:
    """Every condition of a Region, in the order in which a dashboard shows them."""
    return [
        *(_balancers(side.get("balancers", []), limits)),
        *(_clusters(side.get("clusters", []), limits)),
        *(_database(side["database"], limits) if "database" in side else ()),
        *(_cache(side["cache"], limits) if "cache" in side else ()),
        *(_buckets(side.get("buckets", []), limits)),
        *(_tables(side.get("tables", []), limits)),
        *(_queues(side.get("queues", []), limits)),
        *(_vaults(side.get("vaults", []))),
        *(_heartbeat(side["heartbeat"]) if "heartbeat" in side else ()),
    ]


def _heartbeat(heartbeat: WatchedHeartbeatArgs) -> Iterator[AlarmCondition]:
    function = heartbeat["function_name"]
    yield AlarmCondition(
        "heartbeat",
        f"{function}: stores whose heartbeat is late",
        f"{function} doesn't run, or a store's newest heartbeat here is older than a minute (a bucket's: than S3's"
        " replication time control promises): an unplanned failover to this Region would lose more than that, or be"
        " refused.",
        NAMESPACE,
        [Series(LATE_STORES, {"Function": function}, "Minimum")],
        1,
        missing="breaching",
        replication=True,
    )


def _database(database: WatchedDatabaseArgs, limits: Thresholds) -> Iterator[AlarmCondition]:
    """Both metrics are in milliseconds and exist on a secondary alone (Aurora User Guide, metrics; 2026-11-21)."""
    cluster, most = database["cluster_id"], limits["database_lag_milliseconds"]
    for suffix, metric, what in (
        ("database-lag", "AuroraGlobalDBReplicationLag", "applies changes"),
        ("database-rpo-lag", "AuroraGlobalDBRPOLag", "has the writer's last commit"),
    ):
        yield AlarmCondition(
            suffix,
            f"{cluster}: {metric} (ms)",
            f"The secondary {cluster} {what} {most} ms late or more: a failover now would lose at least that.",
            "AWS/RDS",
            [Series(metric, {"DBClusterIdentifier": cluster}, "Maximum")],
            most,
            replication=True,
        )


def _cache(cache: WatchedCacheArgs, limits: Thresholds) -> Iterator[AlarmCondition]:
    """By shard, for alarms read no more than ten metrics and can't search; any node may become a shard's primary."""
    group = cache["group_id"]
    lag, busy = limits["cache_lag_seconds"], limits["cache_cpu_percent"]
    for shard in range(1, int(cache["shards"]) + 1):
        nodes = [f"{group}-{shard:04}-{node:03}" for node in range(1, int(cache["replicas_per_shard"]) + 2)]
        highest = f"MAX([{', '.join(f'm{node}' for node in range(1, len(nodes) + 1))}])" if len(nodes) > 1 else ""
        if cache.get("replicated", False):
            yield AlarmCondition(
                f"cache-{shard:04}-lag",
                f"{group} shard {shard}: GlobalDatastoreReplicationLag (s)",
                f"Shard {shard} of {group} is {lag} s or more behind the primary Region.",
                "AWS/ElastiCache",
                [Series("GlobalDatastoreReplicationLag", {"CacheClusterId": node}, "Maximum") for node in nodes],
                lag,
                highest,
                replication=True,
            )
        yield AlarmCondition(
            f"cache-{shard:04}-cpu",
            f"{group} shard {shard}: EngineCPUUtilization (%)",
            f"A node of shard {shard} of {group} is {busy} % busy or more: commands wait.",
            "AWS/ElastiCache",
            [Series("EngineCPUUtilization", {"CacheClusterId": node}, "Average") for node in nodes],
            busy,
            highest,
        )


def _buckets(buckets: Sequence[WatchedBucketArgs], limits: Thresholds) -> Iterator[AlarmCondition]:
    """Latency is published in the destination's Region and failures are in the source's, so each Region looks at what
    it gets and at what it sends (S3 User Guide, replication metrics; 2026-11-21). S3 stops publishing where nothing is
    replicated."""
    most = limits["bucket_lag_seconds"]
    for each in buckets:
        here, there, rule = each["bucket"], each["other_bucket"], each.get("rule_id", REPLICATION_RULE)
        yield AlarmCondition(
            f"bucket-{here}-lag",
            f"{here}: ReplicationLatency (s)",
            f"{here} is {most} s or more behind {there}: a failover now would miss what was written since.",
            "AWS/S3",
            [Series("ReplicationLatency", _rule(there, here, rule), "Maximum")],
            most,
            replication=True,
        )
        yield AlarmCondition(
            f"bucket-{here}-unreplicated",
            f"{here}: OperationsFailedReplication",
            f"{there} doesn't take some objects of {here}. They stay behind until a batch job copies them.",
            "AWS/S3",
            [Series("OperationsFailedReplication", _rule(here, there, rule), "Sum")],
            1,
            periods=1,
            datapoints=1,
            replication=True,
        )


def _rule(source: str, destination: str, rule: str) -> Dimensions:
    return {"SourceBucket": source, "DestinationBucket": destination, "RuleId": rule}


def _tables(tables: Sequence[WatchedTableArgs], limits: Thresholds) -> Iterator[AlarmCondition]:
    """Recorded in the Region that was written to, for each that receives (DynamoDB Developer Guide, global table
    metrics; 2026-11-21)."""
    most = limits["table_lag_milliseconds"]
    for each in tables:
        name, region = each["table_name"], each["receiving_region"]
        yield AlarmCondition(
            f"table-{name}-lag",
            f"{name} to {region}: ReplicationLatency (ms)",
            f"What is written to {name} here reaches {region} after {most} ms or more.",
            "AWS/DynamoDB",
            [Series("ReplicationLatency", {"TableName": name, "ReceivingRegion": region}, "Average")],
            most,
            replication=True,
        )


def _queues(queues: Sequence[WatchedQueueArgs], limits: Thresholds) -> Iterator[AlarmCondition]:
    most = limits["queue_age_seconds"]
    for each in queues:
        name = each["queue_name"]
        yield AlarmCondition(
            f"queue-{name}-age",
            f"{name}: age of the oldest message (s)",
            f"The oldest message in {name} has waited for {most} s or more: the readers don't keep up.",
            "AWS/SQS",
            [Series("ApproximateAgeOfOldestMessage", {"QueueName": name}, "Maximum")],
            most,
        )
        if "dead_letter_name" in each:
            yield AlarmCondition(
                f"queue-{name}-failed",
                f"{name}: failed messages",
                f"Messages of {name} have failed. Find the cause, then put them back.",
                "AWS/SQS",
                [Series("ApproximateNumberOfMessagesVisible", {"QueueName": each["dead_letter_name"]}, "Maximum")],
                1,
                periods=1,
                datapoints=1,
            )


def _vaults(vaults: Sequence[WatchedVaultArgs]) -> Iterator[AlarmCondition]:
    """AWS Backup counts jobs and knows no age: a backup is too old once as many hours went by without a completed job,
    and an hour of which nothing is known counts as one without (AWS Backup Developer Guide, metrics; 2026-11-21)."""
    for each in vaults:
        name = each["vault_name"]
        if "most_age_hours" in each:
            hours = int(each["most_age_hours"])
            yield AlarmCondition(
                f"vault-{name}-backup-age",
                f"{name}: completed backups an hour",
                f"No backup was completed in {name} for {hours} hours: what a restore gives back is older than that.",
                "AWS/Backup",
                [Series("NumberOfBackupJobsCompleted", {"BackupVaultName": name}, "Sum")],
                1,
                period=HOUR,
                periods=hours,
                datapoints=hours,
                below=True,
                missing="breaching",
            )
        for suffix, metric, what in (
            ("backup-failed", "NumberOfBackupJobsFailed", "backup"),
            ("copy-failed", "NumberOfCopyJobsFailed", "copy"),
        ):
            yield AlarmCondition(
                f"vault-{name}-{suffix}",
                f"{name}: {metric}",
                f"A {what} job of {name} failed.",
                "AWS/Backup",
                [Series(metric, {"BackupVaultName": name}, "Sum")],
                1,
                period=QUARTER,
                periods=1,
                datapoints=1,
            )


def _balancers(balancers: Sequence[WatchedBalancerArgs], limits: Thresholds) -> Iterator[AlarmCondition]:
    for each in balancers:
        yield _unhealthy(each)
        if not each.get("network", False):
            yield _errors(each, limits["error_percent"])
            yield _slow(each, limits["latency_p99_milliseconds"])


def _unhealthy(balancer: WatchedBalancerArgs) -> AlarmCondition:
    label = balancer["label"]
    both = {"LoadBalancer": balancer["load_balancer"], "TargetGroup": balancer["target_group"]}
    return AlarmCondition(
        f"balancer-{label}-unhealthy",
        f"{label}: unhealthy targets",
        f"{label} has targets that aren't ready.",
        "AWS/NetworkELB" if balancer.get("network", False) else "AWS/ApplicationELB",
        [Series("UnHealthyHostCount", both, "Maximum")],
        1,
    )


def _errors(balancer: WatchedBalancerArgs, percent: int) -> AlarmCondition:
    """Its own errors count with those of the targets; a count that is missing is none."""
    label, whole = balancer["label"], {"LoadBalancer": balancer["load_balancer"]}
    counts = ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount")
    return AlarmCondition(
        balancer_error_suffix(label),
        f"{label}: answers of 500 and above (%)",
        f"{percent} % or more of the answers of {label} are errors.",
        "AWS/ApplicationELB",
        [Series(metric, whole, "Sum") for metric in counts],
        percent,
        "100 * (FILL(m1, 0) + FILL(m2, 0)) / m3",
    )


def _slow(balancer: WatchedBalancerArgs, milliseconds: int) -> AlarmCondition:
    """`TargetResponseTime` is in seconds."""
    label = balancer["label"]
    return AlarmCondition(
        f"balancer-{label}-slow",
        f"{label}: p99 of the answers (s)",
        f"One of a hundred answers of {label} takes {milliseconds} ms or more.",
        "AWS/ApplicationELB",
        [Series("TargetResponseTime", {"LoadBalancer": balancer["load_balancer"]}, "p99")],
        milliseconds / 1000,
    )


def _clusters(clusters: Sequence[WatchedClusterArgs], limits: Thresholds) -> Iterator[AlarmCondition]:
    """Metrics of the whole cluster (CloudWatch User Guide, Container Insights for EKS; 2026-11-21)."""
    for each in clusters:
        name = each["cluster_name"]
        yield _failed_nodes(name)
        yield _restarts(name, limits["restarts"])
        if each.get("gpus", False):
            yield _busy_gpus(name, limits["gpu_percent"])


def _failed_nodes(cluster: str) -> AlarmCondition:
    return AlarmCondition(
        f"cluster-{cluster}-failed-nodes",
        f"{cluster}: failed nodes",
        f"{cluster} has nodes that failed.",
        "ContainerInsights",
        [Series("cluster_failed_node_count", {"ClusterName": cluster}, "Maximum")],
        1,
    )


def _restarts(cluster: str, most: int) -> AlarmCondition:
    """The agent reports what came since its last report (amazon-cloudwatch-agent, podstore; 2026-11-21)."""
    return AlarmCondition(
        f"cluster-{cluster}-restarts",
        f"{cluster}: restarts of containers",
        f"Containers of {cluster} were restarted {most} times or more within five minutes.",
        "ContainerInsights",
        [Series("pod_number_of_container_restarts", {"ClusterName": cluster}, "Sum")],
        most,
        period=5 * MINUTE,
        periods=1,
        datapoints=1,
    )


def _busy_gpus(cluster: str, most: int) -> AlarmCondition:
    return AlarmCondition(
        f"cluster-{cluster}-gpus",
        f"{cluster}: utilization of GPUs (%)",
        f"The GPUs of {cluster} were {most} % busy or more for a quarter of an hour: no room for a lost zone.",
        "ContainerInsights",
        [Series("node_gpu_utilization", {"ClusterName": cluster}, "Average")],
        most,
        periods=15,
        datapoints=15,
    )
