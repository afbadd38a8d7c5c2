"""What a run of a Pulumi program declared, as plain data: the one form that plans, exports and checks work on."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from haven.base.regions import REGION

REFERENCE = re.compile(r"@@(?P<key>[0-9a-f]{12})\.(?P<path>[A-Za-z0-9_.]+)@@")
"""Stands in a string for a property that only exists once its resource does: `key` names the resource."""


def reference(key: str, path: str) -> str:
    """The placeholder of the property at `path` (camelCase, dots between levels) of the resource named by `key`."""
    return f"@@{key}.{path}@@"


@dataclass(frozen=True)
class Secret:
    """A value that must not be shown."""

    value: Any = field(repr=False)


@dataclass(frozen=True)
class Options:
    """The resource options that the engine would have been given."""

    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    """URNs, components among them, that must be there before this resource."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each input the URNs of the resources that it was made from."""


@dataclass(frozen=True)
class Resource:
    """One registered resource."""

    key: str
    """Names the resource in placeholders; it follows from the URN, so it is the same in every run."""
    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    """URN of the parent, or empty for a resource directly below the stack."""
    provider: str
    """URN of the explicit provider, or empty."""
    region: str | None
    """Where it stands: the Region it names itself (`own_region`), else its provider's; None where neither says."""
    component: str | None
    """Class name of the outermost Haven component around it."""
    component_name: str | None
    inputs: Mapping[str, Any]
    """As the SDK sends them: camelCase names, placeholders for other resources' outputs, secrets wrapped."""
    options: Options = field(default_factory=Options)

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider and not something that would stand anywhere."""
        return self.type.startswith("pulumi:providers:")


def own_region(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """The Region that a resource of AWS names itself: from version 7 on, the provider lets each one say its own."""
    region = inputs.get("region")
    region = region.value if isinstance(region, Secret) else region
    named = type_.startswith("aws:") and isinstance(region, str) and re.match(REGION, region)
    return region if named else None


@dataclass(frozen=True)
class Recording:
    """Everything that one run of a program declared."""

    project: str
    stack: str
    resources: Sequence[Resource]
    """In the order of their URNs."""
    outputs: Mapping[str, Any]
    """The stack's outputs."""

    @cached_property
    def by_key(self) -> Mapping[str, Resource]:
        """The records by the key that placeholders name."""
        return {each.key: each for each in self.resources}

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """The records by URN."""
        return {each.urn: each for each in self.resources}

    def real(self) -> Iterator[Resource]:
        """The records of what would stand somewhere: custom resources that are no providers."""
        return (each for each in self.resources if each.custom and not each.is_provider)


def map_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """`value` with every string in it, however deep, replaced by what `change` makes of it; secrets stay wrapped."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Secret):
        return Secret(map_strings(value.value, change))
    if isinstance(value, Mapping):
        return {name: map_strings(each, change) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [map_strings(each, change) for each in value]
    return value
