"""An environment as the rules see it: its resources, what refers to what, and its stack file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from haven.base import strict_json
from haven.program.recording import REFERENCE, Recording, Resource, Secret
from haven_policies.rules.stack_facts import StackFacts
from haven_policies.rules.values import is_list, is_unknown, is_wholly_unknown, plain, value_at

Found = TypeVar("Found")


@dataclass(frozen=True)
class Use:
    """One resource's use of another."""

    record: Resource
    """Who uses it."""
    path: str
    """In which property."""


@dataclass(frozen=True)
class ResourceGraph:
    """Everything that the rules may ask."""

    recording: Recording
    facts: StackFacts
    _found: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def records(self) -> Sequence[Resource]:
        """All resources that are deployed."""
        return tuple(self.recording.real())

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[Resource]]:
        found: dict[str, list[Resource]] = {}
        for each in self.records:
            found.setdefault(each.type, []).append(each)
        return found

    def of(self, *types: str, region: str | None = None) -> list[Resource]:
        """The resources of these types, in one Region or in all; a type that ends in `/` or `:` names all below it."""
        exact, above = frozenset(types), tuple(type_ for type_ in types if type_[-1] in "/:")
        return [
            each
            for name, members in self._by_type.items()
            if name in exact or name.startswith(above)
            for each in members
            if region in (None, each.region)
        ]

    def once(self, find: "Callable[[ResourceGraph], Found]") -> Found:
        """What `find` makes of this environment; found for the first rule that asks, and the same for the others."""
        if find not in self._found:
            self._found[find] = find(self)
        found: Found = self._found[find]
        return found

    def referred(self, value: Any) -> list[Resource]:
        """The resources that a value, however deep, is made from; each once, in their order."""
        found = (self.recording.by_key.get(key) for key in keys_in(value))
        return list({each.urn: each for each in found if each is not None}.values())

    def target(self, value: Any) -> Resource | None:
        """The one resource that a value is made from; None for none, or several."""
        found = self.referred(value)
        return found[0] if len(found) == 1 else None

    @cached_property
    def _uses(self) -> Mapping[str, Sequence[Use]]:
        found: dict[str, list[Use]] = {}
        for each in self.records:
            for path, value in each.inputs.items():
                for key in set(keys_in(value)):
                    found.setdefault(key, []).append(Use(each, path))
        return found

    def uses(self, record: Resource) -> Sequence[Use]:
        """Who refers to this resource, and in which of its properties."""
        return self._uses.get(record.key, ())

    def users(self, record: Resource, *types: str) -> list[Resource]:
        """The resources of these types (of all where none is named) that refer to this one, each once."""
        found = {each.record.urn: each.record for each in self.uses(record)}
        return [each for each in found.values() if not types or each.type in types]

    def linked(self, record: Resource, path: str, *types: str) -> list[Resource]:
        """The resources of these types that one property names: by what they give, by their own names or ARNs, or by
        the resources that the engine lists for the property."""
        value = value_at(record.inputs, path)
        if value is None:
            return []
        found = [each for each in self.referred(value) if each.type in types]
        return found or self._named(value, record.region, types) or self._made_from(record, path, types)

    def is_unresolved(self, record: Resource, path: str, *types: str) -> bool:
        """Whether a property names something that is known only later, and may be any resource of these types."""
        return is_wholly_unknown(value_at(record.inputs, path)) and not self.linked(record, path, *types)

    def may_name(self, record: Resource, path: str, other: Resource) -> bool:
        """Whether a property names another resource, or something that may turn out to be it."""
        return other in self.linked(record, path, other.type) or self.is_unresolved(record, path, other.type)

    def _named(self, value: Any, region: str | None, types: Sequence[str]) -> list[Resource]:
        texts = value if is_list(value) else [value]
        found = []
        for text in (each for each in map(plain, texts) if isinstance(each, str)):
            place, name = _region_and_name(text)
            names = [self._by_name.get((type_, place or region, name)) for type_ in types]
            found += [each for each in names if each is not None]
        return found

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str | None, str], Resource]:
        found: dict[tuple[str, str | None, str], Resource] = {}
        for each in self.records:
            names = (plain(each.inputs.get(name)) for name in _NAMES)
            known = (name for name in names if isinstance(name, str) and not is_unknown(name))
            found |= {(each.type, each.region, name): each for name in known}
        return found

    def _made_from(self, record: Resource, path: str, types: Sequence[str]) -> list[Resource]:
        """Nothing where several would do: a list's dependencies don't show which belongs to which entry."""
        urns = record.options.property_dependencies.get(path.partition(".")[0].partition("[")[0], ())
        found = [self.recording.by_urn[urn] for urn in urns if urn in self.recording.by_urn]
        fitting = [each for each in found if each.type in types]
        return fitting if len(fitting) == 1 else []

    def tags(self, record: Resource) -> Mapping[str, str]:
        """A resource's tags, with those that its provider gives to all."""
        provider = self.recording.by_urn.get(record.provider)
        default = parsed(value_at(provider.inputs, "defaultTags")) if provider else None
        given = (value_at(default, "tags"), value_at(record.inputs, "tags"))
        return {key: value for tags in given if isinstance(tags, Mapping) for key, value in tags.items()}


_NAMES = ("name", "bucket", "clusterIdentifier", "identifier", "replicationGroupId", "globalClusterIdentifier")
"""The properties in which resources get their names in AWS."""


def _region_and_name(text: str) -> tuple[str | None, str]:
    """An ARN's Region, where it has one, and the last part of it; a name is its own last part."""
    if not text.startswith("arn:"):
        return None, text
    region = text.split(":")[3:4]
    return (region or [""])[0] or None, text.rpartition(":")[2].rpartition("/")[2]


def keys_in(value: Any) -> Iterator[str]:
    """The keys of all references in a value, however deep, in their order."""
    if isinstance(value, str):
        yield from (found["key"] for found in REFERENCE.finditer(value))
    elif isinstance(value, Secret):
        yield from keys_in(value.value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from keys_in(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from keys_in(each)


def parsed(value: Any) -> Any:
    """Text that is a JSON document, such as a policy, parsed; all else as it is."""
    value = plain(value)
    return _document(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


@lru_cache(maxsize=2048)
def _document(text: str) -> Any:
    """Many rules read the same policy; none changes it."""
    try:
        return strict_json.loads(text)
    except ValueError:
        return text
