"""The tables, each with a replica in the recovery Region where its system's tier has one."""

from haven_components import GlobalTable, GlobalTableArgs, TableConsistency, TableIndexArgs, TableKeyArgs, TableKeyType
from infra.config.part_models import Table, TableIndex, TableKey
from infra.environment import Environment


def table_name(environment: Environment, name: str) -> str:
    """Name of a table, the same in both Regions."""
    return f"{environment.name}-{name}"


def table(environment: Environment, name: str) -> GlobalTable:
    """Declare a table; its home is the primary Region for good."""
    settings, chosen = environment.settings, environment.settings.tables[name]
    args: GlobalTableArgs = {
        "account_id": settings.account,
        "home": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
        "hash_key": _key(chosen.hash_key),
        "indexes": [_index(each) for each in chosen.indexes],
        "consistency": TableConsistency(chosen.consistency.upper()),
        "ephemeral": settings.ephemeral,
    }
    if name in environment.replication.tables:
        args["replica"] = {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn}
        args["recovery_provider"] = environment.providers[environment.recovery]
    _add_choices(args, chosen)
    options = environment.options(environment.primary, f"tables.{name}", "tables", system=chosen.system)
    return GlobalTable(table_name(environment, name), args, options)


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
