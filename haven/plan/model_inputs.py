"""What the models need, read from a recording: the standby Region as it is, beside what it must become."""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.model.data_loss import BackedUpStore, EmptyStore, LossInput, ReplicatedStore
from haven.model.durations.gpu import GpuGroup
from haven.model.recovery_time import SERVING, Detection, RecoveryInputs, Store, System
from haven.plan.billing.backups import hours_between_starts
from haven.plan.stated import Stated
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group, is_of_runbooks, of_type, standby_region
from haven.program.recording import Recording, Resource

GP3_MIB_S = 125.0
"""Throughput of a gp3 volume without one of its own, MiB/s. Source: Amazon EBS user guide, read 2026-11-25."""
MIB = 1.048576 / 1000
"""GB in a MiB."""
_DEFAULT_TTL_SECONDS = 60.0
_DEFAULT_ALARM = Detection(period_seconds=60, count=3, health_check=False)
"""Where the stack has no alarm on its load balancer: an alarm of somebody else. An assumption."""
_DAY = 24 * 3600.0
POOL_LABEL = "haven.dev/pool"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_STREAMER = "--load-format=runai_streamer"
_INSTANCE_STORE = "ephemeral-storage"
"""In the user data of a node that keeps images and weights on its instance store."""
_SOCI = "parallel-pull-unpack"
"""In the user data of a node that pulls images in parallel."""


@dataclass(frozen=True)
class ModelInputs:
    """Inputs of all models."""

    recovery: RecoveryInputs
    stores: Sequence[LossInput]
    services: Sequence[str]
    """On which every request depends: names in `haven.model.availability.SLAS`."""
    active: str
    """The Region that is lost."""
    tier: str


def model_inputs(recording: Recording, stated: Stated | None = None) -> ModelInputs:
    """The inputs of an environment's models.

    Args:
        recording: of an environment; its outputs have the Regions, the active one, the tier and the systems.
        stated: what its stack file states beside that. Omitted: sizes of images and weights are assumed.
    """
    active = str(recording.outputs["active"])
    standby = standby_region(recording)
    real = list(recording.real())
    here = [each for each in real if each.region == standby]
    there = [each for each in real if each.region == active]
    database, cache = _database(here, there), _cache(here, there)
    tables = _tables(real, recording, active, standby)
    health_checks = [each for each in of_type(real, aws.ROUTE53_HEALTH_CHECK) if "requestInterval" in each.inputs]
    return ModelInputs(
        recovery=RecoveryInputs(
            detection=_detection(health_checks, there),
            automatic=bool(health_checks),
            ttl_seconds=_ttl(real),
            network=bool(of_type(here, aws.EKS_CLUSTER)) or not of_type(there, aws.EKS_CLUSTER),
            database=database,
            cache=cache,
            tables=tables,
            missing_system_nodes=max(0, _system_nodes(there) - _system_nodes(here)),
            groups=tuple(_groups(here, there, recording, stated or Stated())),
            systems=tuple(_systems(recording, standby)),
        ),
        stores=list(_stores(database, cache, tables, there, (stated or Stated()).job_and_copy_seconds)),
        services=list(_services(there, real)),
        active=active,
        tier=str(recording.outputs["tier"]),
    )


def _detection(health_checks: Sequence[Resource], there: Sequence[Resource]) -> Detection:
    for check in health_checks:
        return Detection(float(check.inputs["requestInterval"]), int(check.inputs["failureThreshold"]), True)
    for alarm in of_type(there, aws.CLOUDWATCH_METRIC_ALARM):
        if alarm.inputs.get("metricName") == "UnHealthyHostCount":
            count = alarm.inputs.get("datapointsToAlarm") or alarm.inputs["evaluationPeriods"]
            return Detection(float(alarm.inputs["period"]), int(count), False)
    return _DEFAULT_ALARM


def _ttl(real: Iterable[Resource]) -> float:
    records = (each.inputs for each in of_type(real, aws.ROUTE53_RECORD) if each.inputs.get("setIdentifier"))
    return max((float(each["ttl"]) for each in records if "ttl" in each), default=_DEFAULT_TTL_SECONDS)


def _desired(group: Resource) -> int:
    return int(group.inputs["scalingConfig"]["desiredSize"])


def _system_nodes(records: Iterable[Resource]) -> int:
    return sum(_desired(each) for each in of_type(records, aws.EKS_NODE_GROUP) if not is_gpu_group(each))


def _groups(
    here: Sequence[Resource], there: Sequence[Resource], recording: Recording, stated: Stated
) -> Iterator[GpuGroup]:
    standby = {pool(each): each for each in of_type(here, aws.EKS_NODE_GROUP)}
    systems: Mapping[str, Mapping[str, str]] = recording.outputs.get("systems", {})
    for group in filter(is_gpu_group, of_type(there, aws.EKS_NODE_GROUP)):
        name, own = pool(group), standby.get(pool(group))
        label = str(group.inputs.get("labels", {}).get("haven-system", ""))
        system = systems.get(label)
        loader, storage = _loader(name, there)
        yield GpuGroup(
            name=name,
            full=_desired(group),
            standby=_desired(own) if own else 0,
            serves=system is None or (system["kind"] == SERVING and system["tier"] == recording.outputs["tier"]),
            volume_gb_s=_volume_mib_s(group, recording) * MIB,
            image_gb=stated.images_gb.get(name, GpuGroup.image_gb),
            weights_gb=stated.weights_gb(name, label) or GpuGroup.weights_gb,
            loader=loader,
            storage=storage,
            parallel_pull=_in_user_data(own or group, _SOCI, recording),
            image_present=_has_images(own or group, recording),
            prepared=prepared(own) if own else 0,
            system=label,
        )


def _systems(recording: Recording, standby: str) -> Iterator[System]:
    """The systems of the stack; pods of one whose least on standby is none have to be started."""
    of_the_stack = str(recording.outputs.get("tier", ""))
    for name, each in sorted(recording.outputs.get("systems", {}).items()):
        runs = each.get("runs")
        starts = runs is not None and not runs.get(standby, {}).get("minimum")
        tier = str(each.get("tier", of_the_stack))
        yield System(name, str(each["kind"]), tier, tier != of_the_stack, starts)


def _loader(group: str, there: Sequence[Resource]) -> tuple[str, str]:
    """What the servers on a group load weights with, and from where: vLLM's streamer reads S3, as Mountpoint does;
    without a server that Haven runs, safetensors from the node's volume."""
    for server in of_type(there, _DEPLOYMENT):
        pod: Mapping[str, Any] = server.inputs["spec"]["template"]["spec"]
        if group not in _pools(pod):
            continue
        words = [
            word for each in pod["containers"] for word in (*(each.get("command") or ()), *(each.get("args") or ()))
        ]
        return ("runai", "s3") if _STREAMER in words else ("safetensors", "network")
    return GpuGroup.loader, GpuGroup.storage


def _pools(pod: Mapping[str, Any]) -> Sequence[str]:
    """The node groups that a pod's node affinity names: those that it prefers, where it may run on others too."""
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    preferred = [each["preference"] for each in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()]
    terms = preferred or required.get("nodeSelectorTerms") or ()
    of_pools = [each for term in terms for each in term.get("matchExpressions") or () if each["key"] == POOL_LABEL]
    return [name for each in of_pools for name in each["values"]]


def pool(group: Resource) -> str:
    """The name of a node group that both Regions share."""
    return str(group.inputs.get("labels", {}).get(POOL_LABEL, group.name))


def _volume_mib_s(group: Resource, recording: Recording) -> float:
    """Of the volume with images and weights: the largest of the group's. An instance store is no bound: it is faster
    than images are unpacked."""
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    if template is None:
        return GP3_MIB_S
    if _in_user_data(group, _INSTANCE_STORE, recording):
        return math.inf
    return float(_data_volume(template).get("throughput", GP3_MIB_S))


def _data_volume(template: Resource) -> Mapping[str, Any]:
    volumes = [each["ebs"] for each in template.inputs.get("blockDeviceMappings", ())]
    return max(volumes, key=lambda each: each.get("volumeSize", 0), default={})


def _in_user_data(group: Resource, words: str, recording: Recording) -> bool:
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    data = template.inputs.get("userData") if template else None
    return isinstance(data, str) and words.encode() in base64.b64decode(data)


def _has_images(group: Resource, recording: Recording) -> bool:
    """Whether nodes start from a snapshot, which images were pulled onto."""
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    return template is not None and bool(_data_volume(template).get("snapshotId"))


def prepared(group: Resource) -> int:
    """Nodes of a group that run or wait in its warm pool; 0 without one."""
    return int((group.inputs.get("warmPoolConfig") or {}).get("maxGroupPreparedCapacity") or 0)


def _database(here: Sequence[Resource], there: Sequence[Resource]) -> Store:
    """Clusters of both Regions are replicas where they are members of one global cluster: after a failover in tier
    `backup` each Region has a cluster of its own."""
    both = [{_global_cluster(each) for each in of_type(side, aws.RDS_CLUSTER)} for side in (here, there)]
    if both[1] and both[0] >= both[1] and None not in both[1]:
        return Store.REPLICATED if of_type(here, aws.RDS_CLUSTER_INSTANCE) else Store.HEADLESS
    return Store.BACKUP if any(both) else Store.NONE


def _global_cluster(cluster: Resource) -> str | None:
    found = cluster.inputs.get("globalClusterIdentifier")
    return None if found is None else str(found)


def _cache(here: Sequence[Resource], there: Sequence[Resource]) -> Store:
    if of_type(here, aws.ELASTICACHE_REPLICATION_GROUP):
        datastore = of_type([*here, *there], aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP)
        return Store.REPLICATED if datastore else Store.NONE
    return Store.REBUILT if of_type(there, aws.ELASTICACHE_REPLICATION_GROUP) else Store.NONE


def _tables(real: Iterable[Resource], recording: Recording, active: str, standby: str) -> Store:
    """Tables that aren't in both Regions, by their own declaration or by a replica, come from a backup. Those of the
    runbooks hold none of the data."""
    places: dict[str, set[str | None]] = {}
    for each in of_type(real, aws.DYNAMODB_TABLE, aws.DYNAMODB_TABLE_REPLICA):
        if not is_of_runbooks(each):
            home = recording.referred(each.inputs.get("globalTableArn"))
            within = [one.get("regionName") for one in each.inputs.get("replicas") or ()]  # strong consistency
            places.setdefault(home.key if home else each.key, set()).update([each.region, *within])
    if not places:
        return Store.NONE
    return Store.REPLICATED if all({active, standby} <= regions for regions in places.values()) else Store.BACKUP


def _stores(
    database: Store, cache: Store, tables: Store, there: Sequence[Resource], copied: float | None
) -> Iterator[LossInput]:
    yield from _store("database", database, there, copied)
    yield from _store("cache", cache, there, copied)
    if cache is Store.NONE and of_type(there, aws.ELASTICACHE_REPLICATION_GROUP):
        yield EmptyStore("cache")
    yield from _store("tables", tables, there, copied)
    rules = [rule for each in of_type(there, aws.S3_BUCKET_REPLICATION_CONFIG) for rule in each.inputs["rules"]]
    if rules:
        timed = all("replicationTime" in rule["destination"] for rule in rules)
        yield ReplicatedStore("objects", "lag_objects_timed" if timed else "lag_objects", ordered=False)


def _store(name: str, store: Store, there: Sequence[Resource], copied: float | None) -> Iterator[LossInput]:
    if store in (Store.REPLICATED, Store.HEADLESS):
        yield ReplicatedStore(name, f"lag_{name}", ordered=name != "tables")
    elif store is Store.BACKUP:
        yield BackedUpStore(name, *_backups(there), copied)
    elif store is Store.REBUILT:
        yield EmptyStore(name)


def _backups(there: Sequence[Resource]) -> tuple[float, float]:
    """Interval and start window of the most frequent backups, in seconds."""
    rules = [rule for plan in of_type(there, aws.BACKUP_PLAN) for rule in plan.inputs["rules"]]
    found = [
        (min(hours_between_starts(str(rule["schedule"])) * 3600, _DAY), float(rule.get("startWindow", 60)) * 60)
        for rule in rules
    ]
    return min(found, default=(_DAY, 3600.0))


_SERVICES = {
    "EKS": aws.EKS_CLUSTER,
    "EC2": aws.EKS_NODE_GROUP,
    "ELB": aws.LB_LOAD_BALANCER,
    "Aurora": aws.RDS_CLUSTER,
    "ElastiCache": aws.ELASTICACHE_REPLICATION_GROUP,
    "S3": aws.S3_BUCKET,
    "DynamoDB": aws.DYNAMODB_TABLE,
}


def _services(there: Sequence[Resource], real: Sequence[Resource]) -> Iterator[str]:
    requested = [each for each in there if not is_of_runbooks(each)]
    for service, type_ in _SERVICES.items():
        if of_type(requested, type_):
            yield service
    if of_type(real, aws.ROUTE53_RECORD):
        yield "Route 53"
