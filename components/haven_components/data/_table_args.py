"""Arguments of a global table, and what of them DynamoDB would refuse."""

from collections.abc import Iterator, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import TableConsistency, TableKeyType
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks


class TableSideArgs(TypedDict):
    region: str
    """The Region of this replica, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key that encrypts this replica, in the replica's own Region. Another key re-creates a replica."""


class TableKeyArgs(TypedDict):
    name: str
    """Name of the attribute, at most 255 characters."""
    type: NotRequired[TableKeyType]
    """`S` (text), `N` (number) or `B` (bytes). Omitted: `S`."""


class TableIndexArgs(TypedDict):
    name: str
    """Name of the index: 3 to 255 letters, digits, hyphens, dots and underscores."""
    hash_key: TableKeyArgs
    """The attribute that items are found by."""
    range_key: NotRequired[TableKeyArgs]
    """The attribute that items of one hash key are ordered by. Omitted: none."""
    included: NotRequired[list[str]]
    """Names of the attributes that the index holds beside the keys; empty: the keys alone. Omitted: every attribute."""


class GlobalTableArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits: the replicas' ARNs are composed from it."""
    table_name: NotRequired[str]
    """Name of the table. Omitted: the component's."""
    home: TableSideArgs
    """Where the table is created and declared: the Region of the component's AWS provider. It never follows the active
    Region: with eventual consistency each side takes writes as it is, and moving the home means a new table."""
    replica: NotRequired[TableSideArgs]
    """The replica in the other Region. Added later, DynamoDB fills it with what is there. Omitted: the home table
    has no replica, which strong consistency doesn't allow."""
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the replica's Region: a replica under `EVENTUAL` is a resource there. Omitted: there is no
    replica."""
    hash_key: TableKeyArgs
    """The attribute that items are found by. Another one re-creates the table."""
    range_key: NotRequired[TableKeyArgs]
    """The attribute that items of one hash key are ordered by. Another one re-creates the table. Omitted: none."""
    indexes: NotRequired[list[TableIndexArgs]]
    """Global secondary indexes, at most 20, the same in every Region. Omitted: none."""
    ttl_attribute: NotRequired[str]
    """The attribute with the time (seconds since 1970) from which an item may be deleted. Not with strong consistency.
    Omitted: items don't expire."""
    consistency: NotRequired[TableConsistency]
    """`EVENTUAL`: a write arrives in the other Region about a second later, and of two writes to one item the last one
    wins. `STRONG`: a write is in two Regions before it is confirmed; it takes a third Region, has no TTL and no
    transactions, and can only be chosen at creation. Omitted: `EVENTUAL`."""
    witness_region: NotRequired[str]
    """With `STRONG`: the third Region, when it holds no data of its own to read and write. Omitted: `third_replica` is
    the third Region, or there is none."""
    third_replica: NotRequired[TableSideArgs]
    """With `STRONG`: the third Region, when it is a full replica. Omitted: `witness_region` is the third Region, or
    there is none."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose table may be deleted. Omitted: false, so table and replicas
    are protected from deletion."""


def consistency(args: GlobalTableArgs) -> TableConsistency:
    """The table's own, or the default."""
    return TableConsistency(args.get("consistency", TableConsistency.EVENTUAL))


def _keys(args: GlobalTableArgs) -> Iterator[tuple[str, TableKeyArgs]]:
    """Every key of the table and its indexes, after its path in the arguments."""
    yield "hash_key", args["hash_key"]
    if "range_key" in args:
        yield "range_key", args["range_key"]
    for position, index in enumerate(args.get("indexes", [])):
        yield f"indexes[{position}].hash_key", index["hash_key"]
        if "range_key" in index:
            yield f"indexes[{position}].range_key", index["range_key"]


def key_types(args: GlobalTableArgs) -> dict[str, str]:
    """Name and type of every attribute that is a key of something: DynamoDB wants to know no others."""
    attributes: dict[str, str] = {}
    for _, key in _keys(args):
        attributes.setdefault(key["name"], TableKeyType(key.get("type", TableKeyType.TEXT)).value)
    return attributes


def validate(name: str, args: GlobalTableArgs) -> None:
    """Refuse what DynamoDB would refuse.

    Raises:
        pulumi.InputPropertiesError: with every problem.
    """
    checks = Checks("GlobalTable", name, GlobalTableArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, limits.TABLE_NAME_CHARACTERS.most),
        lambda: _check_name(checks, args.get("table_name", name)),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _check_replica(checks, args),
        lambda: _check_keys(checks, args),
        lambda: _check_indexes(checks, args.get("indexes", [])),
        lambda: _check_consistency(checks, args),
    )


def _check_name(checks: Checks, name: str) -> None:
    checks.require(
        len(name) >= limits.TABLE_NAME_CHARACTERS.least,
        "name",
        got=name,
        allowed=f"at least {limits.TABLE_NAME_CHARACTERS.least} characters",
        fix="choose a longer name",
    )


def _check_replica(checks: Checks, args: GlobalTableArgs) -> None:
    if "replica" in args:
        _checks.require_other_region(checks, "replica.region", args["replica"]["region"], args["home"]["region"])


def _check_consistency(checks: Checks, args: GlobalTableArgs) -> None:
    if consistency(args) == TableConsistency.STRONG:
        _check_strong(checks, args)
    else:
        _check_eventual(checks, args)
        checks.require(
            "replica" not in args or "recovery_provider" in args,
            "recovery_provider",
            got=None,
            allowed="the AWS provider of the replica's Region",
            fix="give it: the replica is a resource of that Region",
        )


def _check_keys(checks: Checks, args: GlobalTableArgs) -> None:
    attributes = key_types(args)
    for path, key in _keys(args):
        type_ = key.get("type", TableKeyType.TEXT)
        checks.require(
            0 < len(key["name"]) <= limits.TABLE_NAME_CHARACTERS.most,
            f"{path}.name",
            got=key["name"],
            allowed=f"1 to {limits.TABLE_NAME_CHARACTERS.most} characters",
            fix="choose a shorter name",
        )
        checks.require(
            attributes[key["name"]] == type_,
            f"{path}.type",
            got=str(type_),
            allowed=f"{attributes[key['name']]}, as {key['name']} has elsewhere",
            fix="give the attribute one type everywhere",
        )
    keys = dict(_keys(args))
    for path, key in keys.items():
        hash_key = keys[path.replace("range_key", "hash_key")]
        checks.require(
            path.endswith("hash_key") or key["name"] != hash_key["name"],
            f"{path}.name",
            got=key["name"],
            allowed="another attribute than the hash key",
            fix="name the attribute that items are ordered by, or leave it out",
        )


def _check_indexes(checks: Checks, indexes: Sequence[TableIndexArgs]) -> None:
    names = [each["name"] for each in indexes]
    included = [each.get("included", []) for each in indexes]
    checks.require(
        len(names) <= limits.TABLE_INDEXES and len(set(names)) == len(names),
        "indexes",
        got=names,
        allowed=f"at most {limits.TABLE_INDEXES}, each name once",
        fix="drop an index, or rename one",
    )
    checks.require(
        sum(map(len, included)) <= limits.TABLE_INDEX_ATTRIBUTES_IN_ALL,
        "indexes",
        got=f"{sum(map(len, included))} included attributes",
        allowed=f"at most {limits.TABLE_INDEX_ATTRIBUTES_IN_ALL} in all indexes together",
        fix="leave `included` out where an index may hold every attribute",
    )
    for position, name in enumerate(names):
        _checks.require_match(
            checks,
            f"indexes[{position}].name",
            name,
            limits.TABLE_NAME,
            allowed="3 to 255 letters, digits, hyphens, dots and underscores",
            fix="choose another name",
        )
        checks.require(
            len(included[position]) <= limits.TABLE_INDEX_ATTRIBUTES,
            f"indexes[{position}].included",
            got=f"{len(included[position])} attributes",
            allowed=f"at most {limits.TABLE_INDEX_ATTRIBUTES}",
            fix="leave it out: the index then holds every attribute",
        )


def _check_strong(checks: Checks, args: GlobalTableArgs) -> None:
    """What DynamoDB wants of a strongly consistent table (Developer Guide, global tables; read 2026-11-21)."""
    checks.require(
        "replica" in args,
        "replica",
        got="nothing",
        allowed="a replica from the start: strong consistency can't be chosen once there is data",
        fix="give the replica, or choose EVENTUAL and add one whenever it is needed",
    )
    third = [each for each in ("witness_region", "third_replica") if each in args]
    checks.require(
        len(third) == 1,
        "consistency",
        got=f"STRONG with {' and '.join(third) or 'no third Region'}",
        allowed="STRONG with one third Region, so that two remain when one is lost",
        fix="give either witness_region (cheaper, no data to read) or third_replica",
    )
    regions = list(_regions(args))
    checks.require(
        len(set(regions)) == len(regions)
        and any(set(regions) <= set(each) for each in limits.STRONG_CONSISTENCY_REGIONS),
        "consistency",
        got=f"STRONG over {', '.join(regions)}",
        allowed="different Regions of one set: "
        + "; ".join(", ".join(each) for each in limits.STRONG_CONSISTENCY_REGIONS),
        fix="choose a third Region of the same set, or EVENTUAL",
    )
    checks.require(
        "ttl_attribute" not in args,
        "ttl_attribute",
        got=args.get("ttl_attribute"),
        allowed="nothing with STRONG: such tables have no time to live",
        fix="leave it out and delete what is old, or choose EVENTUAL",
    )


def _check_eventual(checks: Checks, args: GlobalTableArgs) -> None:
    for path in ("witness_region", "third_replica"):
        checks.require(
            path not in args,
            path,
            got=args.get(path),
            allowed="nothing with EVENTUAL: two Regions are enough",
            fix="leave it out, or choose STRONG",
        )


def _regions(args: GlobalTableArgs) -> Iterator[str]:
    yield args["home"]["region"]
    if "replica" in args:
        yield args["replica"]["region"]
    if "third_replica" in args:
        yield args["third_replica"]["region"]
    if "witness_region" in args:
        yield args["witness_region"]
