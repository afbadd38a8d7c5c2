"""What a recording's resources cost: the quantities that prices are multiplied with."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from haven.model.cost import SHARED, USAGE, Item
from haven.model.durations.gpu import GpuGroup
from haven.model.kubernetes import EXTENDED, calendar
from haven.model.node_disks import MOST_MIBPS
from haven.model.recovery_time import RecoveryInputs
from haven.model.tiers import Tier
from haven.plan.billing import small
from haven.plan.billing.backups import backup_items
from haven.plan.component_summary import cache_nodes, cache_setting
from haven.plan.model_inputs import MIB, pool, prepared
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group, is_of_runbooks, of_type, standby_region
from haven.program.recording import Recording, Resource

Items = Iterator[tuple[str, float]]


def cost_items(recording: Recording, usage: Mapping[str, float] | None = None) -> list[Item]:
    """The items of an environment, as the program declares it now.

    Args:
        recording: what it declares.
        usage: quantities instead of the defaults of `USAGE`. Omitted: the defaults.
    """
    stated = usage or {}
    chosen = {**USAGE, **stated}
    items: list[Item] = []
    for each in recording.real():
        quantities = _QUANTITIES.get(each.type)
        if quantities is None or each.region is None:
            continue
        for what, quantity in quantities(each, recording):
            use = small.SAME_SIZE.get(what, what)
            used = quantity * chosen[use] if use in USAGE else quantity
            by_default = use in USAGE and use not in stated
            items.append(Item(what, used, each.region, each.component or "the stack itself", _system(each), by_default))
    return [
        *items,
        *_copies_of_secrets(recording),
        *_out_of_active(recording, chosen, stated),
        *_out_of_standby(recording, chosen, stated),
        *backup_items(recording, chosen, stated),
        *_idle_reservations(recording),
    ]


def _copies_of_secrets(recording: Recording) -> Iterator[Item]:
    """A secret's replicas, each in its own Region: it costs as much as the secret."""
    for each in of_type(recording.real(), aws.SECRETSMANAGER_SECRET):
        for copy in each.inputs.get("replicas", ()):
            yield Item("secret", 1, str(copy["region"]), each.component or "the stack itself", _system(each))


def moves(recording: Recording, standby: str, usage: Mapping[str, float] | None = None) -> list[Item]:
    """What one failover and its failback cost beside the hours that the standby Region runs at full scale: tables that
    are restored from backups, and the database's way back to the lost Region.

    Args:
        recording: what is declared.
        standby: the standby Region.
        usage: as for `cost_items`.
    """
    chosen, real = {**USAGE, **(usage or {})}, list(recording.real())
    by_default = not usage or "aurora-storage" not in usage
    items = []
    if of_type(real, aws.RDS_CLUSTER):
        size = chosen["aurora-storage"]
        back = "failback of the database"
        lost = str(recording.outputs["active"])
        items.append(Item("transfer-to-region", size, standby, back, assumed=by_default, to=lost))
    tables = [each for each in of_type(real, aws.DYNAMODB_TABLE) if not is_of_runbooks(each)]
    if tables and not of_type(real, aws.DYNAMODB_TABLE_REPLICA):
        restored = len(tables) * chosen["table-storage"]
        items.append(Item("table-restore", restored, standby, "restore of the tables", assumed=True))
    return items


def _idle_reservations(recording: Recording) -> Iterator[Item]:
    """Reserved instances of a group that don't run now, at full price: as many as the group has in the other Region.
    An assumption: the size of a reservation is in no stack file."""
    groups = of_type(recording.real(), aws.EKS_NODE_GROUP)
    full: dict[str, float] = {}
    for each in groups:
        full[pool(each)] = max(full.get(pool(each), 0.0), _desired(each))
    for each in groups:
        idle = full[pool(each)] - _desired(each)
        if each.region and idle and (reserved := _reserved_type(each, recording)):
            component = each.component or "the stack itself"
            yield Item(f"instance:{reserved}", idle, each.region, component, _system(each), assumed=True, idle=True)


def _reserved_type(group: Resource, recording: Recording) -> str | None:
    """The instance type of the capacity reservation that a group targets; capacity blocks are paid in advance."""
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    if template is None or "capacityReservationSpecification" not in template.inputs:
        return None
    return None if group.inputs.get("capacityType") == "CAPACITY_BLOCK" else template.inputs.get("instanceType")


def _desired(group: Resource) -> float:
    return float(group.inputs["scalingConfig"]["desiredSize"])


GP3_FREE_IOPS = 3000
"""What a gp3 volume has at no price. Source: Amazon EBS user guide, read 2026-11-25."""

FREE, TIERS = "no AWS cost", "--all-tiers prices it"


def remedies(recording: Recording, inputs: RecoveryInputs, standby: str) -> Mapping[str, str | list[Item]]:
    """Term of a recovery -> what shortening it needs: items a month, or in words what it costs otherwise.

    Args:
        recording: what is declared.
        inputs: of the recovery's model.
        standby: the standby Region.
    """
    there = [each for each in recording.real() if each.region not in (None, standby)]
    found: dict[str, str | list[Item]] = {
        "acknowledge": FREE,
        "decide": FREE,
        "detect": "the price of a shorter interval is unknown",
        "EKS cluster": TIERS,
        "restore database": TIERS,
        "restore tables": TIERS,
        "database instance": _items_of(of_type(there, aws.RDS_CLUSTER_INSTANCE)[:1], recording, standby),
        "create cache": _items_of(of_type(there, aws.ELASTICACHE_REPLICATION_GROUP), recording, standby),
    }
    groups = {pool(each): each for each in of_type(there, aws.EKS_NODE_GROUP)}
    for group in inputs.groups:
        missing = max(0, group.opening - group.standby) or max(0, group.full - group.standby)
        # Those that wait in a warm pool have their volumes already.
        have = max(group.standby, group.prepared)
        volumes = max(have, group.standby + missing) - have
        more = _more_nodes(groups[group.name], missing, volumes, recording, standby)
        found[f"GPU nodes {group.name}"] = found[f"warm pool {group.name}"] = more
        faster = FREE if group.volume_gb_s == math.inf else _faster_volumes(group, standby)
        found[f"image {group.name}"] = faster
        found[f"weights {group.name}"] = faster if group.storage == "ebs" else FREE
        found[f"engine {group.name}"] = FREE
    for each in of_type(there, aws.EKS_NODE_GROUP):
        if not is_gpu_group(each):
            missing = inputs.missing_system_nodes
            found["system nodes"] = _more_nodes(each, missing, missing, recording, standby)
    return found


def _more_nodes(group: Resource, nodes: float, volumes: float, recording: Recording, standby: str) -> list[Item]:
    """Nodes like those of a group, of which `volumes` bring their own."""
    return [Item(what, quantity, standby, "remedy") for what, quantity in _running(group, recording, nodes, volumes)]


def _faster_volumes(group: GpuGroup, standby: str) -> list[Item]:
    more = max(0.0, MOST_MIBPS - group.volume_gb_s / MIB)
    return [Item("gp3-throughput", more * group.full, standby, "remedy")]


def _items_of(resources: Sequence[Resource], recording: Recording, standby: str) -> list[Item]:
    found = [one for each in resources for one in _QUANTITIES[each.type](each, recording)]
    return [Item(what, quantity, standby, "remedy") for what, quantity in found]


_BOTH_ENDS = 2
"""Between zones, the sender's and the receiver's side are charged alike. Source: AWS Cost and Usage Reports user
guide, data transfer charges (two lines for each transfer); read 2026-11-26 as others quote it."""
_FROM_STANDBY = "transfer-from-standby"


_REPLICATED, _TO_REGION, _TO_INTERNET = "aurora-replicated-write", "transfer-to-region", "transfer-to-internet"


def _out_of_active(recording: Recording, chosen: Mapping[str, float], stated: Mapping[str, float]) -> Iterator[Item]:
    """What the active Region sends to the other one, and its writes that a member of the database there repeats."""
    if not (active := str(recording.outputs.get("active", ""))):
        return
    if _has_member_elsewhere(recording):
        yield Item(_REPLICATED, chosen[_REPLICATED], active, "usage", assumed=_REPLICATED not in stated)
    to = standby_region(recording)
    yield Item(_TO_REGION, chosen[_TO_REGION], active, "usage", assumed=_TO_REGION not in stated, to=to)
    serving = [active, to] if recording.outputs.get("tier") == Tier.ACTIVE_ACTIVE else [active]
    for region in serving if _is_public(recording) else ():
        yield Item(_TO_INTERNET, chosen[_TO_INTERNET], region, "usage", assumed=_TO_INTERNET not in stated)


def _is_public(recording: Recording) -> bool:
    """Whether clients on the internet reach a load balancer."""
    return any(not each.inputs.get("internal") for each in of_type(recording.real(), aws.LB_LOAD_BALANCER))


def _has_member_elsewhere(recording: Recording) -> bool:
    """Whether one global cluster of Aurora has clusters in two Regions."""
    regions: dict[object, set[str | None]] = {}
    for each in of_type(recording.real(), aws.RDS_CLUSTER):
        if joined := each.inputs.get("globalClusterIdentifier"):
            regions.setdefault(joined, set()).add(each.region)
    return any(len(each) > 1 for each in regions.values())


def _out_of_standby(recording: Recording, chosen: Mapping[str, float], stated: Mapping[str, float]) -> Iterator[Item]:
    """What the standby Region sends to the active one, where it serves too or the stack file states it."""
    given = _FROM_STANDBY in stated
    if given or recording.outputs.get("tier") == Tier.ACTIVE_ACTIVE:
        region, to = standby_region(recording), str(recording.outputs["active"])
        yield Item(_TO_REGION, chosen[_FROM_STANDBY], region, "usage", assumed=not given, to=to)


def _system(record: Resource) -> str:
    return str(record.inputs.get("tags", {}).get("haven:system") or SHARED)


def _nodes(group: Resource, recording: Recording) -> Items:
    """Those that run, and the volumes of those that wait stopped in a warm pool."""
    desired = _desired(group)
    return _running(group, recording, desired, max(desired, prepared(group)))


def _running(group: Resource, recording: Recording, nodes: float, with_volumes: float) -> Items:
    types: Sequence[Any] = group.inputs.get("instanceTypes") or ()
    type_ = types[0] if types else _reserved_type(group, recording)
    yield (f"instance:{type_}" if type_ else f"reserved capacity of {group.name}", nodes)
    template = recording.referred(group.inputs.get("launchTemplate", {}).get("id"))
    volumes = [each["ebs"] for each in template.inputs.get("blockDeviceMappings", ())] if template else []
    yield "gp3-storage", with_volumes * sum(float(each.get("volumeSize", 0)) for each in volumes)
    extra = sum(max(0.0, float(each.get("throughput", 125)) - 125) for each in volumes)
    if extra:
        yield "gp3-throughput", with_volumes * extra
    if more := sum(max(0.0, float(each.get("iops") or 0) - GP3_FREE_IOPS) for each in volumes):
        yield "gp3-iops", with_volumes * more


def _cache(group: Resource, recording: Recording) -> Items:
    engine = cache_setting(group, recording, "engine") or "redis"
    node_type = cache_setting(group, recording, "nodeType", "cacheNodeType")
    yield f"cache-{engine}:{node_type}", cache_nodes(group, recording)


def _balancer(balancer: Resource, _: Recording) -> Items:
    yield "load-balancer", 1
    yield "load-balancer-lcu", 1
    if not balancer.inputs.get("internal"):
        yield "public-ipv4", len(balancer.inputs.get("subnets", ()))


def _endpoint(endpoint: Resource, _: Recording) -> Items:
    if endpoint.inputs.get("vpcEndpointType") == "Interface":
        yield "interface-endpoint", len(endpoint.inputs.get("subnetIds", ()))
        yield "interface-endpoint-data", 1


def _nat(_: Resource, __: Recording) -> Items:
    yield "nat-gateway", 1
    yield "nat-gateway-data", 1


def _database_member(_: Resource, __: Recording) -> Items:
    yield "aurora-storage", 1
    yield "aurora-io", 1


def _replicated_bucket(replication: Resource, _: Recording) -> Items:
    if any("replicationTime" in rule["destination"] for rule in replication.inputs["rules"]):
        yield "replication-time-control", 1


def _table(table: Resource, _: Recording) -> Items:
    for what in ("table-storage", "table-write", "table-read"):
        yield what, 1
    yield from small.continuous_backup(table)


def _alarm(alarm: Resource, _: Recording) -> Items:
    metrics = [each for each in alarm.inputs.get("metricQueries", ()) if "metric" in each]
    yield "alarm", max(1, len(metrics))


def _web_acl(acl: Resource, _: Recording) -> Items:
    yield "web-acl", 1
    yield "web-acl-rule", len(acl.inputs.get("rules", ()))


def _control_plane(cluster: Resource, _: Recording) -> Items:
    yield "control-plane", 1
    support = calendar().get(str(cluster.inputs.get("version", "")))
    policy = cluster.inputs.get("upgradePolicy", {}).get("supportType", EXTENDED)
    if support and policy == EXTENDED and _today() >= support.standard_until:
        yield "control-plane-extended-support", 1
    yield "logs-ingestion", 1
    yield "transfer-between-zones", _BOTH_ENDS


def _today() -> date:
    return datetime.now(UTC).date()


def _one(what: str) -> Callable[[Resource, Recording], Items]:
    def quantities(_: Resource, __: Recording) -> Items:
        yield what, 1.0

    return quantities


def _by_itself(quantities: Callable[[Resource], Items]) -> Callable[[Resource, Recording], Items]:
    return lambda resource, _: quantities(resource)


def _started_every_minute(_: Resource, __: Recording) -> Items:
    """A schedule of a heartbeats' function; those of a Region switch plan run in a failover alone."""
    for what in ("function-gb-seconds", "function-requests"):
        yield what, 1


def _instance(instance: Resource, _: Recording) -> Items:
    yield f"aurora-instance:{instance.inputs['instanceClass']}", 1


_QUANTITIES: Mapping[str, Callable[[Resource, Recording], Items]] = {
    aws.CLOUDWATCH_COMPOSITE_ALARM: _one("alarm-composite"),
    aws.CLOUDWATCH_METRIC_ALARM: _alarm,
    aws.DYNAMODB_TABLE: _table,
    aws.DYNAMODB_TABLE_REPLICA: _table,
    aws.EC2_EIP: _one("public-ipv4"),
    aws.EC2_NAT_GATEWAY: _nat,
    aws.EC2_VPC_ENDPOINT: _endpoint,
    aws.ECR_REPOSITORY: _one("images"),
    aws.EKS_CLUSTER: _control_plane,
    aws.EKS_NODE_GROUP: _nodes,
    aws.ELASTICACHE_REPLICATION_GROUP: _cache,
    aws.KMS_KEY: _one("key"),
    aws.KMS_REPLICA_KEY: _one("key"),
    aws.LB_LOAD_BALANCER: _balancer,
    aws.RDS_CLUSTER: _database_member,
    aws.RDS_CLUSTER_INSTANCE: _instance,
    aws.ROUTE53_ZONE: _one("hosted-zone"),
    aws.S3_BUCKET: _one("bucket-storage"),
    aws.S3_BUCKET_REPLICATION_CONFIG: _replicated_bucket,
    aws.SCHEDULER_SCHEDULE: _started_every_minute,
    aws.SECRETSMANAGER_SECRET: _one("secret"),
    aws.WAFV2_WEB_ACL: _web_acl,
    **{type_: _by_itself(each) for type_, each in small.QUANTITIES.items()},
}
"""Resource type -> what it costs; of use, for how many times the quantity in `USAGE`. Types that aren't here cost
nothing by themselves."""
