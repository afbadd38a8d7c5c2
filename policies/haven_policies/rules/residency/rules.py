"""The rules of residency."""

from collections.abc import Iterator

from haven.base.problems import choices
from haven.config.policy import Level
from haven_policies.rules.model import Finding, Rule, Severity, stack_rule
from haven_policies.rules.residency.allowed import Limit, Limits
from haven_policies.rules.residency.data_flows import DataFlow, data_flows, receiving
from haven_policies.rules.residency.data_paths import FlowKind
from haven_policies.rules.residency.destinations import region_of
from haven_policies.rules.residency.stores import HOMES, store_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import in_words


@stack_rule(
    description="Every store is in a Region where its data may be.",
    remediation="Declare the store with the provider of an allowed Region, or give it a class that allows this one.",
    page="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/regions.html",
    severity=Severity.HIGH,
)
def stores_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """What is filled from elsewhere is judged by the flow that fills it."""
    limits, filled = Limits(graph.facts), receiving(list(data_flows(graph)))
    for record in graph.of(*HOMES):
        region = region_of(record)
        if record.urn in filled or region is None:
            continue
        for limit in limits.of(store_of(record, graph.facts.stack)):
            if region not in limit.regions:
                path = "region" if record.inputs.get("region") else ""
                yield Finding(
                    record, path, f"{region}", limit.description, f"declare it in one of these Regions, {limit.fix}"
                )


def _flow_rule(name: str, kind: FlowKind, *, description: str, remediation: str, page: str, severity: Severity) -> Rule:
    """A rule about one kind of data flow."""

    def judge(graph: ResourceGraph) -> Iterator[Finding]:
        return _beyond(graph, kind)

    return Rule(name, "residency", description, remediation, page, severity, Level.MANDATORY, (), judge)


replicas_in_allowed_regions = _flow_rule(
    "replicas-in-allowed-regions",
    FlowKind.REPLICA,
    description="Replicas of buckets, databases, caches, tables, secrets, keys and images are where the data may be.",
    remediation="Put the replica into an allowed Region, or give the store a class that allows this one.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html",
    severity=Severity.CRITICAL,
)

# Backups without a class of their own hold what all stores hold.
backups_in_allowed_regions = _flow_rule(
    "backups-in-allowed-regions",
    FlowKind.BACKUP,
    description="Backups and their copies are where the data may be.",
    remediation="Copy to a vault in an allowed Region, or give the stores a class that allows this one.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
    severity=Severity.CRITICAL,
)

# Logs hold addresses of people, and prompts where those are logged.
logs_in_allowed_regions = _flow_rule(
    "logs-in-allowed-regions",
    FlowKind.LOG,
    description="Logs, trails and configuration records are written where they may be.",
    remediation="Write them to a destination in an allowed Region, or give `logs` a class that allows this one.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html",
    severity=Severity.HIGH,
)

# Targets of rules, subscriptions, dead letters, results of queries.
events_in_allowed_regions = _flow_rule(
    "events-in-allowed-regions",
    FlowKind.EVENT,
    description="Messages, events and streams are delivered where their data may be.",
    remediation="Deliver to a target in an allowed Region, or give the store a class that allows this one.",
    page="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html",
    severity=Severity.HIGH,
)


@stack_rule(
    description="Where data is sent is known.",
    remediation="Declare the destination in this stack, name its whole ARN, or give the store a class without Regions.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    severity=Severity.HIGH,
)
def destinations_known(graph: ResourceGraph) -> Iterator[Finding]:
    """A bucket's ARN names no Region: the Region of one elsewhere is unknown."""
    for flow, limits in _limited(graph):
        if flow.target.region is None and not flow.target.outside:
            yield _finding(flow, in_words(flow.value), limits[0])


@stack_rule(
    description="Data is sent to the stack's own account, or to accounts that the stack names.",
    remediation="Name the account in haven:residency.accounts, or send the data to an account of your own.",
    page="https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/organizing-your-aws-environment.html",
    severity=Severity.HIGH,
)
def own_accounts_only(graph: ResourceGraph) -> Iterator[Finding]:
    """Who runs the other account has the data."""
    limits = Limits(graph.facts)
    for flow in data_flows(graph) if limits.accounts else ():
        account = flow.target.account
        if account and account not in limits.accounts:
            yield Finding(
                flow.record,
                flow.path,
                f"account {account}",
                f"{choices(limits.accounts)} (haven:account, haven:residency.accounts)",
                f"name {account} in haven:residency.accounts, or send the data elsewhere",
            )


@stack_rule(
    description="Data of a class with Regions is not sent out of AWS.",
    remediation="Deliver to a queue or a function in an allowed Region, or keep such data out of these messages.",
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
    severity=Severity.LOW,
    level=Level.ADVISORY,
)
def messages_stay_in_aws(graph: ResourceGraph) -> Iterator[Finding]:
    """Mailboxes, telephones and addresses on the Internet are in no Region."""
    for flow, limits in _limited(graph):
        if flow.target.outside and graph.facts.residency.classes:
            yield _finding(flow, in_words(flow.value), limits[0])


def _beyond(graph: ResourceGraph, kind: FlowKind) -> Iterator[Finding]:
    """What goes to a Region that a limit leaves out; where a declared store takes it from its own Region, the store
    itself is judged."""
    for flow, limits in _limited(graph):
        region = flow.target.region
        stays = flow.target.record is not None and flow.source == region
        if flow.kind is kind and region is not None and not stays:
            limit = next((each for each in limits if region not in each.regions), None)
            if limit is not None:
                yield _finding(flow, _named(flow, region), limit)


def _limited(graph: ResourceGraph) -> Iterator[tuple[DataFlow, list[Limit]]]:
    """The flows of what may not be anywhere."""
    limits = Limits(graph.facts)
    for flow in data_flows(graph):
        found = limits.of(flow.store)
        if found:
            yield flow, found


def _named(flow: DataFlow, region: str) -> str:
    target = flow.target.record
    if target is None or target is flow.record:
        return region
    return f"{target.name} in {region}"


def _finding(flow: DataFlow, got: str, limit: Limit) -> Finding:
    what = f"keep the {flow.kind} of {flow.store.keys[0]} in one of these Regions"
    return Finding(flow.record, flow.path, got, limit.description, f"{what}, {limit.fix}")
