"""The program itself can run for the Region that is left."""

from collections.abc import Iterator, Mapping, Sequence

from haven.program import aws_types as aws
from haven.program.account_ids import needs_account_id
from haven.program.recording import Resource, own_region
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph, parsed
from haven_policies.rules.static_stability._independence import STATIC_STABILITY
from haven_policies.rules.values import is_true, is_unknown, is_wholly_unknown, value_at

_PROVIDER = "https://www.pulumi.com/registry/packages/aws/configuration-reference/"
_KUBERNETES = "https://www.pulumi.com/registry/packages/kubernetes/"
_ACCOUNT = "skipRequestingAccountId"
_SKIPS = ("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", _ACCOUNT)


@stack_rule(
    description="AWS providers make no call while they are configured.",
    remediation="Set the four skip flags of each provider.",
    page=_PROVIDER,
    severity=Severity.HIGH,
)
def providers_ask_nobody(graph: ResourceGraph) -> Iterator[Finding]:
    """A provider that asks its Region for an account's number fails the whole deployment when that Region is silent.
    One with resources that it names by that number has to ask: they belong into a program of their own."""
    if not _two_regions(graph):
        return
    asking = {each.provider for each in graph.of("aws:") if needs_account_id(each)}
    for provider in _providers(graph, "pulumi:providers:aws"):
        for flag in _SKIPS:
            needed = flag == _ACCOUNT and provider.urn in asking
            if not needed and not is_true(value_at(provider.inputs, flag)):
                yield against(provider, flag, "true", "set it, and name the account in haven:account")


@stack_rule(
    description="Each resource of AWS names its provider, and with it its Region, or its Region itself.",
    remediation="Pass a provider, or a parent that has one, or the resource's own region.",
    page="https://www.pulumi.com/docs/iac/concepts/providers/",
    severity=Severity.HIGH,
)
def provider_is_explicit(graph: ResourceGraph) -> Iterator[Finding]:
    """A default provider uses the Region in the deployer's environment variables, and validates itself there. Many
    resources without one have one cause, and it is reported once. A resource may name its Region itself."""
    if not _two_regions(graph):
        return
    found = [each for each in graph.of("aws:") if own_region(each.type, each.inputs) is None and _by_default(each)]
    allowed = "a provider that the program made for the resource's Region, or the resource's own region"
    fix = "pass provider in its ResourceOptions, or a parent that has it"
    if len(found) > _MANY:
        named = ", ".join(each.name for each in found[:_MANY])
        got = f"the default provider of {len(found)} resources: {named} and {len(found) - _MANY} more"
        yield Finding(None, "", got, allowed, fix)
        return
    for record in found:
        name = record.provider.rpartition("::")[2]
        yield Finding(record, "", f"provider {name}" if name else "the default provider", allowed, fix)


_MANY = 5


def _by_default(record: Resource) -> bool:
    return not record.provider or record.provider.rpartition("::")[2].startswith("default")


@stack_rule(
    description="Kubernetes providers leave a cluster that can't be reached alone.",
    remediation="Set skipUpdateUnreachable of the provider.",
    page=_KUBERNETES,
    severity=Severity.HIGH,
)
def unreachable_clusters_are_skipped(graph: ResourceGraph) -> Iterator[Finding]:
    """Without it the lost Region's cluster fails every deployment of the other one. What the package of a component
    makes for itself, no program can set."""
    for provider in _providers(graph, "pulumi:providers:kubernetes"):
        if _inside_package(provider):
            continue
        if not is_true(value_at(provider.inputs, "skipUpdateUnreachable")):
            fix = "set skip_update_unreachable of the provider"
            yield against(provider, "skipUpdateUnreachable", "true", fix)


@stack_rule(
    description="The recovery manifest is in both Regions, is the same in each, and doesn't name the active one.",
    remediation="Keep one document in a parameter of each Region.",
    page=STATIC_STABILITY,
    severity=Severity.CRITICAL,
)
def manifest_in_both_regions(graph: ResourceGraph) -> Iterator[Finding]:
    """The runbook reads it where it still can; were it to follow the active Region, the lost one's would be wrong. A
    large one names a parameter for each Region's side, and the same is true of those."""
    facts = graph.facts
    if facts.stack_kind != "environment" or facts.tier is None or facts.primary is None or facts.recovery is None:
        return
    whole = manifest_name(facts.stack)
    parameters = graph.of(aws.SSM_PARAMETER)
    unnamed = {each.region for each in parameters if is_unknown(value_at(each.inputs, "name"))}
    parts = {str(value_at(each.inputs, "name")): None for each in parameters if _is_part(each, facts.stack)}
    named = {side: None for each in parameters if _named(each, whole) for side in _sides(each)}
    for name in (whole, *dict.fromkeys([*named, *parts])):
        found = {each.region: each for each in parameters if _named(each, name)}
        for region in (facts.primary, facts.recovery):
            if region not in found and region not in unnamed:
                fix = f"declare an aws.ssm.Parameter called {name} in {region}"
                yield Finding(next(iter(found.values()), None), "", f"no {name} in {region}", "one in each Region", fix)
        yield from _same_document(list(found.values()))


def _same_document(found: Sequence[Resource]) -> Iterator[Finding]:
    texts = {str(_text(each)) for each in found if not is_wholly_unknown(_text(each))}
    for record in found:
        if len(texts) > 1:
            yield Finding(record, "insecureValue", "another text in each Region", "the same text", "keep one document")
        if "active" in _document(record):
            yield Finding(
                record, "insecureValue", "a text with the active Region", "a value that a failover doesn't change",
                "remove active: the stack's config has it",
            )  # fmt: skip


def manifest_name(stack: str) -> str:
    """Name of the parameter that holds an environment's recovery manifest."""
    return f"/haven/{stack}/manifest"


def _text(parameter: Resource) -> object:
    return value_at(parameter.inputs, "insecureValue") or value_at(parameter.inputs, "value")


def is_manifest(name: str, stack: str) -> bool:
    """Whether a parameter of this name holds a recovery manifest, or one Region's side of a large one."""
    whole = manifest_name(stack)
    return name == whole or name.startswith(f"{whole}/")


def _is_part(parameter: Resource, stack: str) -> bool:
    return is_manifest(str(value_at(parameter.inputs, "name")), stack) and not _named(parameter, manifest_name(stack))


def _named(parameter: Resource, name: str) -> bool:
    return bool(value_at(parameter.inputs, "name") == name)


def _sides(parameter: Resource) -> Iterator[str]:
    """The parameters that a large manifest names for its sides."""
    sides = _document(parameter).get("sides")
    yield from (each for each in sides.values() if isinstance(each, str)) if isinstance(sides, dict) else ()


def _document(parameter: Resource) -> Mapping[str, object]:
    document = parsed(_text(parameter))
    return document if isinstance(document, dict) else {}


def _providers(graph: ResourceGraph, type_: str) -> list[Resource]:
    return [each for each in graph.recording.resources if each.type == type_]


_PACKAGES = ("awsx", "eks", "kubernetes-cert-manager", "kubernetes-coredns", "kubernetes-ingress-nginx")
"""Packages whose components run in a process of their own, and make their providers there (Pulumi Registry, packages of
components; read 2026-11-26)."""


def _inside_package(provider: Resource) -> bool:
    """Whether a component of another package made a provider: its URN names the types that it is inside of."""
    inside = provider.urn.split("::")[2:3]
    return any(type_.split(":")[0] in _PACKAGES for each in inside for type_ in each.split("$")[:-1])


def _two_regions(graph: ResourceGraph) -> bool:
    """Whether the program is about two Regions at all."""
    return len({each.region for each in graph.of("aws:")} - {None}) > 1
