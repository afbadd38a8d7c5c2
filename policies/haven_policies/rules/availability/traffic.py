"""Requests reach what can answer them, and unreadable messages are kept."""

from collections.abc import Iterator

from haven.config.policy import Level
from haven.model.tiers import STANDBY
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import Property, at_least, is_not_false, is_set, one_of, property_rule
from haven_policies.rules.resource_graph import ResourceGraph, parsed
from haven_policies.rules.values import has_unknown, is_list, is_off, is_unknown, maps_at, plain, value_at

TARGET_GROUPS = (aws.LB_TARGET_GROUP, aws.ALB_TARGET_GROUP)
_HTTP = ("HTTP", "HTTPS")


def _asks_over_http(group: Resource) -> bool:
    """Network balancers may ask for the port. What isn't known yet isn't judged."""
    return value_at(group.inputs, "protocol") in _HTTP


def _checks(group: Resource) -> bool:
    return _asks_over_http(group) and is_set(value_at(group.inputs, "healthCheck"))


def _checks_over_http(group: Resource) -> bool:
    return _checks(group) and _is_http(value_at(group.inputs, "healthCheck.protocol"))


def _is_http(protocol: object) -> bool:
    """It is by default."""
    return is_off(protocol) or one_of(*_HTTP)(protocol)


target_health_check = property_rule(
    "availability/target-health-check",
    # An open port means nothing: models load for minutes behind it.
    Property(
        TARGET_GROUPS,
        "healthCheck",
        is_set,
        "a check of a path",
        "set path, matcher, interval and thresholds",
        _asks_over_http,
    ),
    Property(TARGET_GROUPS, "healthCheck.enabled", is_not_false, "true", "leave it out, or set it", _checks),
    Property(
        TARGET_GROUPS,
        "healthCheck.protocol",
        _is_http,
        "HTTP or HTTPS",
        "ask for a path: an open port does not serve yet",
        _checks,
    ),
    Property(
        TARGET_GROUPS,
        "healthCheck.path",
        is_set,
        "a path such as /readyz",
        "set it: the default / shows little",
        _checks_over_http,
    ),
    description="A balancer asks its targets for a path before it sends them requests.",
    remediation="Set healthCheck.path to one that answers only when the service can serve.",
    page="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    severity=Severity.HIGH,
)


targets_drain = property_rule(
    "availability/targets-drain",
    # 0 cuts running requests off; AWS's own 300 s hold every rollout up where requests are short. It takes 0 to 3600
    # (Elastic Load Balancing API Reference, TargetGroupAttribute, in boto3; read 2026-11-21).
    Property(
        TARGET_GROUPS,
        "deregistrationDelay",
        at_least(1),
        "1 to 3600 seconds",
        "set it to the time that the longest request takes",
        lambda group: value_at(group.inputs, "targetType") != "lambda",
    ),
    description="Targets that are deregistered may end their requests first.",
    remediation="Set deregistrationDelay to what the longest request takes.",
    page="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html",
    severity=Severity.LOW,
    level=Level.ADVISORY,
)


@stack_rule(
    description="An alarm notifies somebody when a load balancer's targets fail their health checks.",
    remediation="Add an alarm on UnHealthyHostCount of the target group, with actions.",
    page="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    severity=Severity.MEDIUM,
)
def target_health_alarm(graph: ResourceGraph) -> Iterator[Finding]:
    """Targets leave one by one; the balancer goes on silently with the rest."""
    for group in graph.of(*TARGET_GROUPS):
        if value_at(group.inputs, "targetType") == "lambda" or _made_in_a_failover(graph, group):
            continue
        alarms = [
            each
            for each in graph.of(aws.CLOUDWATCH_METRIC_ALARM)
            if _METRICS & _metrics(each) and _is_about(graph, each, group)
        ]
        if not alarms:
            allowed = "an alarm on UnHealthyHostCount or HealthyHostCount"
            yield Finding(group, "", "no alarm", allowed, "add one, with a topic among its actions")
        elif not any(value_at(each.inputs, "alarmActions") for each in alarms):
            yield against(alarms[0], "alarmActions", "at least one action", "name the topic that people read")


def _made_in_a_failover(graph: ResourceGraph, group: Resource) -> bool:
    """Alarms of what a tier makes only then would change the dashboard, which lives in the Region that is lost."""
    tier = graph.facts.tier
    return tier is not None and not STANDBY[tier].network and group.region == graph.facts.recovery


_METRICS = {"UnHealthyHostCount", "HealthyHostCount", "UnHealthyStateDNS", "UnHealthyStateRouting"}


def _is_about(graph: ResourceGraph, alarm: Resource, group: Resource) -> bool:
    """By what the alarm is given, or by the resources that the engine lists for its dimensions."""
    given = [alarm.inputs.get("dimensions"), alarm.inputs.get("metricQueries")]
    if has_unknown(given) and not graph.referred(given):
        return True
    return group.urn in alarm.options.property_dependencies.get("dimensions", ()) or group in graph.referred(given)


def _metrics(alarm: Resource) -> set[str]:
    queries = [value_at(each, "metric.metricName") for _, each in maps_at(alarm.inputs, "metricQueries")]
    names = (value_at(alarm.inputs, "metricName"), *queries)
    return _METRICS if any(map(is_unknown, names)) else {str(each) for each in names}


@stack_rule(
    description="A queue moves messages that can't be processed to a dead-letter queue.",
    remediation="Set redrivePolicy with the ARN of a queue of dead letters.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
    severity=Severity.MEDIUM,
)
def queue_has_dead_letters(graph: ResourceGraph) -> Iterator[Finding]:
    """One request that breaks every worker comes back until it is too old, and then it is gone."""
    policies = graph.of(aws.SQS_REDRIVE_POLICY)
    has_policy = {each.urn for policy in policies for each in graph.referred(policy.inputs.get("queueUrl"))}
    takes_letters = {
        each.urn for record in (*graph.of(aws.SQS_QUEUE), *policies) for each in _letters_of(record, graph)
    }
    for queue in graph.of(aws.SQS_QUEUE):
        redrive = parsed(queue.inputs.get("redrivePolicy"))
        is_end = queue.urn in takes_letters or plain(queue.inputs.get("redriveAllowPolicy")) is not None
        if not is_end and not redrive and queue.urn not in has_policy:
            fix = "name a queue of dead letters and how often a message is tried"
            yield against(queue, "redrivePolicy", "the ARN of a queue of dead letters, and maxReceiveCount", fix)


def _letters_of(record: Resource, graph: ResourceGraph) -> list[Resource]:
    """Where a queue's dead letters go."""
    redrive = parsed(record.inputs.get("redrivePolicy"))
    return [] if is_list(redrive) else graph.referred(value_at(redrive, "deadLetterTargetArn"))
