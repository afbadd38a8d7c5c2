"""How far each store's copy is behind, from the newest sample, against the recovery point objective.

The Regions in which AWS records these metrics: Aurora and S3 in the one that receives, DynamoDB in the one that sends
(Aurora User Guide, S3 User Guide, DynamoDB Developer Guide; read 2026-11-21).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown

AREA = "replication"
_LOOK_BACK = timedelta(minutes=15)
_PERIOD = 60


@dataclass(frozen=True)
class Lag:
    """One store's lag in one direction."""

    store: str
    recorded_in: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    per_second: float
    """What of the metric's unit is a second."""
    continuous: bool = True
    """Whether AWS records it without any write too."""


def lags(manifest: RecoveryManifest, source: str) -> Sequence[Lag]:
    """What a failover away from `source` would look at. The cache's lag isn't among it: AWS records it node by node."""
    other = manifest.other(source)
    here, there = manifest.sides[source], manifest.sides[other]
    found: list[Lag] = []
    if there.database.standby is not None:
        named = {"DBClusterIdentifier": there.database.cluster}
        found.append(Lag(there.database.cluster, other, "AWS/RDS", "AuroraGlobalDBReplicationLag", named, 1000))
    for name, bucket in here.buckets.items():
        named = {
            "SourceBucket": bucket,
            "DestinationBucket": there.buckets[name],
            "RuleId": manifest.replication_rule,
        }
        found.append(Lag(bucket, other, "AWS/S3", "ReplicationLatency", named, 1, continuous=False))
    for table in manifest.replicated_tables:
        named = {"TableName": table, "ReceivingRegion": other}
        found.append(Lag(table, source, "AWS/DynamoDB", "ReplicationLatency", named, 1000, continuous=False))
    return found


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """One question for each Region, about both directions: who writes is not known yet."""

    def samples(region: str) -> Mapping[str, tuple[float, float]]:
        wanted = [each for source in manifest.both for each in lags(manifest, source) if each.recorded_in == region]
        return newest(client("cloudwatch", region), wanted) if wanted else {}

    return {(AREA, region): partial(samples, region) for region in manifest.both}


def newest(cloudwatch: Any, wanted: Sequence[Lag]) -> dict[str, tuple[float, float]]:
    """The newest value of each, in seconds, and its age in seconds; without those that have no sample."""
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[_query(index, each) for index, each in enumerate(wanted)],
        StartTime=now - _LOOK_BACK,
        EndTime=now,
    )
    found = {}
    for result in answer["MetricDataResults"]:
        each = wanted[int(result["Id"][1:])]
        if result.get("Values"):
            taken, value = max(zip(result["Timestamps"], result["Values"], strict=True))
            found[each.store] = (value / each.per_second, max(0.0, (now - taken).total_seconds()))
    return found


def _query(index: int, lag: Lag) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in lag.dimensions.items()]
    metric = {"Namespace": lag.namespace, "MetricName": lag.metric, "Dimensions": dimensions}
    return {"Id": f"m{index}", "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": "Maximum"}}


def readings(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Reading]:
    """How far the other Region is behind the one that is written."""
    source = writer or manifest.regions.primary
    objective = manifest.objectives.rpo_minutes
    wanted = lags(manifest, source)
    for region in manifest.both:
        answer = answers[AREA, region]
        if not answer.known and any(each.recorded_in == region for each in wanted):
            yield unknown(AREA, region, answer)
    for each in wanted:
        answer = answers[AREA, each.recorded_in]
        if answer.known:
            yield _lag(manifest.other(source), each, answer, objective)


def _lag(receiver: str, lag: Lag, answer: Answer, objective: float | None) -> Reading:
    sample = (answer.value or {}).get(lag.store)
    minutes = round(_LOOK_BACK.total_seconds() / 60)
    if sample is None:
        why = "" if lag.continuous else ": nothing was written, or replication has stopped"
        return Reading(AREA, receiver, State.UNKNOWN, f"{lag.store}: no sample of {lag.metric} in {minutes} min{why}")
    seconds, age = sample
    late = objective is not None and seconds + age > objective * 60
    against = "" if objective is None else f"; objective: {objective:g} min"
    description = f"{lag.store}: {duration(seconds)} behind{against}"
    return Reading(AREA, receiver, State.WRONG if late else State.OK, description, age)
