"""Key facts about tables, queues, images, balancers, backups and alarms, read from the recording alone."""

from collections.abc import Callable, Mapping, Sequence

from haven.base.terminal import plural
from haven.program import aws_types as aws
from haven.program.queries import of_type
from haven.program.recording import Recording, Resource

Records = Sequence[Resource]


def _table(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in of_type(records, aws.DYNAMODB_TABLE):
        keys = [str(each.inputs[name]) for name in ("hashKey", "rangeKey") if each.inputs.get(name)]
        expires = each.inputs.get("ttl") or {}
        facts.append(f"by {' and '.join(keys)}{', items expire' if expires.get('enabled') else ''}, at home here")
    return [
        *facts,
        *("a replica that takes writes too" for _ in of_type(records, aws.DYNAMODB_TABLE_REPLICA)),
    ]


def _queue(records: Records, _: Recording) -> list[str]:
    streams = of_type(records, aws.KINESIS_STREAM)
    buses = of_type(records, aws.CLOUDWATCH_EVENT_BUS)
    order = [each.inputs.get("fifoQueue") for each in of_type(records, aws.SQS_QUEUE)]
    return [
        "in order" if any(order) else "in no order",
        "with a stream" if streams else "",
        "behind a bus whose events can be replayed" if buses else "",
    ]


def _images(records: Records, _: Recording) -> list[str]:
    return [", ".join(str(each.inputs["name"]) for each in of_type(records, aws.ECR_REPOSITORY))]


def _balancer(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in of_type(records, aws.LB_LOAD_BALANCER):
        reach = "inside the network alone" if each.inputs.get("internal") else "from the internet"
        facts.append(f"{each.inputs.get('loadBalancerType')} balancer, reached {reach}")
    checks = [each.inputs.get("healthCheck", {}) for each in of_type(records, aws.LB_TARGET_GROUP)]
    facts += [f"targets are ready when {each.get('path')} answers" for each in checks]
    names = [str(each.inputs.get("domainName")) for each in of_type(records, aws.ACM_CERTIFICATE)]
    return [*facts, *(f"certificate for {each}" for each in names)]


def _backups(records: Records, _: Recording) -> list[str]:
    facts = []
    for each in of_type(records, aws.BACKUP_PLAN):
        rules = [f"{rule['ruleName']} kept {rule['lifecycle']['deleteAfter']} days" for rule in each.inputs["rules"]]
        facts.append(f"backups {', '.join(rules)}; each copied into the other Region")
    for each in of_type(records, aws.BACKUP_VAULT_LOCK_CONFIGURATION):
        for_good = each.inputs.get("changeableForDays")
        facts.append(f"locked for good after {for_good} days" if for_good else "locked in governance mode")
    tests = of_type(records, aws.BACKUP_RESTORE_TESTING_SELECTION)
    restored = ", ".join(str(each.inputs["protectedResourceType"]) for each in tests)
    return [*facts, f"restored to see that it works: {restored}" if restored else ""]


def _watch(records: Records, _: Recording) -> list[str]:
    alarms = len(of_type(records, aws.CLOUDWATCH_METRIC_ALARM))
    sums = [str(each.inputs["alarmName"]) for each in of_type(records, aws.CLOUDWATCH_COMPOSITE_ALARM)]
    addresses = len(of_type(records, aws.SNS_TOPIC_SUBSCRIPTION))
    none = "no notifications: subscribe to the topic, or set emails in haven:watch"
    return [
        f"{plural(alarms, 'alarm')}, summed up by {' and '.join(sorted(sums))}" if sums else plural(alarms, "alarm"),
        f"notifies {plural(addresses, 'address')}" if addresses else none,
    ]


def _faults(records: Records, _: Recording) -> list[str]:
    made = of_type(records, aws.FIS_EXPERIMENT_TEMPLATE)
    return [f"{plural(len(made), 'experiment')} to start by hand"]


def _operations(records: Records, _: Recording) -> list[str]:
    locks = of_type(records, aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION)
    kept = [each.inputs["rule"]["defaultRetention"]["days"] for each in locks]
    return [
        "a vote in the lease of runbooks",
        *(f"their journal, and an audit that is kept {each} days" for each in kept),
    ]


def _operator(records: Records, _: Recording) -> list[str]:
    hours = [each.inputs["maxSessionDuration"] // 3600 for each in of_type(records, aws.IAM_ROLE)]
    return [f"sessions of at most {each} hours" for each in hours]


def _heartbeat(records: Records, _: Recording) -> list[str]:
    made = of_type(records, aws.LAMBDA_FUNCTION)
    return [f"writes every 10 seconds, {each.inputs['memorySize']} MB on {each.inputs['runtime']}" for each in made]


def _cost(records: Records, _: Recording) -> list[str]:
    return [
        f"notifies when a month costs {each.inputs.get('limitAmount')} {each.inputs.get('limitUnit')}"
        for each in of_type(records, aws.BUDGETS_BUDGET)
    ]


DESCRIPTIONS: Mapping[str, Callable[[Records, Recording], list[str]]] = {
    "BackupVault": _backups,
    "CostGuard": _cost,
    "EdgeBalancer": _balancer,
    "FaultExperiments": _faults,
    "GlobalTable": _table,
    "Heartbeat": _heartbeat,
    "Observability": _watch,
    "OperationsStore": _operations,
    "OperatorRole": _operator,
    "ReplicatedRegistry": _images,
    "RequestBuffer": _queue,
}
"""Component -> key facts of its part in one Region; empty texts are left out."""
