"""How traffic is led: by the records that the tier asks for."""

from collections.abc import Iterator

from haven.config.policy import Level
from haven.model.tiers import Routing
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tier_conformance._sides import sides
from haven_policies.rules.values import is_off, is_unknown, value_at

FAILOVER, LATENCY = "failoverRoutingPolicies", "latencyRoutingPolicies"
_ENOUGH = {Routing.FAILOVER: (FAILOVER, LATENCY), Routing.LATENCY: (LATENCY,)}
"""What the tier asks for, and what does more."""
_ROUTING = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html"


@stack_rule(
    description="DNS names have records in both Regions: failover from tier pilot-light up, latency in active-active.",
    remediation="Give the FailoverDns both sides, and the tier's routing.",
    page=_ROUTING,
    severity=Severity.HIGH,
)
def traffic_follows_tier(graph: ResourceGraph) -> Iterator[Finding]:
    """Records that are there already move traffic without anybody editing one: Route 53's control plane is in one
    place, and may be the one that is lost."""
    for side in sides(graph):
        if side.serves or side.standby.routing not in _ENOUGH:
            continue
        for records in routed(graph).values():
            enough = _ENOUGH[side.standby.routing]
            regions = {led_to(graph, each) for each in records if policy(each) in enough}
            missing = {side.region, side.other} - regions
            if missing and None not in regions:
                yield Finding(
                    records[0],
                    enough[0],
                    f"no record of this kind for {' and '.join(sorted(missing))}",
                    f"{side.standby.routing.value} for both Regions in tier {side.tier}",
                    "set routing of the FailoverDns and give it both sides, or choose another haven:tier",
                )


@stack_rule(
    description="Clients aren't spread over both Regions where one of them runs at a smaller scale.",
    remediation="Use failover records below tier active-active.",
    page=_ROUTING,
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def no_traffic_to_standby(graph: ResourceGraph) -> Iterator[Finding]:
    """A Region with a third of the nodes would get half of the clients."""
    for side in sides(graph):
        if side.serves or side.standby.routing is Routing.LATENCY:
            continue
        for records in routed(graph).values():
            for each in records:
                if led_to(graph, each) == side.region and policy(each) == LATENCY:
                    allowed = f"{FAILOVER}: {side.why}"
                    yield Finding(each, LATENCY, "latency records", allowed, "set routing of the FailoverDns")


def policy(record: Resource) -> str | None:
    """The property with Route 53's routing policy among the records of a name; None for a record on its own."""
    return next((each for each in (FAILOVER, LATENCY) if _is_declared(value_at(record.inputs, f"{each}[0]"))), None)


def _is_declared(value: object) -> bool:
    """Before a record exists, its provider may leave open what nobody declared."""
    return not (is_off(value) or is_unknown(value))


def led_to(graph: ResourceGraph, record: Resource) -> str | None:
    """The Region that a record leads to."""
    role = value_at(record.inputs, f"{FAILOVER}[0].type")
    if is_unknown(role):
        return None
    if role is not None:
        return graph.facts.primary if role == "PRIMARY" else graph.facts.recovery
    region = value_at(record.inputs, f"{LATENCY}[0].region")
    return region if isinstance(region, str) and not is_unknown(region) else None


def routed(graph: ResourceGraph) -> dict[tuple[str, ...], list[Resource]]:
    """Records that share a name in a zone, by zone, name and type."""
    found: dict[tuple[str, ...], list[Resource]] = {}
    for each in graph.of(aws.ROUTE53_RECORD):
        if policy(each) is not None:
            place = tuple(str(value_at(each.inputs, name)) for name in ("zoneId", "name", "type"))
            found.setdefault(place, []).append(each)
    return found
