"""What a global database's arguments must hold, all of it checked before anything is declared."""

import re
from typing import TYPE_CHECKING

from haven_components.data import _data_store
from haven_components.data._database_side import DatabaseSideArgs, DatabaseStorage
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

if TYPE_CHECKING:
    from haven_components.data.global_database import GlobalDatabaseArgs

MOST_NAME_CHARACTERS = 50
"""RDS identifiers have at most 63 characters (CreateDBInstance, read 2026-11-21); a Region's code and an instance's
number take up to 11 of them, the role of enhanced monitoring stays below IAM's 64."""

MOST_INSTANCES = 15
"""A cluster has a writer and up to 15 readers; a secondary of a global cluster has no writer of its own, and one place
is kept free for the instance that a promotion or a repair adds."""

LEAST_RPO_SECONDS, MOST_RPO_SECONDS = 20, 2147483647
"""Aurora User Guide, managing RPOs for Aurora PostgreSQL-based global databases, read 2026-11-21."""

MONITORING_SECONDS = (0, 1, 5, 10, 15, 30, 60)
"""CreateDBInstance, MonitoringInterval, read 2026-11-21."""

RESERVED_USERS = ("admin", "rdsadmin")
"""Names that RDS keeps for itself or the engine."""

RESERVED_DATABASES = ("postgres", "rdsadmin", "template0", "template1")
"""Databases that every PostgreSQL cluster of RDS already has."""

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


def validate(name: str, args: "GlobalDatabaseArgs") -> None:
    """Refuse arguments that AWS would refuse, or that would make a database nobody can recover.

    Raises:
        pulumi.InputPropertiesError: every problem found.
    """
    checks = Checks("GlobalDatabase")
    _checks.require_name(checks, name, MOST_NAME_CHARACTERS)
    _data_store.require_identifier(checks, name)
    _checks.require_account(checks, args["account_id"])
    _checks.require_log_retention(checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS))
    _check_engine(checks, args)
    _check_birth(checks, args)
    _check_sides(checks, args)
    _check_operation(checks, args)
    checks.finish()


def _check_engine(checks: Checks, args: "GlobalDatabaseArgs") -> None:
    checks.require(
        re.fullmatch(r"1[3-9]\.\d{1,2}", args["engine_version"]) is not None,
        "engine_version",
        got=args["engine_version"],
        allowed="a major and a minor version of Aurora PostgreSQL, such as 16.11",
        fix="name a version that Aurora PostgreSQL has",
    )
    instance_class = args["instance_class"]
    checks.require(
        re.fullmatch(r"db\.(?!t\d|serverless)[a-z0-9-]+\.\d*x?large", instance_class) is not None,
        "instance_class",
        got=instance_class,
        allowed="a memory-optimized class, such as db.r6g.large; a global database takes no burstable ones",
        fix="choose a class of the r or x families",
    )
    storage = args.get("storage", DatabaseStorage.STANDARD)
    checks.require(
        storage in [each.value for each in DatabaseStorage],
        "storage",
        got=storage,
        allowed=", ".join(each.value for each in DatabaseStorage),
        fix="choose one of them",
    )


def _check_birth(checks: Checks, args: "GlobalDatabaseArgs") -> None:
    for path, value, reserved in (
        ("database_name", args["database_name"], RESERVED_DATABASES),
        ("master_username", args["master_username"], RESERVED_USERS),
    ):
        checks.require(
            _IDENTIFIER.fullmatch(value) is not None and value not in reserved,
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


def _check_sides(checks: Checks, args: "GlobalDatabaseArgs") -> None:
    primary, recovery = args["primary"], args.get("recovery")
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
    _data_store.require_two_sides(
        checks,
        primary["region"],
        recovery["region"] if recovery else None,
        has_provider=args.get("recovery_provider") is not None,
    )
    _data_store.require_replica(checks, primary["region"], args["recovery_secret"])
    for path, side in sides.items():
        _check_side(checks, path, side, least=1 if side["region"] == active else 0)


def _check_side(checks: Checks, path: str, side: DatabaseSideArgs, *, least: int) -> None:
    _data_store.require_between(
        checks,
        f"{path}.instances",
        side["instances"],
        least,
        MOST_INSTANCES,
        fix="the side that writes needs an instance; the other one may have none" if least else "choose a number",
    )
    _data_store.require_clients(checks, path, side["client_cidrs"])
    _data_store.require_subnets(checks, path, side["subnet_ids"])
    zones = side.get("zones", [])
    checks.require(
        len(set(zones)) == len(zones) and all(zone.startswith(side["region"]) for zone in zones),
        f"{path}.zones",
        got=zones,
        allowed=f"zones of {side['region']}, each once",
        fix="name the zones of the side's subnets",
    )


def _check_operation(checks: Checks, args: "GlobalDatabaseArgs") -> None:
    _data_store.require_between(
        checks, "backup_retention_days", args["backup_retention_days"], 1, 35, fix="choose how long backups are kept"
    )
    monitoring = args.get("monitoring_seconds", 0)
    checks.require(
        monitoring in MONITORING_SECONDS,
        "monitoring_seconds",
        got=monitoring,
        allowed=", ".join(str(each) for each in MONITORING_SECONDS),
        fix="choose one of these intervals; 0 is none",
    )
    rpo = args.get("rpo_seconds")
    if rpo is not None:
        fix = "choose a bound, or leave it out: commits wait while replication lags further behind"
        _data_store.require_between(checks, "rpo_seconds", rpo, LEAST_RPO_SECONDS, MOST_RPO_SECONDS, fix=fix)
        checks.require(
            args.get("recovery") is not None,
            "rpo_seconds",
            got=rpo,
            allowed="nothing while there is no recovery side",
            fix="leave it out, or give the recovery side",
        )
