"""What one run of a Pulumi program declares, as plain data: plans, exports and policies all work on it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from haven.base.regions import REGION

REFERENCE = re.compile(r"@@(?P<key>[0-9a-f]{12})\.(?P<path>[A-Za-z0-9_.]+)@@")
"""Placeholder, inside a string, for a property that only exists once its resource does: `key` names the resource."""


def reference(key: str, path: str) -> str:
    """The placeholder of a property.

    Args:
        key: the key of its resource.
        path: the property's name in camelCase, with dots between levels.
    """
    return f"@@{key}.{path}@@"


class Archive(dict[str, Any]):
    """Files that a resource is given in one piece: `assets`, path to text, or where they are. AWS answers none."""


@dataclass(frozen=True)
class Secret:
    """A secret value; its `repr` does not contain it."""

    value: Any = field(repr=False)


@dataclass(frozen=True)
class Options:
    """The resource options of a registration, as the engine receives them."""

    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    """URNs, including those of components, on which this resource depends."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each input, the URNs of the resources that its value comes from."""


@dataclass(frozen=True)
class Resource:
    """One registered resource."""

    key: str
    """The resource's key in placeholders: a hash of the URN, so it is the same in every run."""
    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    """URN of the parent, or empty for a resource directly below the stack."""
    provider: str
    """URN of the explicit provider, or empty."""
    region: str | None
    """The Region in its inputs (`own_region`), else its provider's, which for a Kubernetes object is that of the EKS
    cluster in the provider's kubeconfig; None if neither has one."""
    component: str | None
    """Class name of the outermost Haven component that contains it."""
    component_name: str | None
    inputs: Mapping[str, Any]
    """Inputs as the SDK sends them: camelCase names, placeholders for other resources' outputs, secrets wrapped."""
    options: Options = field(default_factory=Options)

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider, which exists only in the state."""
        return self.type.startswith("pulumi:providers:")

    @property
    def is_kubernetes(self) -> bool:
        """Whether it is an object on a cluster, or a Helm release: Kubernetes' API serves it, and not AWS's."""
        return self.type.startswith("kubernetes:")


def own_region(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """The Region in the inputs of an AWS resource, which pulumi-aws 7 and later allow; None if it has none."""
    region = inputs.get("region")
    region = region.value if isinstance(region, Secret) else region
    named = type_.startswith("aws:") and isinstance(region, str) and re.match(REGION, region)
    return region if named else None


@dataclass(frozen=True)
class Recording:
    """Everything that one run of a program declares."""

    project: str
    stack: str
    resources: Sequence[Resource]
    """Ordered by URN."""
    outputs: Mapping[str, Any]
    """The stack's outputs."""

    @cached_property
    def by_key(self) -> Mapping[str, Resource]:
        """The resources by their key in placeholders."""
        return {each.key: each for each in self.resources}

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """The resources by URN."""
        return {each.urn: each for each in self.resources}

    def real(self) -> Iterator[Resource]:
        """The custom resources except providers: those that exist outside the state."""
        return (each for each in self.resources if each.custom and not each.is_provider)

    def referred(self, value: object) -> Resource | None:
        """The resource whose property `value` is; None unless `value` is exactly one placeholder."""
        match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self.by_key.get(match["key"]) if match else None


def references(value: Any) -> set[str]:
    """The keys of the resources whose properties `value` contains, at any depth."""
    found: set[str] = set()

    def look(text: str) -> str:
        found.update(each["key"] for each in REFERENCE.finditer(text))
        return text

    map_strings(value, look)
    return found


def map_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """`value` with `change` applied to every string in it, at any depth; secrets stay wrapped."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Secret):
        return Secret(map_strings(value.value, change))
    if isinstance(value, Mapping):
        return {name: map_strings(each, change) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [map_strings(each, change) for each in value]
    return value
