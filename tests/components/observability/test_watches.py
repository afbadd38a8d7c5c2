"""Which metric is watched how; what is done with it is the business of test_observability."""

from typing import Any, cast

import pytest

from haven_components.limits import WATCH_THRESHOLDS
from haven_components.observability._watched import WatchedRegionArgs, WatchThresholdsArgs, thresholds
from haven_components.observability._watches import AlarmCondition, watches

SEVEN_DAYS = 7 * 86400


def _watch(limits: Any = None, **watched: Any) -> dict[str, AlarmCondition]:
    side = cast("WatchedRegionArgs", {"region": "eu-west-1", "kms_key_arn": "key"} | watched)
    return {each.suffix: each for each in watches(side, thresholds(cast("WatchThresholdsArgs", limits or {})))}


EVERYTHING: dict[str, Any] = {
    "database": {"cluster_id": "db"},
    "cache": {"group_id": "cache", "shards": 2.0, "replicas_per_shard": 1.0, "replicated": True},
    "buckets": [{"bucket": "here", "other_bucket": "there"}],
    "tables": [{"table_name": "features", "receiving_region": "eu-central-1"}],
    "queues": [{"queue_name": "requests.fifo", "dead_letter_name": "dead.fifo"}],
    "vaults": [{"vault_name": "vault", "most_age_hours": 3.0}],
    "balancers": [{"label": "edge", "load_balancer": "app/edge/1", "target_group": "targetgroup/edge/1"}],
    "clusters": [{"cluster_name": "gpus", "gpus": True}],
}


def _read(watch: AlarmCondition) -> list[tuple[str, str, dict[str, Any], str]]:
    return [(watch.namespace, each.metric, dict(each.dimensions), each.statistic) for each in watch.series]


def test_what_is_not_there_is_not_watched() -> None:
    assert _watch() == {}


def test_every_condition_has_a_name_of_its_own_whatever_things_are_called() -> None:
    same = {
        "buckets": [{"bucket": "x", "other_bucket": "y"}],
        "tables": [{"table_name": "x", "receiving_region": "eu-central-1"}],
        "queues": [{"queue_name": "x", "dead_letter_name": "y"}],
        "vaults": [{"vault_name": "x", "most_age_hours": 3}],
        "balancers": [{"label": "x", "load_balancer": "app/x/1", "target_group": "targetgroup/x/1"}],
        "clusters": [{"cluster_name": "x", "gpus": True}],
    }
    side = cast("WatchedRegionArgs", EVERYTHING | {"region": "eu-west-1", "kms_key_arn": "key"} | same)
    names = [each.suffix for each in watches(side, thresholds({}))]
    assert len(names) == len(set(names)) == 20


def test_a_database_is_watched_for_both_lags_of_a_secondary() -> None:
    found = _watch(database={"cluster_id": "db"})
    assert [_read(each) for each in found.values()] == [
        [("AWS/RDS", "AuroraGlobalDBReplicationLag", {"DBClusterIdentifier": "db"}, "Maximum")],
        [("AWS/RDS", "AuroraGlobalDBRPOLag", {"DBClusterIdentifier": "db"}, "Maximum")],
    ]
    assert {each.threshold for each in found.values()} == {5000}


def test_every_node_of_a_shard_is_read_for_any_may_be_its_primary() -> None:
    found = _watch(cache=EVERYTHING["cache"])
    assert list(found) == ["cache-0001-lag", "cache-0001-cpu", "cache-0002-lag", "cache-0002-cpu"]
    lag = found["cache-0002-lag"]
    assert _read(lag) == [
        ("AWS/ElastiCache", "GlobalDatastoreReplicationLag", {"CacheClusterId": f"cache-0002-00{node}"}, "Maximum")
        for node in (1, 2)
    ]
    assert lag.expression == "MAX([m1, m2])"
    assert {each.metric for each in found["cache-0001-cpu"].series} == {"EngineCPUUtilization"}


def test_a_shard_without_replicas_needs_no_sum() -> None:
    found = _watch(cache={"group_id": "cache", "shards": 1, "replicas_per_shard": 0})
    assert list(found) == ["cache-0001-cpu"]
    assert (len(found["cache-0001-cpu"].series), found["cache-0001-cpu"].expression) == (1, "")


def test_no_alarm_reads_more_metrics_than_cloudwatch_lets_it() -> None:
    found = _watch(cache={"group_id": "c", "shards": 1, "replicas_per_shard": 5, "replicated": True})
    assert max(len(each.series) for each in found.values()) <= 10


def test_a_bucket_is_watched_for_what_it_gets_and_for_what_it_can_not_send() -> None:
    found = _watch(buckets=[{"bucket": "here", "other_bucket": "there"}])
    got = {"SourceBucket": "there", "DestinationBucket": "here", "RuleId": "everything"}
    sent = {"SourceBucket": "here", "DestinationBucket": "there", "RuleId": "everything"}
    assert _read(found["bucket-here-lag"]) == [("AWS/S3", "ReplicationLatency", got, "Maximum")]
    assert _read(found["bucket-here-unreplicated"]) == [("AWS/S3", "OperationsFailedReplication", sent, "Sum")]
    assert found["bucket-here-unreplicated"].threshold == 1


def test_a_bucket_s_rule_may_have_another_name() -> None:
    found = _watch(buckets=[{"bucket": "here", "other_bucket": "there", "rule_id": "mine"}])
    assert {each.series[0].dimensions["RuleId"] for each in found.values()} == {"mine"}


def test_a_table_is_watched_where_it_is_written() -> None:
    (lag,) = _watch(tables=EVERYTHING["tables"]).values()
    dimensions = {"TableName": "features", "ReceivingRegion": "eu-central-1"}
    assert _read(lag) == [("AWS/DynamoDB", "ReplicationLatency", dimensions, "Average")]


def test_a_queue_is_watched_for_its_oldest_message_and_its_failed_ones() -> None:
    found = _watch(queues=EVERYTHING["queues"])
    age, failed = found["queue-requests.fifo-age"], found["queue-requests.fifo-failed"]
    assert _read(age) == [("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "requests.fifo"}, "Maximum")]
    assert _read(failed) == [("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "dead.fifo"}, "Maximum")]
    assert list(_watch(queues=[{"queue_name": "q"}])) == ["queue-q-age"]


def test_a_backup_is_too_old_when_no_job_was_completed_for_so_many_hours_or_nobody_knows() -> None:
    age = _watch(vaults=EVERYTHING["vaults"])["vault-vault-backup-age"]
    assert _read(age) == [("AWS/Backup", "NumberOfBackupJobsCompleted", {"BackupVaultName": "vault"}, "Sum")]
    assert (age.period, age.periods, age.datapoints) == (3600, 3, 3)
    assert (age.below, age.threshold, age.missing) == (True, 1, "breaching")


def test_a_vault_that_only_takes_copies_has_no_age() -> None:
    found = _watch(vaults=[{"vault_name": "v"}])
    assert list(found) == ["vault-v-backup-failed", "vault-v-copy-failed"]
    assert [each.series[0].metric for each in found.values()] == ["NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"]


def test_a_balancer_is_watched_for_errors_slow_answers_and_targets_that_are_not_ready() -> None:
    found = _watch(balancers=EVERYTHING["balancers"])
    whole = {"LoadBalancer": "app/edge/1"}
    errors = found["balancer-edge-errors"]
    assert _read(errors) == [
        ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", whole, "Sum"),
        ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", whole, "Sum"),
        ("AWS/ApplicationELB", "RequestCount", whole, "Sum"),
    ]
    assert errors.expression == "100 * (FILL(m1, 0) + FILL(m2, 0)) / m3"
    assert _read(found["balancer-edge-slow"]) == [("AWS/ApplicationELB", "TargetResponseTime", whole, "p99")]
    assert found["balancer-edge-slow"].threshold == 5
    both = whole | {"TargetGroup": "targetgroup/edge/1"}
    assert _read(found["balancer-edge-unhealthy"]) == [("AWS/ApplicationELB", "UnHealthyHostCount", both, "Maximum")]


def test_a_network_balancer_knows_only_its_targets() -> None:
    network = {"label": "edge", "load_balancer": "net/edge/1", "target_group": "targetgroup/edge/1", "network": True}
    (unhealthy,) = _watch(balancers=[network]).values()
    assert (unhealthy.suffix, unhealthy.namespace) == ("balancer-edge-unhealthy", "AWS/NetworkELB")


@pytest.mark.parametrize(("gpus", "metrics"), [(False, 2), (True, 3)])
def test_a_cluster_is_watched_for_failed_nodes_restarts_and_busy_gpus_if_it_has_any(gpus: bool, metrics: int) -> None:
    found = _watch(clusters=[{"cluster_name": "c", "gpus": gpus}])
    expected = [
        ("ContainerInsights", "cluster_failed_node_count", {"ClusterName": "c"}, "Maximum"),
        ("ContainerInsights", "pod_number_of_container_restarts", {"ClusterName": "c"}, "Sum"),
        ("ContainerInsights", "node_gpu_utilization", {"ClusterName": "c"}, "Average"),
    ]
    assert [_read(each) for each in found.values()] == [[each] for each in expected[:metrics]]


def test_restarts_are_counted_over_five_minutes_and_gpus_must_be_busy_for_fifteen() -> None:
    found = _watch(clusters=EVERYTHING["clusters"])
    restarts, gpus = found["cluster-gpus-restarts"], found["cluster-gpus-gpus"]
    assert (restarts.period, restarts.periods, restarts.threshold) == (300, 1, 5)
    assert (gpus.period, gpus.periods, gpus.datapoints, gpus.threshold) == (60, 15, 15, 95)


@pytest.mark.parametrize(
    ("threshold", "suffix", "value"),
    [
        ("database_lag_milliseconds", "database-lag", 7),
        ("cache_lag_seconds", "cache-0001-lag", 7),
        ("cache_cpu_percent", "cache-0002-cpu", 7),
        ("bucket_lag_seconds", "bucket-here-lag", 7),
        ("table_lag_milliseconds", "table-features-lag", 7),
        ("queue_age_seconds", "queue-requests.fifo-age", 7),
        ("error_percent", "balancer-edge-errors", 7),
        ("latency_p99_milliseconds", "balancer-edge-slow", 0.007),
        ("gpu_percent", "cluster-gpus-gpus", 7),
        ("restarts", "cluster-gpus-restarts", 7),
    ],
)
def test_each_threshold_moves_its_own_conditions_and_no_other(threshold: str, suffix: str, value: float) -> None:
    before, after = _watch(**EVERYTHING), _watch({threshold: 7.0}, **EVERYTHING)
    assert after[suffix].threshold == value
    kind = suffix.split("-", maxsplit=1)[0]
    assert {name.split("-")[0] for name in before if before[name].threshold != after[name].threshold} == {kind}


def test_every_threshold_has_a_default_within_its_own_limits() -> None:
    assert set(WATCH_THRESHOLDS) == set(thresholds({}))
    assert [name for name, (otherwise, allowed) in WATCH_THRESHOLDS.items() if not allowed.holds(otherwise)] == []


def test_only_lags_and_objects_that_stayed_behind_say_that_a_copy_is_behind() -> None:
    behind = {each.suffix for each in _watch(**EVERYTHING).values() if each.replication}
    assert behind == {
        "database-lag",
        "database-rpo-lag",
        "cache-0001-lag",
        "cache-0002-lag",
        "bucket-here-lag",
        "bucket-here-unreplicated",
        "table-features-lag",
    }


def test_no_alarm_looks_further_back_than_cloudwatch_does() -> None:
    vaults = [{"vault_name": "v", "most_age_hours": 168}]
    for each in _watch(**EVERYTHING | {"vaults": vaults}).values():
        assert each.period * each.periods <= (SEVEN_DAYS if each.period >= 3600 else 86400)
        assert 1 <= each.datapoints <= each.periods


def test_every_condition_says_in_words_what_is_wrong() -> None:
    assert [each.suffix for each in _watch(**EVERYTHING).values() if not each.description.endswith(".")] == []
