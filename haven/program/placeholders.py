"""What a resource would answer once it exists, as far as a plan needs it: placeholders for what only AWS knows."""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from pulumi import _types
from pulumi.runtime import rpc

from haven.program import aws_types as aws
from haven.program.recording import Secret, reference

_NESTED: dict[str, tuple[str, ...]] = {
    aws.EKS_CLUSTER: ("vpcConfig.clusterSecurityGroupId", "vpcConfig.vpcId", "certificateAuthority.data")
}
"""Nested properties that other resources are made from; everything else that is nested and computed stays unknown."""

_LISTS_OF_ONE: dict[str, tuple[str, ...]] = {
    aws.ACM_CERTIFICATE: (
        "domainValidationOptions.resourceRecordName",
        "domainValidationOptions.resourceRecordType",
        "domainValidationOptions.resourceRecordValue",
    )
}
"""The same for what lies in the only element of a list: a certificate of one name is validated by one DNS record."""

_NUMBERS: dict[str, tuple[str, ...]] = {aws.EC2_LAUNCH_TEMPLATE: ("latestVersion",)}
"""Numbers that other resources are made from; only formatted into text, never calculated with."""


def outputs(type_: str, key: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every text property that the SDK declares for this type, as a placeholder unless it is given by an input."""
    names = (*_text_properties(type_), *_NUMBERS.get(type_, ()))
    computed: dict[str, Any] = {name: reference(key, name) for name in names}
    answered = computed | {name: value for name, value in inputs.items() if value is not None}
    for path in _NESTED.get(type_, ()):
        outer, inner = path.split(".")
        answered[outer] = {**answered.get(outer, {}), inner: reference(key, path)}
    for path in _LISTS_OF_ONE.get(type_, ()):
        outer, inner = path.split(".")
        (only,) = answered.get(outer, [{}])
        answered[outer] = [{**only, inner: reference(key, path)}]
    return answered


def unwrapped(value: Any) -> Any:
    """`value` without the wrapping of secrets, however deep."""
    if isinstance(value, Secret):
        return unwrapped(value.value)
    if isinstance(value, Mapping):
        return {name: unwrapped(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unwrapped(each) for each in value]
    return value


def resource_class(type_: str) -> type | None:
    """The SDK's class of a resource type; None where no installed SDK has one."""
    package, module, _ = type_.split(":")
    known: Any = rpc.get_resource_module(package, module, "")
    class_name = known.mod_info["classes"].get(type_) if known is not None else None
    return getattr(importlib.import_module(known.mod_info["fqn"]), class_name) if class_name else None


@cache
def _text_properties(type_: str) -> tuple[str, ...]:
    found = resource_class(type_)
    properties = _types.resource_types(found) if found else {}
    return tuple(name for name, declared in properties.items() if declared is str or str in get_args(declared))
