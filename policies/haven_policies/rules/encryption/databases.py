"""Databases that refuse connections without TLS."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, resource_rule
from haven_policies.rules.values import entries, in_words, is_list, is_off, is_unknown, plain, value_at

_FORCED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aurora-mysql": ("require_secure_transport", ("ON", "on", "1")),
    "aurora-postgresql": ("rds.force_ssl", ("1",)),
    "mariadb": ("require_secure_transport", ("ON", "on", "1")),
    "mysql": ("require_secure_transport", ("ON", "on", "1")),
    "postgres": ("rds.force_ssl", ("1",)),
}
"""Family's beginning -> the parameter that refuses connections without TLS, and its values (RDS and Aurora user
guides, using TLS; read 2026-11-21)."""


@resource_rule(
    aws.RDS_CLUSTER,
    aws.RDS_CLUSTER_PARAMETER_GROUP,
    aws.RDS_PARAMETER_GROUP,
    description="A database refuses connections without TLS.",
    remediation="Set rds.force_ssl (PostgreSQL) or require_secure_transport (MySQL, MariaDB) in its parameter group.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html",
    severity=Severity.HIGH,
)
def database_demands_tls(found: Resource) -> Iterator[Finding]:
    """The default groups' parameters depend on the engine's version, and can't be changed."""
    if found.type == aws.RDS_CLUSTER:
        yield from _default_group(found)
        return
    family = value_at(found.inputs, "family")
    if not isinstance(family, str) or (family.startswith("aurora") and found.type == aws.RDS_PARAMETER_GROUP):
        return
    forced = next((each for start, each in _FORCED.items() if family.startswith(start)), None)
    if forced is not None:
        yield from _not_forced(found, *forced)


def _default_group(cluster: Resource) -> Iterator[Finding]:
    engine = value_at(cluster.inputs, "engine")
    if (
        isinstance(engine, str)
        and engine in _FORCED
        and is_off(value_at(cluster.inputs, "dbClusterParameterGroupName"))
    ):
        allowed = f"a parameter group with {_FORCED[engine][0]}"
        yield against(cluster, "dbClusterParameterGroupName", allowed, "give the cluster a group of its own")


def _not_forced(group: Resource, name: str, values: tuple[str, ...]) -> Iterator[Finding]:
    given = value_at(group.inputs, "parameters")
    if is_unknown(given) or any(is_unknown(value_at(each, "name")) for each in entries(given)):
        return
    pairs = [plain(each) for each in given] if is_list(given) else []
    found = next((value_at(each, "value") for each in pairs if value_at(each, "name") == name), None)
    if not (is_unknown(found) or str(found) in values):
        path = f"parameters.{name}"
        yield Finding(group, path, in_words(found), values[0], f"add the parameter {name} with the value {values[0]}")
