"""From what Pulumi hands to a policy pack to the record that the rules judge.

An engine shows a resource twice. Before it is made, its inputs: what the program declares, with the provider's
defaults. To rules about the whole stack, its outputs: what was declared, what the provider computed, and the zero
values of what nobody set, without any mark that tells them apart. So the pack keeps the inputs of each resource that it
was shown (`declared`), and stack rules judge those. Outputs alone are judged where there is nothing else, as for a
resource that a deployment with targets leaves out: there, empty values count as not declared.

A preview leaves open what only AWS knows, at any depth, and lists for each property the resources it is made from;
once those exist, the values are there. Both ways the references that the rules follow are put back.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from haven.base.regions import named_in
from haven.program import aws_types as aws
from haven.program import eks_cluster
from haven.program.recording import Options, Recording, Resource, own_region, reference
from haven_policies.rules.values import UNKNOWN

_STACK = "pulumi:pulumi:Stack"
_HAVEN = "haven:index:"
_COMPONENTS = (_HAVEN, "eks:index:", _STACK)
"""Prefixes of types that aren't deployed themselves."""

_NAMING = ("arn", "arnsuffix", "id", "name", "bucket", "url", "identifier", "endpoint")
"""How the names of outputs end, in small letters, by whose values other resources know one."""
_SHORTEST = 8
"""Characters; a shorter value names no resource for sure."""

_MEANT: Mapping[str, tuple[str, ...]] = {
    "kms": ("aws:kms/",),
    "masterkey": ("aws:kms/",),
    "keyarn": ("aws:kms/",),
    "bucket": ("aws:s3/",),
    "role": ("aws:iam/role:",),
    "vault": ("aws:backup/vault:",),
    "subnet": ("aws:ec2/subnet:", "aws:rds/subnetGroup:", "aws:elasticache/subnetGroup:"),
    "securitygroup": ("aws:ec2/securityGroup:",),
    "loggroup": ("aws:cloudwatch/logGroup:",),
    "healthcheck": ("aws:route53/healthCheck:",),
    "topic": ("aws:sns/",),
    "deadletter": ("aws:sqs/",),
    "certificate": ("aws:acm/",),
    "vpcid": ("aws:ec2/vpc:",),
}
"""Word in a property's name -> how the types begin that are meant by it: one property is made from several things."""


@dataclass(frozen=True)
class _Source:
    """A resource that a property may be made from."""

    urn: str
    type: str
    outputs: Mapping[str, str]
    """Output -> known value, of those by which others know the resource; the longest values first."""


_UNREPORTED: Mapping[str, Sequence[str]] = {
    aws.CLOUDWATCH_EVENT_ARCHIVE: ("kmsKeyIdentifier",),
    aws.EKS_CLUSTER: ("deletionProtection",),
}
"""Inputs of pulumi-aws 7 that version 5.100 of the Terraform provider doesn't have, and so doesn't report."""

Declared = Mapping[str, Mapping[str, Any]]
"""URN -> the inputs that an engine showed before the resource was made."""


def recording_of(resources: Sequence[PolicyResource], stack: str, declared: Declared | None = None) -> Recording:
    """What an engine is about to make, or has made, as a recording.

    Args:
        resources: what the engine shows to rules about the whole stack: outputs.
        stack: its name.
        declared: the inputs of those resources that the engine has shown before. Omitted: of none.
    """
    sources = {each.urn: _source(each) for each in resources}
    known = declared or {}
    records = {
        each.urn: _record(each, sources, known.get(each.urn)) for each in resources if each.resource_type != _STACK
    }
    for each in resources:
        if each.provider is not None and each.provider.urn not in records:
            records[each.provider.urn] = _provider_record(each.provider)
    return Recording("", stack, _placed([records[urn] for urn in sorted(records)]), {})


def _placed(records: Sequence[Resource]) -> list[Resource]:
    """The records with each Kubernetes object's Region: its cluster's; where the engine doesn't show which cluster its
    provider is made from, the one in the provider's name."""
    return [
        replace(each, region=named_in(each.provider.rpartition("::")[2]))
        if each.is_kubernetes and each.region is None
        else each
        for each in eks_cluster.placed(records)
    ]


def alone(args: ResourceValidationArgs, stack: str) -> Recording:
    """One resource by itself, and its provider, as an engine shows it before it is made."""
    inputs = _inputs(args.props, {})
    record = Resource(
        key=_key(args.urn),
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        custom=not args.resource_type.startswith(_COMPONENTS),
        parent=args.opts.parent or "",
        provider=args.provider.urn if args.provider else "",
        region=own_region(args.resource_type, inputs) or _region(args.provider),
        component=None,
        component_name=None,
        inputs=inputs,
        options=_options(args.opts),
    )
    return Recording("", stack, [record, *([_provider_record(args.provider)] if args.provider else [])], {})


def _record(resource: PolicyResource, sources: Mapping[str, _Source], declared: Mapping[str, Any] | None) -> Resource:
    component = _outermost(resource)
    made_from = {
        name: [sources[each.urn] for each in dependencies]
        for name, dependencies in resource.property_dependencies.items()
    }
    inputs = _inputs(declared, made_from) if declared is not None else _from_outputs(resource, made_from)
    return Resource(
        key=_key(resource.urn),
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        custom=not resource.resource_type.startswith(_COMPONENTS),
        parent=resource.parent.urn if resource.parent else "",
        provider=resource.provider.urn if resource.provider else "",
        region=own_region(resource.resource_type, inputs) or _region(resource.provider),
        component=component.resource_type.removeprefix(_HAVEN) if component else None,
        component_name=component.name if component else None,
        inputs=inputs,
        options=_options(
            resource.opts,
            tuple(each.urn for each in resource.dependencies),
            {k: tuple(one.urn for one in v) for k, v in made_from.items()},
        ),
    )


def _outermost(resource: PolicyResource) -> PolicyResource | None:
    found, each = None, resource if resource.resource_type.startswith(_HAVEN) else resource.parent
    while each is not None:
        if each.resource_type.startswith(_HAVEN):
            found = each
        each = each.parent
    return found


def _provider_record(provider: PolicyProviderResource) -> Resource:
    return Resource(
        key=_key(provider.urn),
        urn=provider.urn,
        type=provider.resource_type,
        name=provider.name,
        custom=True,
        parent="",
        provider="",
        region=None,
        component=None,
        component_name=None,
        inputs=_inputs(provider.props, {}),
    )


def _region(provider: PolicyProviderResource | None) -> str | None:
    region = _inputs(provider.props, {}).get("region") if provider else None
    return region if isinstance(region, str) else None


def _options(
    options: PolicyResourceOptions,
    dependencies: tuple[str, ...] = (),
    property_dependencies: Mapping[str, tuple[str, ...]] | None = None,
) -> Options:
    return Options(
        protect=options.protect,
        delete_before_replace=bool(options.delete_before_replace),
        ignore_changes=tuple(options.ignore_changes),
        aliases=tuple(options.aliases),
        dependencies=dependencies,
        property_dependencies=property_dependencies or {},
    )


def _key(urn: str) -> str:
    return hashlib.sha256(urn.encode()).hexdigest()[:12]


def _inputs(properties: Mapping[str, Any], made_from: Mapping[str, Sequence[_Source]]) -> dict[str, Any]:
    """All but what engines and bridges note down for themselves."""
    return {
        name: _value(properties, name, name, made_from.get(name, ()))
        for name in properties
        if not name.startswith("__")
    }


def _from_outputs(resource: PolicyResource, made_from: Mapping[str, Sequence[_Source]]) -> dict[str, Any]:
    """What outputs show of what was declared: providers answer empty texts, lists and maps for what nobody set."""
    missing = {
        name: UNKNOWN for name in _UNREPORTED.get(resource.resource_type, ()) if name not in list(resource.props)
    }
    return {**missing, **_without_empty(_inputs(resource.props, made_from))}


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        inside = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in inside.items() if each not in (None, "", [], {})}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


def _value(holder: Any, place: Any, name: str, sources: Sequence[_Source]) -> Any:
    """The value at a place of a map or list, with references to what it is made from.

    Args:
        holder: the map or list.
        place: the key or index.
        name: the nearest property's name.
        sources: what the whole property is made from.
    """
    try:
        value = holder[place]
    except UnknownValueError:
        return "".join(reference(_key(each.urn), "unknown") for each in _meant(name, sources)) or UNKNOWN
    if isinstance(value, str):
        return _with_references(value, sources)
    if isinstance(value, Mapping):
        return {key: _value(value, key, key, sources) for key in value}
    if isinstance(value, Sequence):
        return [_value(value, index, name, sources) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the wire has floating-point numbers only
    return value


def _meant(name: str, sources: Sequence[_Source]) -> Sequence[_Source]:
    """Those sources that a property of this name can mean; all of them where its type identifies none."""
    word = name.lower()
    begins = next((types for part, types in _MEANT.items() if part in word), ())
    return [each for each in sources if each.type.startswith(begins)] if begins else sources or []


def _with_references(text: str, sources: Sequence[_Source]) -> str:
    """A text with the known outputs of its sources turned into references to them; the beginning of a longer name is
    somebody else's."""
    for source in sources:
        for output, value in source.outputs.items():
            if value in text:
                whole = rf"(?<![A-Za-z0-9_-]){re.escape(value)}(?![A-Za-z0-9_-])"
                text = re.sub(whole, reference(_key(source.urn), output), text)
    return text


def _source(resource: PolicyResource) -> _Source:
    found = dict(sorted(_naming(resource), key=lambda each: (-len(each[1]), each[0])))
    return _Source(resource.urn, resource.resource_type, found)


def _naming(resource: PolicyResource) -> Iterator[tuple[str, str]]:
    """The outputs by whose values others know a resource."""
    for name in resource.props:
        try:
            value = resource.props[name]
        except UnknownValueError:
            continue
        if name.lower().endswith(_NAMING) and isinstance(value, str) and len(value) >= _SHORTEST:
            yield name, value
