"""Keys, secrets, images, certificates, parameters and log groups: what is used here is there as well."""

import re
from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.recovery._sides import Pair, pairs
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.static_stability._programs import is_manifest
from haven_policies.rules.values import is_list, is_off, is_unknown, value_at

_REPLICAS = (aws.KMS_REPLICA_KEY, aws.KMS_REPLICA_EXTERNAL_KEY)
_WRITERS = (aws.EKS_CLUSTER, aws.ELASTICACHE_REPLICATION_GROUP, aws.RDS_CLUSTER)
_NAMES = ("name", "clusterIdentifier", "replicationGroupId")
_IN_AN_ARN = re.compile(r"^arn:[^:]*:logs:[^:]*:[^:]*:log-group:([^:*]+)")
_LOG_KIND = re.compile(r"-(slow|engine)-log$")


@stack_rule(
    description="A key that is used on both sides has a multi-Region replica, or a counterpart, in the other Region.",
    remediation="Declare it as a MultiRegionKey.",
    page="https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html",
    severity=Severity.CRITICAL,
)
def keys_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Nothing that was encrypted can be read where there is no key for it."""
    for pair in pairs(graph):
        for key in pair.here(aws.KMS_KEY):
            user, other = pair.user(key), pair.counterparts.of(key)
            if other is not None and other.type in _REPLICAS and is_off(key.inputs.get("multiRegion")):
                fix = f"set it at creation: {other.name} can't be its replica otherwise"
                yield against(key, "multiRegion", "true", fix)
            if user is not None and other is None:
                yield pair.lacks(
                    key,
                    f"key for what {user.name} has there",
                    "declare it as a MultiRegionKey, or an aws.kms.ReplicaKey",
                )


@stack_rule(
    description="A secret is replicated to the other Region.",
    remediation="Declare it as a ReplicatedSecret.",
    page="https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html",
    severity=Severity.CRITICAL,
)
def secrets_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """What starts in the other Region can't ask the lost one for a password."""
    for pair in pairs(graph):
        named = _named(pair, aws.SECRETSMANAGER_SECRET, "name")
        for secret in pair.here(aws.SECRETSMANAGER_SECRET):
            replicas = value_at(secret.inputs, "replicas")
            regions = [value_at(each, "region") for each in replicas] if is_list(replicas) else [replicas]
            if any(map(is_unknown, regions)):
                continue
            if pair.other not in regions and str(value_at(secret.inputs, "name")) not in named:
                yield pair.lacks(secret, "replica", f"add {pair.other} to its replicas, or declare a ReplicatedSecret")


@stack_rule(
    description="A repository of images exists in the other Region under the same name.",
    remediation="Declare it as a ReplicatedRegistry.",
    page="https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html",
    severity=Severity.CRITICAL,
)
def images_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Without images no pod starts. ECR copies into a repository of the same name."""
    for pair in pairs(graph):
        named = _named(pair, aws.ECR_REPOSITORY, "name")
        for repository in pair.here(aws.ECR_REPOSITORY):
            name = str(value_at(repository.inputs, "name"))
            if name not in named and not _covered(pair, name):
                fix = f"declare a ReplicatedRegistry, or an aws.ecr.Repository called {name} there"
                yield pair.lacks(repository, "repository of this name", fix)


@stack_rule(
    description="The certificate of a listener in both Regions is issued in the other Region too.",
    remediation="Declare an EdgeBalancer in each Region: it has a certificate of its own.",
    page="https://docs.aws.amazon.com/acm/latest/userguide/acm-regions.html",
    severity=Severity.CRITICAL,
)
def certificates_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Certificates can't be copied between Regions, and new ones wait for a validation."""
    for pair in pairs(graph):
        named = _named(pair, aws.ACM_CERTIFICATE, "domainName")
        for certificate in pair.here(aws.ACM_CERTIFICATE):
            name = str(value_at(certificate.inputs, "domainName"))
            used = any(pair.user(each) for each in (certificate, *graph.users(certificate)))
            if used and name not in named:
                yield pair.lacks(certificate, f"certificate of {name}", "request one there, as EdgeBalancer does")


@stack_rule(
    description="A parameter exists in the other Region under the same name.",
    remediation="Declare it in both Regions, as haven:parameters are.",
    page="https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html",
    severity=Severity.HIGH,
)
def parameters_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Parameter Store copies nothing between Regions."""
    for pair in pairs(graph):
        named = _named(pair, aws.SSM_PARAMETER, "name")
        for parameter in pair.here(aws.SSM_PARAMETER):
            name = str(value_at(parameter.inputs, "name"))
            if name not in named and not is_manifest(name, graph.facts.stack):
                yield pair.lacks(parameter, f"parameter {name}", "add it to haven:parameters, or declare it there too")


@stack_rule(
    description="What logs on both sides finds its log group on both.",
    remediation="Declare the log group in both Regions.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    severity=Severity.MEDIUM,
)
def log_groups_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """Some services make a missing group themselves, without key and retention; others lose what they log."""
    for pair in pairs(graph):
        known = _by_aws_name(pair)
        for group in pair.here(aws.CLOUDWATCH_LOG_GROUP):
            if pair.counterparts.of(group) is None:
                user = pair.user(group) or _logging(pair, group, known)
                if user is not None:
                    fix = "declare the log group in both Regions"
                    yield pair.lacks(group, f"log group for what {user.name} has there", fix)


def _named(pair: Pair, type_: str, path: str) -> set[str]:
    return {str(value_at(each.inputs, path)) for each in pair.there(type_)}


def _covered(pair: Pair, name: str) -> bool:
    """Whether the account's replication copies a repository of this name there, and so makes it."""
    return any(
        value_at(place, "region") == pair.other and _fits(rule, name)
        for each in pair.graph.of(aws.ECR_REPLICATION_CONFIGURATION, region=pair.region)
        for rule in _list(value_at(each.inputs, "replicationConfiguration.rules"))
        for place in _list(value_at(rule, "destinations"))
    )


def _fits(rule: object, name: str) -> bool:
    prefixes = [str(value_at(each, "filter")) for each in _list(value_at(rule, "repositoryFilters"))]
    return not prefixes or any(name.startswith(each) for each in prefixes)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _by_aws_name(pair: Pair) -> Mapping[str, Resource]:
    """What writes to a log group called after it, by its name, and what names the log group, by that one's."""
    found: dict[str, Resource] = {}
    for each in pair.graph.of("aws:", region=pair.region):
        if each.type in _WRITERS:
            names = (value_at(each.inputs, name) for name in _NAMES)
            found |= {name: each for name in names if isinstance(name, str) and not is_unknown(name)}
        elif each.type not in (aws.CLOUDWATCH_LOG_GROUP, aws.CLOUDWATCH_LOG_RESOURCE_POLICY):
            for value in each.inputs.values():
                found |= {match[1]: each for text in _texts(value) for match in _IN_AN_ARN.finditer(text)}
    return found


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _logging(pair: Pair, group: Resource, known: Mapping[str, Resource]) -> Resource | None:
    """What names a log group, or what it is called after, where that exists on both sides."""
    name = str(value_at(group.inputs, "name"))
    for part in (name, *(_LOG_KIND.sub("", each) for each in name.split("/"))):
        writer = known.get(part)
        if writer is not None and pair.counterparts.of(writer) is not None:
            return writer
    return None
