"""Arguments of `Heartbeat`, and what of them AWS would refuse."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from haven_components import limits, rds_certificates
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

MOST_NAME_CHARACTERS = 52
"""Lambda functions and IAM roles have at most 64 characters (Lambda API, CreateFunction; IAM quotas; read 2026-11-26);
the schedule's suffix takes nine of them."""
_ENDPOINT_CHARACTERS = 110
"""[assumption] The longest host name of a store."""


class HeartbeatNetworkArgs(TypedDict):
    vpc_id: pulumi.Input[str]
    """Id of the VPC with database and cache."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of private subnets with routes to the gateway endpoints of S3 and DynamoDB and, where there is a cache or the
    database is written, a way to Secrets Manager."""
    cidr: str
    """The VPC's IPv4 block: where database and cache are."""


class HeartbeatDatabaseArgs(TypedDict):
    writer_host: pulumi.Input[str]
    """The cluster's own writer endpoint in this Region. It may lead nowhere before a promotion."""
    reader_host: pulumi.Input[str]
    """The cluster's reader endpoint in this Region."""
    port: int
    """The port of both."""
    name: str
    """Database that gets the schema `haven`."""
    secret_name: str
    """Name of the secret in this Region with the master user's name and password, JSON with `username` and `password`.
    It is read on the writing side, once, to make table and user; and in both Regions for a comparison of rows."""
    resource_id: pulumi.Input[str]
    """The cluster's `DbClusterResourceId`, such as `cluster-ABCDEFGHIJKL`: what a login by IAM is allowed to."""
    certificates: NotRequired[str]
    """Root certificates, PEM, with which the database's certificate and the host name in it are verified. Omitted:
    those of RDS in `region`."""
    headless: NotRequired[bool]
    """Whether the member may have no instance, so that nothing can be read there. Omitted: false."""


class HeartbeatCacheArgs(TypedDict):
    host: pulumi.Input[str]
    """The configuration endpoint of the replication group in this Region; without cluster mode the primary endpoint."""
    port: int
    """Its port."""
    secret_name: str
    """Name of the secret in this Region with the `token` that clients authenticate with, JSON."""


class HeartbeatTableArgs(TypedDict):
    name: str
    """Name of the global table."""
    keys: Mapping[str, str]
    """Its key attributes, each with its type: `S`, `N` or `B`, the hash key first."""


class HeartbeatArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider, for example `eu-west-1`."""
    other_region: str
    """The Region whose heartbeats arrive here."""
    account_id: str
    """The AWS account, twelve digits."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key in this Region that encrypts the stores, the function's settings and its log group; its policy
    must let `logs.<region>.amazonaws.com` use it."""
    operations_table: str
    """Name of the Region's operations table."""
    network: NotRequired[HeartbeatNetworkArgs]
    """Where database and cache are reached. Omitted: the function is in no VPC, and there is neither of them."""
    database: NotRequired[HeartbeatDatabaseArgs]
    """The Region's member of the global database. Omitted: none."""
    cache: NotRequired[HeartbeatCacheArgs]
    """The Region's member of the Global Datastore. Omitted: none."""
    buckets: NotRequired[Mapping[str, str]]
    """Store to the name of the Region's bucket, for each pair that replicates in both directions. Omitted: none."""
    objects_within_minutes: NotRequired[float]
    """Within which S3 replicates the buckets' objects: 15 with replication time control. A bucket's heartbeat that is
    older, and a minute, is late. Omitted: S3 promises no time, and only a bucket without any heartbeat is late."""
    tables: NotRequired[Mapping[str, HeartbeatTableArgs]]
    """Store to its global table. Omitted: none."""
    log_retention_days: NotRequired[int]
    """How long the function's log is kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose log may be deleted. Omitted: false."""


def validate(name: str, args: HeartbeatArgs) -> None:
    """Refuse arguments that AWS would refuse.

    Raises:
        pulumi.InputPropertiesError: every problem found.
    """
    checks = Checks("Heartbeat", name, HeartbeatArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(checks, "other_region", args["other_region"], args["region"]),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _require_network(checks, args),
        lambda: _require_certificates(checks, args),
        lambda: _require_keys(checks, args),
        lambda: _require_room(checks, args),
    )


def _require_network(checks: Checks, args: HeartbeatArgs) -> None:
    inside = [each for each in ("database", "cache") if each in args]
    checks.require(
        not inside or "network" in args,
        "network",
        got="nothing",
        allowed="the VPC of database and cache",
        fix=f"give the network in which the function reaches {' and '.join(inside)}",
    )


def _require_certificates(checks: Checks, args: HeartbeatArgs) -> None:
    checks.require(
        "database" not in args
        or bool(args["database"].get("certificates"))
        or args["region"] in rds_certificates.REGIONS,
        "database.certificates",
        got="nothing",
        allowed=f"root certificates, PEM: those of {args['region']} aren't here",
        fix="give the text of AWS's bundle for the Region",
    )


def _require_keys(checks: Checks, args: HeartbeatArgs) -> None:
    for store, table in args.get("tables", {}).items():
        kinds = list(table["keys"].values())
        checks.require(
            len(kinds) in (1, 2) and set(kinds) <= {"S", "N", "B"},
            f"tables.{store}.keys",
            got=dict(table["keys"]),
            allowed="a hash key and perhaps a range key, each of type S, N or B",
            fix="name the table's own keys",
        )


def _require_room(checks: Checks, args: HeartbeatArgs) -> None:
    """All variables of a function have 4 KB (Lambda quotas; read 2026-11-26)."""
    buckets, tables = args.get("buckets", {}), args.get("tables", {})
    names = sum(len(store) + len(name) for store, name in buckets.items())
    names += sum(
        len(store) + len(each["name"]) + sum(len(key) for key in each["keys"]) for store, each in tables.items()
    )
    characters = names + 6 * len(buckets) + 24 * len(tables) + 4 * _ENDPOINT_CHARACTERS + 400
    checks.require(
        characters <= limits.LAMBDA_VARIABLES_BYTES,
        "buckets and tables",
        got=f"{len(buckets)} buckets and {len(tables)} tables, about {characters} characters",
        allowed=f"at most {limits.LAMBDA_VARIABLES_BYTES} characters, all that a function's variables hold",
        fix="choose shorter names, or fewer buckets and tables",
    )
