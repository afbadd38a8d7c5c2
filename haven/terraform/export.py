"""Exports a recording to Terraform JSON for the AWS provider: resources, references, options, providers."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from haven.program.recording import Recording, Resource
from haven.terraform import archives, naming, provider_differences, random_values
from haven.terraform.archives import Files
from haven.terraform.schema import FieldGroup, Many, ProviderSchema, Scalar, Shape
from haven.terraform.values import Expression, Translator, UnavailableError

LeaveOut = Callable[[Resource], str | None]
"""The reason for which a resource is left out of an export; None if it is exported."""

NO_KUBERNETES = "the AWS provider has no Kubernetes objects"
"""Why none of them is exported."""

_AWS = "aws:"
_AWS_PROVIDER = "pulumi:providers:aws"
_SOURCE = "hashicorp/aws"
_OFFLINE: Mapping[str, Any] = {
    "access_key": "offline",
    "secret_key": "offline",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}
"""Provider settings with which no configuration step calls AWS."""
_CREDENTIALS = ("access_key", "secret_key")


@dataclass(frozen=True)
class LeftOut:
    """A resource that is not exported."""

    urn: str
    type: str
    name: str
    reason: str
    expected: bool = True
    """Whether a table names the reason; otherwise the provider lacks the type unexpectedly."""


@dataclass(frozen=True)
class Dropped:
    """An argument that is not exported."""

    urn: str
    argument: str
    reason: str
    expected: bool = True
    """Whether a table names the reason; otherwise the provider lacks the argument unexpectedly."""


@dataclass(frozen=True)
class Export:
    """Terraform JSON, and what differs in it from the recording."""

    document: Mapping[str, Any]
    urns: Mapping[str, str]
    """Address in Terraform to URN."""
    protected: frozenset[str]
    """Addresses of the resources that the program protects."""
    left_out: Sequence[LeftOut]
    dropped: Sequence[Dropped]
    recipes: Mapping[str, random_values.Recipe]
    """Variable to the recipe for its random value."""
    endpoint: str | None = None
    """The endpoint of every service; None: the providers' own."""
    archives: Mapping[str, Files] = field(default_factory=dict)
    """File name to the files of an archive that lies beside the document."""


def export(
    recording: Recording,
    schema: ProviderSchema,
    *,
    emulator: str | None = None,
    leave_out: LeaveOut = lambda _: None,
    prevent_destroy: bool = False,
    own_credentials: bool = False,
) -> Export:
    """Export the AWS resources of a recording as Terraform JSON.

    Args:
        recording: the program's resources. Components, the Stash and Kubernetes resources are not exported.
        schema: the schema of the provider that will read the document.
        emulator: endpoint of every service. Omitted: the endpoints in the providers' inputs.
        leave_out: the reason for which the target can't have a resource. Resources that require it are left out too.
        prevent_destroy: add `prevent_destroy` to the resources that the program protects.
        own_credentials: the providers use the environment's credentials. Omitted: invalid ones, so that nothing can
            reach AWS.
    """
    made = _Exporter(recording, schema, leave_out, prevent_destroy).export(emulator)
    if own_credentials:
        for each in made.document["provider"]["aws"]:
            for name in _CREDENTIALS:
                each.pop(name, None)
    return made


class _Exporter:
    def __init__(self, recording: Recording, schema: ProviderSchema, leave_out: LeaveOut, protect: bool) -> None:
        self._recording = recording
        self._schema = schema
        self._leave_out = leave_out
        self._prevent_destroy = protect
        self._names = _local_names(recording.real())
        self._outcomes: dict[str, dict[str, Any] | LeftOut] = {}
        self._dropped: list[Dropped] = []

    def export(self, emulator: str | None) -> Export:
        outcomes = [(each, self._outcome(each)) for each in self._recording.real() if not self._is_local(each)]
        kept = [(each, made) for each, made in outcomes if isinstance(made, dict)]
        resources: dict[str, dict[str, Any]] = {}
        for each, body in kept:
            resources.setdefault(self._type(each), {})[self._names[each.key]] = body | self._options(each, body)
        recipes = {
            self._names[each.key]: random_values.recipe(each.inputs)
            for each in self._recording.real()
            if random_values.is_random(each.type)
        }
        document = {
            "terraform": {"required_providers": {"aws": {"source": _SOURCE}}},
            "provider": {"aws": [self._provider(each, emulator) for each in self._providers()]},
            "variable": {name: {"type": "string", "sensitive": True} for name in recipes},
            "resource": resources,
        }
        return Export(
            {name: part for name, part in document.items() if part},
            {self._address(each): each.urn for each, _ in kept},
            frozenset(self._address(each) for each, _ in kept if each.options.protect),
            [made for _, made in outcomes if isinstance(made, LeftOut)],
            sorted(self._dropped, key=lambda each: (each.urn, each.argument)),
            recipes,
            emulator,
            {name: files for each, _ in kept for name, files in archives.found(each.inputs)},
        )

    def _is_local(self, record: Resource) -> bool:
        """Whether a resource exists only in the state: the Stash, and random values, which become variables."""
        return record.type.startswith("pulumi:") or random_values.is_random(record.type)

    def _outcome(self, record: Resource) -> dict[str, Any] | LeftOut:
        """The resource's arguments, or the reason for which it is left out."""
        if record.key not in self._outcomes:
            self._outcomes[record.key] = self._left_out(record) or self._body(record)
        return self._outcomes[record.key]

    def _left_out(self, record: Resource) -> LeftOut | None:
        def because(reason: str, expected: bool = True) -> LeftOut:
            return LeftOut(record.urn, record.type, record.name, reason, expected)

        if record.is_kubernetes:
            return because(NO_KUBERNETES)
        if not record.type.startswith(_AWS):
            return because("not a resource of the AWS provider")
        if reason := self._leave_out(record):
            return because(reason)
        try:
            naming.resource_type(record.type, self._schema)
        except naming.UnknownTokenError:
            known = provider_differences.of_type(record.type)
            version = self._schema.version
            return because(known.reason if known else f"version {version} lacks it", known is not None)
        return None

    def _body(self, record: Resource) -> dict[str, Any] | LeftOut:
        dropped: list[Dropped] = []

        def drop(argument: str, missing: str) -> None:
            dropped.append(self._drop(record, argument, missing))

        translator = Translator(self._type(record), self._resolve, drop)
        try:
            body = translator.body(self._schema.resource(self._type(record)), record.inputs)
        except UnavailableError as unavailable:
            return LeftOut(record.urn, record.type, record.name, f"needs {unavailable.name}, which is left out")
        self._dropped += dropped
        return body

    def _drop(self, record: Resource, argument: str, missing: str) -> Dropped:
        if missing:
            return Dropped(record.urn, argument, f"refers to {missing}, which is left out")
        known = provider_differences.of_argument(record.type, argument)
        version = self._schema.version
        return Dropped(
            record.urn, argument, known.reason if known else f"version {version} lacks it", known is not None
        )

    def _resolve(self, key: str, path: str) -> Expression:
        record = self._recording.by_key.get(key)
        if record is None:
            raise UnavailableError(f"resource {key}")
        if random_values.is_random(record.type):
            return Expression(f"var.{self._names[key]}", Scalar("string"))
        if isinstance(self._outcome(record), LeftOut):
            raise UnavailableError(record.name)
        found = _walk(self._type(record), self._schema.resource(self._type(record)), path, self._address(record))
        if found is None:
            raise UnavailableError(f"{path} of {record.name}")
        return Expression(*found)

    def _options(self, record: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        provider = self._recording.by_urn.get(record.provider)
        if provider is not None:
            made["provider"] = f"aws.{_identifier(provider.name)}"
        if depends_on := self._depends_on(record, body):
            made["depends_on"] = depends_on
        if lifecycle := self._lifecycle(record):
            made["lifecycle"] = lifecycle
        return made

    def _depends_on(self, record: Resource, body: Mapping[str, Any]) -> list[str]:
        """Addresses of dependencies to which no argument refers; a component counts as all its children.

        The dependencies of a component are also those of its children: the engine creates them after it.
        """
        dependencies = (urn for each in self._with_parents(record) for urn in each.options.dependencies)
        wanted = {address for urn in dependencies for address in self._addresses_of(urn)}
        referred = json.dumps(body)
        return sorted(each for each in wanted - {self._address(record)} if f"{each}." not in referred)

    def _with_parents(self, record: Resource) -> Iterator[Resource]:
        yield record
        parent = self._recording.by_urn.get(record.parent)
        if parent is not None:
            yield from self._with_parents(parent)

    def _addresses_of(self, urn: str) -> Iterator[str]:
        record = self._recording.by_urn.get(urn)
        if record is None:
            return
        if record.custom:
            if isinstance(self._outcomes.get(record.key), dict):
                yield self._address(record)
            return
        for child in self._recording.resources:
            if child.parent == urn:
                yield from self._addresses_of(child.urn)

    def _lifecycle(self, record: Resource) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self._prevent_destroy and record.options.protect:
            made["prevent_destroy"] = True
        ignored = {self._ignored(record, each) for each in record.options.ignore_changes} - {""}
        if ignored:
            made["ignore_changes"] = sorted(ignored)
        return made

    def _ignored(self, record: Resource, path: str) -> str:
        """A property path of `ignore_changes` for Terraform, shortened to the longest part that it can address."""
        group = self._schema.resource(self._type(record))
        found = _walk(self._type(record), group, path.replace("[0]", ""), "", indexed=True)
        if found is None:
            self._dropped.append(self._drop(record, path, ""))
            return ""
        return found[0].removeprefix(".")

    def _providers(self) -> Iterator[Resource]:
        return (each for each in self._recording.resources if each.type == _AWS_PROVIDER)

    def _provider(self, record: Resource, emulator: str | None) -> dict[str, Any]:
        def drop(argument: str, missing: str) -> None:
            self._dropped.append(self._drop(record, argument, missing))

        group = self._schema.provider()
        inputs = {name: _decoded(value) for name, value in record.inputs.items()}
        made = dict(_OFFLINE) | Translator("aws", self._resolve, drop).body(group, inputs)
        if emulator is not None:
            made.pop("endpoints", None)  # a block of its own costs the provider 6 s in every command (2026-11-25)
            made["s3_use_path_style"] = True
        return {"alias": _identifier(record.name), **made}

    def _type(self, record: Resource) -> str:
        return naming.resource_type(record.type, self._schema)

    def _address(self, record: Resource) -> str:
        return f"{self._type(record)}.{self._names[record.key]}"


def _walk(type_: str, group: FieldGroup, path: str, address: str, *, indexed: bool = False) -> tuple[str, Shape] | None:
    """The expression for a property path of the resource at `address`, and the shape of its value.

    With `indexed`, the expression uses indexes only and ends at the first set, as the elements of a set have none.
    """
    text = address
    shape: Shape = group
    for name in path.split("."):
        if isinstance(shape, Many) and shape.kind != "map":
            if indexed and shape.kind == "set":
                break
            text, shape = (f"{text}[0]" if shape.kind == "list" else f"one({text})"), shape.each
        if isinstance(shape, Many):
            return f'{text}["{name}"]', shape.each
        if not isinstance(shape, FieldGroup):
            return None
        found = naming.field_name(type_, shape, name)
        if found is None:
            return None
        text, shape = f"{text}.{found}", shape.fields[found].shape
    return text, shape


def _decoded(value: Any) -> Any:
    """A provider's input: values other than text are recorded as JSON."""
    if not isinstance(value, str) or not value.startswith(("{", "[", "true", "false")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _identifier(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return plain if plain[:1].isalpha() else f"_{plain}"


def _local_names(records: Iterator[Resource]) -> dict[str, str]:
    """Key to name in Terraform: the logical name, with a number if two resources of one type share it."""
    names: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for record in records:
        plain = _identifier(record.name)
        numbered = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(taken) + 2))
        name = next(each for each in numbered if (record.type, each) not in taken)
        taken.add((record.type, name))
        names[record.key] = name
    return names
