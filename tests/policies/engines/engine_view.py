"""A recorded stack as Pulumi's engine shows it to a policy pack: before a first deployment, and after it.

Rules about one resource are shown its inputs. Rules about the whole stack are shown outputs: after a deployment with
all that the AWS provider answers, before it with everything unknown that nobody declared or that is made of something
unknown.
"""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import PolicyProviderResource, PolicyResource, PolicyResourceOptions
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from haven.program.recording import REFERENCE, Recording, Resource, Secret, map_strings
from haven_policies.rules.resource_graph import keys_in
from haven_policies.rules.values import has_unknown
from tests.policies.engines.provider_outputs import answered, computed


class EngineView:
    """One recording, as an engine reports it."""

    def __init__(self, recording: Recording, *, deployed: bool) -> None:
        """Args:
        recording: what the program declared.
        deployed: whether everything is deployed, so that every value is known.
        """
        self._recording = recording
        self._deployed = deployed
        text = json.dumps(_bare([each.inputs for each in recording.resources]))
        self._asked: dict[str, set[str]] = {}
        for each in REFERENCE.finditer(text):
            self._asked.setdefault(each["key"], set()).add(each["path"])

    def resources(self) -> list[PolicyResource]:
        """As the pack's own process gets them."""
        made = {each.urn: self._resource(each) for each in self._recording.resources}
        for each in self._recording.resources:
            one = made[each.urn]
            one.parent = made.get(each.parent)
            one.dependencies += [made[urn] for urn in each.options.dependencies if urn in made]
            for name, owners in self._made_from(each).items():
                one.property_dependencies[name] = [made[urn] for urn in owners]
        return list(made.values())

    def declared(self) -> dict[str, Mapping[str, Any]]:
        """The inputs that were shown before, by URN."""
        return {each.urn: unknown_checking_proxy(self._inputs(each)) for each in self._recording.resources}

    def stack_request(self) -> analyzer_pb2.AnalyzeStackRequest:
        """As it goes over the wire for rules that judge the whole."""
        return analyzer_pb2.AnalyzeStackRequest(
            resources=[self._stack_resource(each) for each in self._recording.resources]
        )

    def resource_request(self, record: Resource) -> analyzer_pb2.AnalyzeRequest:
        """As it goes over the wire for rules that judge one resource."""
        return analyzer_pb2.AnalyzeRequest(
            type=record.type,
            properties=_struct(self._inputs(record)),
            urn=record.urn,
            name=record.name,
            options=_wire_options(record),
            provider=self._wire_provider(record),
        )

    def _stack_resource(self, record: Resource) -> analyzer_pb2.AnalyzerResource:
        owners = self._made_from(record)
        return analyzer_pb2.AnalyzerResource(
            type=record.type,
            properties=_struct(self._outputs(record)),
            urn=record.urn,
            name=record.name,
            options=_wire_options(record),
            provider=self._wire_provider(record),
            parent=record.parent,
            dependencies=record.options.dependencies,
            propertyDependencies={
                name: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns) for name, urns in owners.items()
            },
        )

    def _resource(self, record: Resource) -> PolicyResource:
        provider = self._provider(record)
        shown = (
            PolicyProviderResource(
                provider.type, unknown_checking_proxy(self._inputs(provider)), provider.urn, provider.name
            )
            if provider
            else None
        )
        options = PolicyResourceOptions(
            record.options.protect, list(record.options.ignore_changes), None, [], PolicyCustomTimeouts(0, 0, 0), []
        )
        outputs = unknown_checking_proxy(self._outputs(record))
        return PolicyResource(record.type, outputs, record.urn, record.name, options, shown, None, [], {})

    def _made_from(self, record: Resource) -> dict[str, list[str]]:
        """Property -> URNs of what it is made from."""
        known = self._recording.by_urn
        owners = {
            name: [urn for urn in urns if urn in known] for name, urns in record.options.property_dependencies.items()
        }
        for name, value in record.inputs.items():
            named = (self._recording.by_key.get(key) for key in keys_in(value))
            owners[name] = sorted({*owners.get(name, ()), *(each.urn for each in named if each is not None)})
        return {name: urns for name, urns in owners.items() if urns}

    def _provider(self, record: Resource) -> Resource | None:
        return self._recording.by_urn.get(record.provider)

    def _wire_provider(self, record: Resource) -> analyzer_pb2.AnalyzerProviderResource | None:
        provider = self._provider(record)
        if provider is None:
            return None
        return analyzer_pb2.AnalyzerProviderResource(
            type=provider.type, properties=_struct(self._inputs(provider)), urn=provider.urn, name=provider.name
        )

    def _inputs(self, record: Resource) -> dict[str, Any]:
        """What is declared, as far as it is known."""
        shown: dict[str, Any] = map_strings(_bare(record.inputs), _filled if self._deployed else _open)
        return shown

    def _outputs(self, record: Resource) -> dict[str, Any]:
        """What the provider answers, and what others ask of the resource."""
        if self._deployed:
            outputs = {path: _output(record.key, path) for path in self._asked.get(record.key, ())}
            return {**answered(record.type, self._inputs(record), record.key), **outputs}
        added = dict.fromkeys({"id", "arn", *computed(record.type)}, UNKNOWN_STRING_VALUE)
        known = {name: value for name, value in _bare(record.inputs).items() if not has_unknown(value)}
        return {**added, **dict.fromkeys(record.inputs, UNKNOWN_STRING_VALUE), **known}


def _struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(properties), struct_pb2.Struct())


def _open(text: str) -> str:
    """A preview leaves a text open as a whole."""
    return UNKNOWN_STRING_VALUE if REFERENCE.search(text) else text


def _filled(text: str) -> str:
    return REFERENCE.sub(lambda found: _output(found["key"], found["path"]), text)


def _output(key: str, path: str) -> str:
    return f"the-{path}-of-{key}"


def _wire_options(record: Resource) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=record.options.protect, ignoreChanges=record.options.ignore_changes, parent=record.parent
    )


def _bare(value: Any) -> Any:
    """A value without secrets' wrapping: a pack gets them bare."""
    if isinstance(value, Secret):
        return _bare(value.value)
    if isinstance(value, Mapping):
        return {key: _bare(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bare(each) for each in value]
    return value
