"""The switch that moves traffic works when one Region is gone, whichever it is."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.property_rules import Property, is_not_on, one_of, property_rule, where
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._traffic import led_to, routed
from haven_policies.rules.values import is_list, is_off, is_true, is_unknown, number, value_at

ALL_TRAFFIC = 100
"""Percent, and the default of a traffic dial (Global Accelerator API Reference, CreateEndpointGroup;
read 2026-11-26)."""
MOST_TTL_SECONDS = 60
"""With health checks, Route 53 recommends 60 s or less (Route 53 Developer Guide, values of failover records; read
2026-11-21)."""

_GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide"
_API = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html"
_ARC = "https://aws.amazon.com/blogs/networking-and-content-delivery/creating-disaster-recovery-mechanisms-using-amazon-route-53/"
_CALCULATED = "CALCULATED"


@stack_rule(
    description="Each Region's failover or latency record has a health check.",
    remediation="Give both sides of the FailoverDns the health checks of the TrafficSwitch.",
    page=f"{_GUIDE}/dns-failover-configuring.html",
    severity=Severity.CRITICAL,
)
def region_record_has_health_check(graph: ResourceGraph) -> Iterator[Finding]:
    """Without one Route 53 takes a record for healthy for ever: nothing turns its Region off but an edit."""
    for record in _routed(graph):
        if is_off(value_at(record.inputs, "healthCheckId")):
            yield against(record, "healthCheckId", "a health check", "name the Region's check of the TrafficSwitch")


@stack_rule(
    description="A Region's record is turned off from the other Region: its check reads an alarm that lives there.",
    remediation="Read the Region's alarm from the other Region, as TrafficSwitch does.",
    page=_ARC,
    severity=Severity.CRITICAL,
)
def switch_lives_in_other_region(graph: ResourceGraph) -> Iterator[Finding]:
    """A switch that goes down with its Region can't turn it off. Several records may share one switch."""
    found = {(each.record.urn if each.record else "", each.path): each for each in _switches_amiss(graph)}
    yield from found.values()


def _switches_amiss(graph: ResourceGraph) -> Iterator[Finding]:
    for record in _routed(graph):
        check = graph.target(record.inputs.get("healthCheckId"))
        if check is None or check.type != aws.ROUTE53_HEALTH_CHECK:
            continue
        checks = _all_of(graph, check)
        switches = [each for each in checks if value_at(each.inputs, "type") == "CLOUDWATCH_METRIC"]
        region = led_to(graph, record)
        if not switches and not any(_is_open(each) for each in (check, *checks)):
            allowed = "CLOUDWATCH_METRIC, by itself or as one of those that a calculated check wants all of"
            yield against(check, "type", allowed, "add the check of a TrafficSwitch: this one can't be switched")
        for switch in switches:
            yield from _misplaced(graph, switch, region)


def _is_open(check: Resource) -> bool:
    """Whether it isn't known yet what a check reads."""
    return any(is_unknown(value_at(check.inputs, name)) for name in ("type", "childHealthThreshold"))


def _misplaced(graph: ResourceGraph, switch: Resource, region: str | None) -> Iterator[Finding]:
    place = value_at(switch.inputs, "cloudwatchAlarmRegion")
    if region is not None and place == region:
        allowed = f"the Region beside {region}, whose record uses it"
        yield against(switch, "cloudwatchAlarmRegion", allowed, "let the alarm live in the other Region")
        return
    if is_unknown(place) or graph.is_unresolved(switch, "cloudwatchAlarmName", aws.CLOUDWATCH_METRIC_ALARM):
        return
    name = graph.target(switch.inputs.get("cloudwatchAlarmName"))
    alarm = value_at(name.inputs if name else switch.inputs, "name" if name else "cloudwatchAlarmName")
    standing = [value_at(each.inputs, "name") for each in graph.of(aws.CLOUDWATCH_METRIC_ALARM) if each.region == place]
    if graph.facts.primary is not None and alarm not in standing:
        yield against(
            switch, "cloudwatchAlarmName", f"the name of an alarm in {place}", "declare the alarm there, by this name"
        )


_reads_an_alarm = where("type", "CLOUDWATCH_METRIC")

switch_keeps_last_status = property_rule(
    "static stability/switch-keeps-last-status",
    # Nobody writes the metric on a good day: any other setting turns a Region off by itself, or on again.
    Property(
        (aws.ROUTE53_HEALTH_CHECK,),
        "invertHealthcheck",
        is_not_on,
        "false",
        "take it out: 1 in the metric turns the Region off",
        _reads_an_alarm,
    ),
    Property(
        (aws.ROUTE53_HEALTH_CHECK,),
        "insufficientDataHealthStatus",
        one_of("LastKnownStatus"),
        "LastKnownStatus",
        "set it: one point in the metric then is enough",
        _reads_an_alarm,
    ),
    description="A health check on an alarm isn't inverted, and keeps what it saw last while there is no data.",
    remediation="Set invertHealthcheck to false and insufficientDataHealthStatus to LastKnownStatus.",
    page=_API,
    severity=Severity.CRITICAL,
)


@stack_rule(
    description="Where people decide when traffic moves, records don't look at what they lead to.",
    remediation="Set evaluateTargetHealth to false, or haven:traffic.automatic to true.",
    page="https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html",
    severity=Severity.HIGH,
)
def traffic_moves_by_decision(graph: ResourceGraph) -> Iterator[Finding]:
    """A balancer without healthy targets would take its Region out behind the operator's back, writes and all."""
    if graph.facts.tier is None or is_true(value_at(graph.facts.config.get("traffic"), "automatic")):
        return
    for record in graph.of(aws.ROUTE53_RECORD):
        aliases = value_at(record.inputs, "aliases")
        for index in range(len(aliases) if is_list(aliases) else 0):
            path = f"aliases[{index}].evaluateTargetHealth"
            if is_true(value_at(record.inputs, path)):
                fix = "set it to false, or set haven:traffic.automatic"
                yield against(record, path, "false while the switch is manual", fix)


@stack_rule(
    description="Resolvers keep the answer of a Region's record for 60 seconds at most.",
    remediation="Set ttl_seconds of the FailoverDns to 60 or less, or make the records aliases.",
    page=f"{_GUIDE}/resource-record-sets-values-failover.html",
    severity=Severity.HIGH,
)
def region_record_is_short_lived(graph: ResourceGraph) -> Iterator[Finding]:
    """What is kept longer sends clients to a dead Region after the switch was thrown."""
    for record in _routed(graph):
        ttl = value_at(record.inputs, "ttl")
        if isinstance(ttl, int | float) and ttl > MOST_TTL_SECONDS:
            yield against(record, "ttl", f"at most {MOST_TTL_SECONDS} seconds", "lower ttl_seconds of the FailoverDns")


@stack_rule(
    description="Traffic isn't moved by editing what a control plane in one place keeps.",
    remediation="Use failover or latency records with the health checks of a TrafficSwitch.",
    page="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html",
    severity=Severity.HIGH,
)
def traffic_moves_without_edits(graph: ResourceGraph) -> Iterator[Finding]:
    """Weights and dials are moved through control planes that may be in the Region that is lost."""
    for record in graph.of(aws.ROUTE53_RECORD):
        weighted = value_at(record.inputs, "weightedRoutingPolicies[0]")
        if not (is_off(weighted) or is_unknown(weighted)):
            allowed = "failoverRoutingPolicies or latencyRoutingPolicies"
            yield against(record, "weightedRoutingPolicies", allowed, "declare a FailoverDns with a TrafficSwitch")
    for group in graph.of(aws.GLOBALACCELERATOR_ENDPOINT_GROUP):
        dial = value_at(group.inputs, "trafficDialPercentage")
        if not (is_off(dial) or is_unknown(dial) or number(dial) == ALL_TRAFFIC):
            fix = "leave it out, and let the endpoints' health decide"
            yield against(group, "trafficDialPercentage", "nothing: all that is healthy takes traffic", fix)


def _routed(graph: ResourceGraph) -> Iterator[Resource]:
    for records in routed(graph).values():
        yield from records


def _all_of(graph: ResourceGraph, check: Resource) -> list[Resource]:
    """The check itself, or those that a calculated one wants to be healthy, all of them."""
    if value_at(check.inputs, "type") != _CALCULATED:
        return [check]
    children = value_at(check.inputs, "childHealthchecks")
    wanted = value_at(check.inputs, "childHealthThreshold")
    everyone = is_unknown(wanted) or (is_list(children) and number(wanted) == len(children))
    return [each for each in graph.referred(children) if each.type == aws.ROUTE53_HEALTH_CHECK] if everyone else []
