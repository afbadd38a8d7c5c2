"""Converts between Pulumi's wire format and the plain data of `haven.program.recording`."""

import hashlib
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from haven.program.recording import Archive, Secret, reference

_SIGNATURE = rpc._special_sig_key  # the wire format's constants have no public name
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig
_ASSET = rpc._special_asset_sig
_ARCHIVE = rpc._special_archive_sig


def key_of(urn: str) -> str:
    """The key of a resource in placeholders: a hash of its URN, so it is the same in every run."""
    return hashlib.sha256(urn.encode()).hexdigest()[:12]


def read(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Inputs or outputs in the wire format as plain data, without nulls and unknown values."""
    values = {name: _read_value(value) for name, value in struct.fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _read_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    match kind:
        case "struct_value":
            return _read_struct(value.struct_value)
        case "list_value":
            return [_read_value(each) for each in value.list_value.values]
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "string_value":
            return None if value.string_value == rpc.UNKNOWN else value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _read_struct(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if signature == _SECRET:
        return Secret(_read_value(struct.fields["value"]))
    if signature == _RESOURCE:
        return reference(key_of(struct.fields["urn"].string_value), "id")
    if signature == _ASSET:
        return next((value for name, value in read(struct).items() if name in ("text", "path", "uri")), None)
    if signature == _ARCHIVE:
        return Archive({name: value for name, value in read(struct).items() if name in ("assets", "path", "uri")})
    return read(struct)


def write(values: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Plain data in the wire format; wrapped values, and the properties named in `secrets`, are marked as secrets."""
    struct = struct_pb2.Struct()
    struct.update({name: _plain(Secret(value) if name in secrets else value) for name, value in values.items()})
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        inner = value.value.value if isinstance(value.value, Secret) else value.value
        return {_SIGNATURE: _SECRET, "value": _plain(inner)}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def resource_reference(urn: str, identifier: str) -> dict[str, str]:
    """A reference to a registered resource, as a value in the wire format."""
    return {_SIGNATURE: _RESOURCE, "urn": urn, "id": identifier}
