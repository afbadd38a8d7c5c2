"""Outputs of recorded resources: their inputs, and placeholders for properties that AWS computes."""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pulumi import _types
from pulumi.runtime import rpc

from haven.program import aws_types as aws
from haven.program.recording import Archive, Secret, reference

_NESTED: dict[str, tuple[str, ...]] = {
    aws.EKS_CLUSTER: ("vpcConfig.clusterSecurityGroupId", "vpcConfig.vpcId", "certificateAuthority.data")
}
"""Nested computed properties that other resources use; all others stay unknown."""

_LISTS_OF_ONE: dict[str, tuple[str, ...]] = {
    aws.ACM_CERTIFICATE: (
        "domainValidationOptions.resourceRecordName",
        "domainValidationOptions.resourceRecordType",
        "domainValidationOptions.resourceRecordValue",
    )
}
"""The same for lists with one element: a certificate for one name has one DNS record for validation."""

_NUMBERS: dict[str, tuple[str, ...]] = {aws.EC2_LAUNCH_TEMPLATE: ("latestVersion",)}
"""Computed numbers that other resources use; programs may format them into text, but not calculate with them."""


def outputs(type_: str, key: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a resource: its inputs, and a placeholder for every other text property in the SDK's class.

    Args:
        type_: the type token.
        key: the resource's key in placeholders.
        inputs: its inputs.
    """
    names = (*_text_properties(type_), *_NUMBERS.get(type_, ()))
    computed: dict[str, Any] = {name: reference(key, name) for name in names}
    answered = computed | {name: value for name, value in inputs.items() if _answers(value)}
    for path in _NESTED.get(type_, ()):
        outer, inner = path.split(".")
        answered[outer] = {**answered.get(outer, {}), inner: reference(key, path)}
    for path in _LISTS_OF_ONE.get(type_, ()):
        outer, inner = path.split(".")
        (only,) = answered.get(outer, [{}])
        answered[outer] = [{**only, inner: reference(key, path)}]
    return answered


def _answers(value: Any) -> bool:
    return value is not None and not isinstance(value, Archive)


def unwrapped(value: Any) -> Any:
    """`value` with secrets unwrapped, at any depth."""
    if isinstance(value, Secret):
        return unwrapped(value.value)
    if isinstance(value, Mapping):
        return {name: unwrapped(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unwrapped(each) for each in value]
    return value


def resource_class(type_: str) -> type | None:
    """The SDK's class of a resource type; None if no installed SDK has one."""
    package, module, _ = type_.split(":")
    known: Any = rpc.get_resource_module(package, module, "")
    class_name = known.mod_info["classes"].get(type_) if known is not None else None
    return getattr(importlib.import_module(known.mod_info["fqn"]), class_name) if class_name else None


def _text_properties(type_: str) -> tuple[str, ...]:
    """None where the SDK isn't imported, which a later program of this process may do."""
    found = resource_class(type_)
    return _text_properties_of(found) if found else ()


@cache
def _text_properties_of(class_: type) -> tuple[str, ...]:
    declared = _types.resource_types(class_)
    return tuple(name for name, each in declared.items() if each is str or str in get_args(each))
