"""Arguments of a global database, and what of them AWS would refuse."""

import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import DatabaseStorage
from haven_components.shared import checks as _checks
from haven_components.shared.stored_secrets import RecoverySecretArgs
from haven_components.shared.support import Checks


class DatabaseSideArgs(TypedDict):
    region: str
    """The side's Region, for example `eu-west-1`."""
    vpc_id: pulumi.Input[str]
    """Id of its VPC."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of subnets in two zones or more, without a route to the internet."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts storage, insights, logs and, on the primary side, the secret. Its
    policy must let RDS, CloudWatch Logs and Secrets Manager use it. Fixed at creation."""
    client_cidrs: list[str]
    """IPv4 networks whose clients may connect, for example `10.20.0.0/16`."""
    instances: int
    """How many instances serve, 0 to 15. 0 on the side that doesn't write: storage only (headless), which follows the
    writer but needs an instance before it can be promoted. Raising it only adds instances."""
    zones: NotRequired[list[str]]
    """Zones of the Region. The first instance is put into the first one, the second into the second; RDS chooses for
    further ones, so that a third zone moves nothing. Fixed at creation. Omitted: RDS chooses for all."""


class GlobalDatabaseArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    primary: DatabaseSideArgs
    """The side where the database is created first. It stays this one whichever side writes."""
    recovery: NotRequired[DatabaseSideArgs]
    """The side that can be promoted. Omitted: the global cluster has one member."""
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the recovery side's Region. Needed with `recovery`."""
    recovery_secret: RecoverySecretArgs
    """Where the secret's replica is, also while no database exists there: clients there need it first."""
    active_region: NotRequired[str]
    """The Region whose side writes now. It decides nothing but the order in which the sides are made and destroyed.
    Omitted: the primary side's."""
    engine_version: str
    """Aurora PostgreSQL version, major and minor, for example `16.11`. A new minor version is rolled out to all members
    by the global cluster; a new major one needs a plan of its own."""
    instance_class: str
    """Class of every instance, for example `db.r6g.large`. Burstable classes (`db.t*`) don't support global databases
    (Aurora User Guide, configuration requirements of a global database, read 2026-11-21)."""
    database_name: str
    """Name of the first database: lower-case letters, digits and underscores, at most 63. From a snapshot: the
    name of the database in it."""
    master_username: str
    """Name of the master user: lower-case letters, digits and underscores, at most 63. Its password is generated. From
    a snapshot: the name of the master user in it."""
    write_forwarding: bool
    """Whether instances on the side that doesn't write forward writes to the one that does. AWS lets the writing side
    carry the setting too, where it does nothing until that side is demoted, so both sides carry it."""
    backup_retention_days: int
    """How many days automatic backups are kept, 1 to 35."""
    snapshot: NotRequired[str]
    """ARN of a cluster snapshot, in the primary side's Region, to restore from. It is read once: keep it afterwards.
    The global cluster then takes its version from the snapshot's cluster, so `engine_version` doesn't raise it later,
    and write forwarding is turned on by the second deployment. Omitted: an empty database."""
    rebuilt: NotRequired[bool]
    """Whether the primary side was lost with everything in it and is created as a copy of the recovery side, which
    writes then. It is read once: keep it afterwards. Needs a recovery side. Omitted: false."""
    storage: NotRequired[DatabaseStorage]
    """How storage is paid for. Omitted: `aurora`."""
    rpo_seconds: NotRequired[int]
    """Most seconds of writes that may be missing on the other side (`rds.global_db_rpo`), 20 or more: commits **wait**
    while replication lags further behind. It binds the primary side only: the other one may have to write alone. Needs
    a recovery side. Omitted: no bound, and writes never wait."""
    monitoring_seconds: NotRequired[int]
    """Interval of enhanced monitoring: 1, 5, 10, 15, 30 or 60. Omitted: none."""
    log_retention_days: NotRequired[int]
    """How long the PostgreSQL logs are kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one: nothing is protected from deletion, no final snapshot is taken.
    Omitted: false."""


def validate(name: str, args: GlobalDatabaseArgs) -> None:
    """Refuse arguments that AWS would refuse, or that would make a database unrecoverable.

    Raises:
        pulumi.InputPropertiesError: every problem found.
    """
    checks = Checks("GlobalDatabase", name, GlobalDatabaseArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, limits.DATABASE_NAME_CHARACTERS),
        lambda: _checks.require_identifier(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _check_engine(checks, args),
        lambda: _check_birth(checks, args),
        lambda: _check_sides(checks, args),
        lambda: _check_operation(checks, args),
    )


def _check_engine(checks: Checks, args: GlobalDatabaseArgs) -> None:
    _checks.require_match(
        checks,
        "engine_version",
        args["engine_version"],
        limits.DATABASE_ENGINE_VERSION,
        allowed="a major and a minor version of Aurora PostgreSQL, such as 16.11",
        fix="name a version that Aurora PostgreSQL has",
    )
    instance_class = args["instance_class"]
    _checks.require_match(
        checks,
        "instance_class",
        instance_class,
        limits.DATABASE_INSTANCE_CLASS,
        allowed="a memory-optimized class, such as db.r6g.large; a global database takes no burstable ones",
        fix="choose a class of the r or x families",
    )
    storage = args.get("storage", DatabaseStorage.STANDARD)
    _checks.require_choice(checks, "storage", storage, DatabaseStorage)


def _check_birth(checks: Checks, args: GlobalDatabaseArgs) -> None:
    for path, value, reserved in (
        ("database_name", args["database_name"], limits.DATABASE_RESERVED_NAMES),
        ("master_username", args["master_username"], limits.DATABASE_RESERVED_USERS),
    ):
        checks.require(
            limits.DATABASE_IDENTIFIER.fullmatch(value) is not None and value not in reserved,
            path,
            got=value,
            allowed=f"at most 63 lower-case letters, digits and underscores, a letter first; not {', '.join(reserved)}",
            fix="choose another name",
        )
    snapshot, region = args.get("snapshot"), args["primary"]["region"]
    if snapshot is not None:
        checks.require(
            re.fullmatch(rf"arn:aws[a-z-]*:rds:{re.escape(region)}:\d{{12}}:cluster-snapshot:\S+", snapshot)
            is not None,
            "snapshot",
            got=snapshot,
            allowed=f"the ARN of a cluster snapshot in {region}, the primary side's Region",
            fix="copy the snapshot there and give the copy's ARN",
        )


def _check_sides(checks: Checks, args: GlobalDatabaseArgs) -> None:
    primary, recovery = args["primary"], args.get("recovery")
    checks.require(
        not args.get("rebuilt") or (recovery is not None and args.get("snapshot") is None),
        "rebuilt",
        got=True,
        allowed="false without a recovery side, whose copy it would be, and beside snapshot",
        fix="leave it out",
    )
    sides: dict[str, DatabaseSideArgs] = {"primary": primary, **({"recovery": recovery} if recovery else {})}
    regions = [side["region"] for side in sides.values()]
    active = args.get("active_region", primary["region"])
    checks.require(
        active in regions,
        "active_region",
        got=active,
        allowed=" or ".join(regions),
        fix="name the Region of a side that is declared",
    )
    _checks.require_two_sides(
        checks,
        primary["region"],
        recovery["region"] if recovery else None,
        has_provider=args.get("recovery_provider") is not None,
    )
    _checks.require_replica(checks, primary["region"], args["recovery_secret"]["region"])
    for path, side in sides.items():
        _check_side(checks, path, side, least=1 if side["region"] == active else 0)


def _check_side(checks: Checks, path: str, side: DatabaseSideArgs, *, least: int) -> None:
    _checks.require_between(
        checks,
        f"{path}.instances",
        side["instances"],
        limits.Range(least, limits.DATABASE_INSTANCES),
        fix="the side that writes needs an instance; the other one may have none" if least else "choose a number",
    )
    _checks.require_clients(checks, path, side["client_cidrs"])
    _checks.require_subnets(checks, f"{path}.subnet_ids", side["subnet_ids"])
    zones = side.get("zones", [])
    checks.require(
        len(set(zones)) == len(zones) and all(zone.startswith(side["region"]) for zone in zones),
        f"{path}.zones",
        got=zones,
        allowed=f"zones of {side['region']}, each once",
        fix="name the zones of the side's subnets",
    )


def _check_operation(checks: Checks, args: GlobalDatabaseArgs) -> None:
    _checks.require_between(
        checks,
        "backup_retention_days",
        args["backup_retention_days"],
        limits.DATABASE_BACKUP_DAYS,
        fix="choose how long backups are kept",
    )
    monitoring = args.get("monitoring_seconds", 0)
    _checks.require_member(
        checks,
        "monitoring_seconds",
        monitoring,
        limits.DATABASE_MONITORING_SECONDS,
        fix="choose one of these intervals; 0 is none",
    )
    rpo = args.get("rpo_seconds")
    if rpo is not None:
        fix = "choose a bound, or leave it out: commits wait while replication lags further behind"
        _checks.require_between(checks, "rpo_seconds", rpo, limits.DATABASE_RPO_SECONDS, fix=fix)
        checks.require(
            args.get("recovery") is not None,
            "rpo_seconds",
            got=rpo,
            allowed="nothing while there is no recovery side",
            fix="leave it out, or give the recovery side",
        )
