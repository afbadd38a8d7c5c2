"""The tables, each with a replica in the recovery Region where its system's tier has one."""

import pulumi

from haven_components import GlobalTable, GlobalTableArgs, TableConsistency, TableIndexArgs, TableKeyArgs, TableKeyType
from infra.config.part_models import Table, TableIndex, TableKey
from infra.environment import Environment


def table_name(environment: Environment, name: str) -> str:
    """Name of a table, the same in both Regions."""
    return f"{environment.name}-{name}"


def table(environment: Environment, name: str) -> GlobalTable:
    """Declare a table; its home is the primary Region for good."""
    args = _table(environment, name, environment.primary)
    if name in environment.replication.tables:
        args["replica"] = {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn}
        args["recovery_provider"] = environment.providers[environment.recovery]
    return GlobalTable(table_name(environment, name), args, _options(environment, name, environment.primary))


def restored_table(environment: Environment, name: str) -> GlobalTable:
    """Declare the table of the recovery Region that was restored from a backup, under the name of the original."""
    args = _table(environment, name, environment.recovery)
    args["table_name"] = table_name(environment, name)
    options = _options(environment, name, environment.recovery)
    return GlobalTable(f"{table_name(environment, name)}-restored", args, options)


def _options(environment: Environment, name: str, region: str) -> pulumi.ResourceOptions:
    system = environment.settings.tables[name].system
    return environment.options(region, f"tables.{name}", "tables", system=system)


def _table(environment: Environment, name: str, home: str) -> GlobalTableArgs:
    settings, chosen = environment.settings, environment.settings.tables[name]
    args: GlobalTableArgs = {
        "account_id": settings.account,
        "home": {"region": home, "kms_key_arn": environment.region_key(home)},
        "hash_key": _key(chosen.hash_key),
        "indexes": [_index(each) for each in chosen.indexes],
        "consistency": TableConsistency(chosen.consistency.upper()),
        "ephemeral": settings.ephemeral,
    }
    _add_choices(args, chosen)
    return args


def _add_choices(args: GlobalTableArgs, chosen: Table) -> None:
    if chosen.range_key is not None:
        args["range_key"] = _key(chosen.range_key)
    if chosen.ttl_attribute is not None:
        args["ttl_attribute"] = chosen.ttl_attribute
    if chosen.witness_region is not None:
        args["witness_region"] = chosen.witness_region


def _key(key: TableKey) -> TableKeyArgs:
    return {"name": key.name, "type": TableKeyType(key.type)}


def _index(index: TableIndex) -> TableIndexArgs:
    args: TableIndexArgs = {"name": index.name, "hash_key": _key(index.hash_key)}
    if index.range_key is not None:
        args["range_key"] = _key(index.range_key)
    if index.included is not None:
        args["included"] = list(index.included)
    return args
