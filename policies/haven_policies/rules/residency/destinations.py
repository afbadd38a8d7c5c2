"""Where a value leads: to a resource of the environment, to a Region, out of AWS, or to an unknown place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from haven.base.regions import REGION
from haven.program import aws_types as aws
from haven.program.recording import Resource, own_region
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import UNKNOWN, is_unknown, plain

_ARN = re.compile(r"^arn:[^:]*:(?P<service>[^:]*):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.+)$")
_NAMED_REGION = re.compile(REGION)
_ACCOUNT = re.compile(r"^\d{12}$")


@dataclass(frozen=True)
class Destination:
    """Where data goes."""

    region: str | None
    """None: the declaration doesn't show it."""
    record: Resource | None = None
    """What takes it, where it is declared beside what sends it."""
    account: str | None = None
    """The account, where the value names one."""
    outside: bool = False
    """It leaves AWS: for a mailbox, a telephone or somebody's server."""


NOWHERE_KNOWN = Destination(None)
OUTSIDE = Destination(None, outside=True)


@dataclass(frozen=True, eq=False)
class NameIndex:
    """An environment, with what is found in it by name."""

    graph: ResourceGraph

    @cached_property
    def buckets(self) -> Mapping[str, Resource]:
        """The buckets by their names."""
        found = ((plain(each.inputs.get("bucket")), each) for each in self.graph.of(*BUCKETS))
        return {name: each for name, each in found if isinstance(name, str)}

    def referred(self, value: str) -> Resource | None:
        """What the last reference in a text is about: `arn:aws:logs:${region}:${group}` is about the group."""
        found = [each for each in self.graph.referred(value) if region_of(each)]
        return found[-1] if found else None


Reader = Callable[[NameIndex, Resource, Any], Destination | None]
"""Where a value of a resource leads; None where it sends nothing anywhere."""

BUCKETS = (aws.S3_BUCKET, aws.S3_BUCKET_V2, aws.S3_DIRECTORY_BUCKET)


def region_of(record: Resource) -> str | None:
    """The Region of a resource: its own where it names one, else its provider's."""
    return own_region(record.type, record.inputs) or record.region


def here(_index: NameIndex, record: Resource, _value: Any) -> Destination:
    """The data comes to the resource's own Region."""
    return Destination(region_of(record), record)


def by_region(_index: NameIndex, _record: Resource, value: Any) -> Destination | None:
    """The value is a Region's name."""
    if not isinstance(value, str) or value in ("", UNKNOWN):
        return None
    return Destination(value) if _NAMED_REGION.match(value) else NOWHERE_KNOWN


def anywhere(_index: NameIndex, _record: Resource, value: Any) -> Destination | None:
    """AWS chooses the place, among many."""
    return None if value == UNKNOWN else NOWHERE_KNOWN


def outside(_index: NameIndex, _record: Resource, _value: Any) -> Destination:
    """The value is an address that is no part of AWS."""
    return OUTSIDE


def destination(index: NameIndex, record: Resource, value: Any) -> Destination | None:
    """The value refers to what takes the data, or is its ARN."""
    if not isinstance(value, str) or not value or value == UNKNOWN:
        return None
    target = index.referred(value)
    if target is not None:
        return Destination(region_of(target), target)
    parts = _ARN.match(value)
    if parts is None or is_unknown(value):
        return NOWHERE_KNOWN
    if parts["service"] == "s3":
        return bucket(index, record, parts["rest"].partition("/")[0])
    return Destination(parts["region"] or None, None, parts["account"] if _ACCOUNT.match(parts["account"]) else None)


def bucket(index: NameIndex, record: Resource, value: Any) -> Destination | None:
    """The value is a bucket: a reference to it, its name, an address in it."""
    if not isinstance(value, str) or not value or value == UNKNOWN:
        return None
    name = value.removeprefix("s3://").partition("/")[0].partition(".s3.")[0]
    found = index.buckets.get(name)
    if found is not None:
        return Destination(region_of(found), found)
    return destination(index, record, value) if value.startswith("arn:") or is_unknown(value) else NOWHERE_KNOWN


def beside(index: NameIndex, record: Resource, value: Any) -> Destination | None:
    """The value is the name of something in the resource's own Region, or names another one."""
    if not isinstance(value, str) or not value:
        return None
    if value.startswith("arn:") or is_unknown(value):
        return destination(index, record, value)
    return here(index, record, value)


def registry(index: NameIndex, record: Resource, value: Any) -> Destination | None:
    """The value is a destination of a container registry: a Region and an account."""
    if not isinstance(value, Mapping):
        return None
    account = plain(value.get("registryId"))
    where = by_region(index, record, plain(value.get("region")))
    if where is None:
        return None
    return Destination(where.region, None, account if isinstance(account, str) and _ACCOUNT.match(account) else None)


def subscriber(index: NameIndex, record: Resource, value: Any) -> Destination | None:
    """The value is a subscription's endpoint."""
    inside = isinstance(value, str) and (value.startswith("arn:") or is_unknown(value))
    return destination(index, record, value) if inside else OUTSIDE
