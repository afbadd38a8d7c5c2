"""Telling facts about tables, queues, images, balancers, backups and alarms, read from the registrations alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from haven.base.terminal import plural
from haven.program.recording import Recording, Resource

Records = Sequence[Resource]


def _of_type(records: Iterable[Resource], *types: str) -> list[Resource]:
    return [each for each in records if each.type in types]


def _table(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in _of_type(records, "aws:dynamodb/table:Table"):
        keys = [str(each.inputs[name]) for name in ("hashKey", "rangeKey") if each.inputs.get(name)]
        expires = each.inputs.get("ttl") or {}
        facts.append(f"by {' and '.join(keys)}{', items expire' if expires.get('enabled') else ''}, at home here")
    return [
        *facts,
        *("a replica that takes writes too" for _ in _of_type(records, "aws:dynamodb/tableReplica:TableReplica")),
    ]


def _queue(records: Records, _: Recording) -> list[str]:
    streams = _of_type(records, "aws:kinesis/stream:Stream")
    buses = _of_type(records, "aws:cloudwatch/eventBus:EventBus")
    order = [each.inputs.get("fifoQueue") for each in _of_type(records, "aws:sqs/queue:Queue")]
    return [
        "in order" if any(order) else "in no order",
        "with a stream" if streams else "",
        "behind a bus whose events can be replayed" if buses else "",
    ]


def _images(records: Records, _: Recording) -> list[str]:
    return [", ".join(str(each.inputs["name"]) for each in _of_type(records, "aws:ecr/repository:Repository"))]


def _balancer(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in _of_type(records, "aws:lb/loadBalancer:LoadBalancer"):
        reach = "inside the network alone" if each.inputs.get("internal") else "from the internet"
        facts.append(f"{each.inputs.get('loadBalancerType')} balancer, reached {reach}")
    checks = [each.inputs.get("healthCheck", {}) for each in _of_type(records, "aws:lb/targetGroup:TargetGroup")]
    facts += [f"targets are ready when {each.get('path')} answers" for each in checks]
    names = [str(each.inputs.get("domainName")) for each in _of_type(records, "aws:acm/certificate:Certificate")]
    return [*facts, *(f"certificate for {each}" for each in names)]


def _backups(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in _of_type(records, "aws:backup/plan:Plan"):
        rules = [f"{rule['ruleName']} kept {rule['lifecycle']['deleteAfter']} days" for rule in each.inputs["rules"]]
        facts.append(f"backups {', '.join(rules)}; each copied into the other Region")
    for each in _of_type(records, "aws:backup/vaultLockConfiguration:VaultLockConfiguration"):
        for_good = each.inputs.get("changeableForDays")
        facts.append(f"locked for good after {for_good} days" if for_good else "locked in governance mode")
    tests = _of_type(records, "aws:backup/restoreTestingSelection:RestoreTestingSelection")
    restored = ", ".join(str(each.inputs["protectedResourceType"]) for each in tests)
    return [*facts, f"restored to see that it works: {restored}" if restored else ""]


def _watch(records: Records, _: Recording) -> list[str]:
    alarms = len(_of_type(records, "aws:cloudwatch/metricAlarm:MetricAlarm"))
    sums = [str(each.inputs["alarmName"]) for each in _of_type(records, "aws:cloudwatch/compositeAlarm:CompositeAlarm")]
    told = len(_of_type(records, "aws:sns/topicSubscription:TopicSubscription"))
    nobody = "nobody is told: subscribe to the topic, or name emails in haven:watch"
    return [
        f"{plural(alarms, 'alarm')}, summed up by {' and '.join(sorted(sums))}" if sums else plural(alarms, "alarm"),
        f"{plural(told, 'address')} told" if told else nobody,
    ]


def _faults(records: Records, _: Recording) -> list[str]:
    made = _of_type(records, "aws:fis/experimentTemplate:ExperimentTemplate")
    return [f"{plural(len(made), 'experiment')} that somebody may start"]


def _cost(records: Records, _: Recording) -> list[str]:
    return [
        f"told when a month costs {each.inputs.get('limitAmount')} {each.inputs.get('limitUnit')}"
        for each in _of_type(records, "aws:budgets/budget:Budget")
    ]


DESCRIPTIONS: Mapping[str, Callable[[Records, Recording], list[str]]] = {
    "BackupVault": _backups,
    "CostGuard": _cost,
    "EdgeBalancer": _balancer,
    "FaultExperiments": _faults,
    "GlobalTable": _table,
    "Observability": _watch,
    "ReplicatedRegistry": _images,
    "RequestBuffer": _queue,
}
"""Component -> what to say of its part in one Region; empty texts are left out."""
