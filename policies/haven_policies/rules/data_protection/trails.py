"""Trails record what is done in the account."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_off, value_at


@stack_rule(
    description="A trail records what is done in every Region of the account, and an account's own stack has one.",
    remediation="Declare an AuditTrail, or set isMultiRegionTrail.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html",
    severity=Severity.HIGH,
)
def trail_in_every_region(graph: ResourceGraph) -> Iterator[Finding]:
    """What an intruder does, or a failover, happens in the Region without a trail."""
    trails = graph.of(aws.CLOUDTRAIL_TRAIL)
    for trail in trails:
        if is_off(trail.inputs.get("isMultiRegionTrail")):
            yield against(trail, "isMultiRegionTrail", "true", "set it")
        if value_at(trail.inputs, "enableLogging") is False:
            yield against(trail, "enableLogging", "true", "turn it on again")
    if graph.facts.stack_kind == "account" and not trails:
        yield Finding(None, "", "no trail", "one that records every Region", "declare an AuditTrail")
