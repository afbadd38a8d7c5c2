"""The rules of residency."""

from collections.abc import Iterator

from haven.base.problems import choices
from haven.config.policy import Level
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.residency.allowed import Limit, Limits
from haven_policies.rules.residency.edges import Edge, edges, receiving
from haven_policies.rules.residency.places import region_of
from haven_policies.rules.residency.stores import HOMES, store_of
from haven_policies.rules.residency.ways import Kind
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import in_words


@stack_rule(
    says="Every store stands in a Region where its data may be.",
    fix="Declare the store with the provider of an allowed Region, or give it a class that allows this one.",
    page="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/regions.html",
    severity=Severity.HIGH,
)
def stores_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """What is filled from elsewhere is judged by the edge that fills it."""
    limits, filled = Limits(graph.facts), receiving(list(edges(graph)))
    for record in graph.of(*HOMES):
        region = region_of(record)
        if record.urn in filled or region is None:
            continue
        for limit in limits.of(store_of(record, graph.facts.stack)):
            if region not in limit.regions:
                path = "region" if record.inputs.get("region") else ""
                yield Finding(record, path, f"{region}", limit.said, f"declare it in one of these Regions, {limit.fix}")


@stack_rule(
    says="Replicas of buckets, databases, caches, tables, secrets, keys and images stand where the data may be.",
    fix="Let the replica stand in an allowed Region, or give the store a class that allows this one.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html",
    severity=Severity.CRITICAL,
)
def replicas_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """All that AWS keeps up to date in a second place."""
    return _beyond(graph, Kind.REPLICA)


@stack_rule(
    says="Backups and their copies lie where the data may be.",
    fix="Copy to a vault in an allowed Region, or give the stores a class that allows this one.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
    severity=Severity.CRITICAL,
)
def backups_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Backups without a class of their own hold what all stores hold."""
    return _beyond(graph, Kind.BACKUP)


@stack_rule(
    says="Logs, trails and records of configuration are written where they may be.",
    fix="Write them to a destination in an allowed Region, or give `logs` a class that allows this one.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html",
    severity=Severity.HIGH,
)
def logs_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Logs hold addresses of people, and prompts where those are logged."""
    return _beyond(graph, Kind.LOG)


@stack_rule(
    says="Messages, events and streams are delivered where their data may be.",
    fix="Deliver to a target in an allowed Region, or give the store a class that allows this one.",
    page="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html",
    severity=Severity.HIGH,
)
def events_in_allowed_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Targets of rules, subscriptions, dead letters, results of queries."""
    return _beyond(graph, Kind.EVENT)


@stack_rule(
    says="Where data is sent is known.",
    fix="Declare the destination in this stack, name its whole ARN, or give the store a class without Regions.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    severity=Severity.HIGH,
)
def destinations_known(graph: ResourceGraph) -> Iterator[Finding]:
    """A bucket's ARN names no Region: of one that stands elsewhere nobody can tell where that is."""
    for edge, limits in _limited(graph):
        if edge.target.region is None and not edge.target.outside:
            yield _finding(edge, in_words(edge.value), limits[0])


@stack_rule(
    says="Data is sent to the stack's own account, or to accounts that the stack names.",
    fix="Name the account in haven:residency.accounts, or send the data to an account of your own.",
    page="https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/organizing-your-aws-environment.html",
    severity=Severity.HIGH,
)
def own_accounts_only(graph: ResourceGraph) -> Iterator[Finding]:
    """Who runs the other account has the data."""
    limits = Limits(graph.facts)
    for edge in edges(graph) if limits.accounts else ():
        account = edge.target.account
        if account and account not in limits.accounts:
            yield Finding(
                edge.record,
                edge.path,
                f"account {account}",
                f"{choices(limits.accounts)} (haven:account, haven:residency.accounts)",
                f"name {account} in haven:residency.accounts, or send the data elsewhere",
            )


@stack_rule(
    says="Data of a class with Regions is not sent out of AWS.",
    fix="Deliver to a queue or a function in an allowed Region, or see that such messages carry no data of that class.",
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
    severity=Severity.LOW,
    level=Level.ADVISORY,
)
def messages_stay_in_aws(graph: ResourceGraph) -> Iterator[Finding]:
    """Mailboxes, telephones and addresses on the Internet stand in no Region."""
    for edge, limits in _limited(graph):
        if edge.target.outside and graph.facts.residency.classes:
            yield _finding(edge, in_words(edge.value), limits[0])


def _beyond(graph: ResourceGraph, kind: Kind) -> Iterator[Finding]:
    """What goes to a Region that a limit leaves out; where a declared store takes it from its own Region, the store
    itself is judged."""
    for edge, limits in _limited(graph):
        region = edge.target.region
        stays = edge.target.record is not None and edge.source == region
        if edge.kind is kind and region is not None and not stays:
            limit = next((each for each in limits if region not in each.regions), None)
            if limit is not None:
                yield _finding(edge, _named(edge, region), limit)


def _limited(graph: ResourceGraph) -> Iterator[tuple[Edge, list[Limit]]]:
    """The edges of what may not be anywhere."""
    limits = Limits(graph.facts)
    for edge in edges(graph):
        found = limits.of(edge.store)
        if found:
            yield edge, found


def _named(edge: Edge, region: str) -> str:
    target = edge.target.record
    if target is None or target is edge.record:
        return region
    return f"{target.name} in {region}"


def _finding(edge: Edge, got: str, limit: Limit) -> Finding:
    what = f"keep the {edge.kind} of {edge.store.keys[0]} in one of these Regions"
    return Finding(edge.record, edge.path, got, limit.said, f"{what}, {limit.fix}")
