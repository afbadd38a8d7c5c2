"""Databases, caches and search: keys at rest, TLS on the way, no public address."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.encryption._keys import NAME_IT, is_on, lacking, lacking_key
from haven_policies.rules.model import Finding, Severity, against, resource_rule
from haven_policies.rules.values import heads_its_caches, in_words, is_list, is_true, is_unknown, plain, value_at

_KEYS: Mapping[str, str] = {
    aws.DOCDB_CLUSTER: "kmsKeyId",
    aws.NEPTUNE_CLUSTER: "kmsKeyArn",
    aws.RDS_CLUSTER: "kmsKeyId",
    aws.RDS_GLOBAL_CLUSTER: "",
    aws.RDS_INSTANCE: "kmsKeyId",
    aws.REDSHIFT_CLUSTER: "kmsKeyId",
}
"""Type -> the property with its key; none where its members name theirs."""


@resource_rule(
    *_KEYS,
    description="A database is encrypted with a key of the customer's.",
    remediation="Set storageEncrypted and the key; both can be set at creation only.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
    severity=Severity.CRITICAL,
)
def database_encrypted(database: Resource) -> Iterator[Finding]:
    """AWS encrypts with a key of its own where none is named: such a key can't be shared or replicated."""
    if _takes_its_source_s(database):
        return
    switch = "encrypted" if database.type.startswith("aws:redshift/") else "storageEncrypted"
    if not (database.type == aws.RDS_GLOBAL_CLUSTER and database.inputs.get("sourceDbClusterIdentifier")):
        yield from lacking(database, switch, "set it before the database is created: it can't be changed later")
    if _KEYS[database.type]:
        yield from lacking_key(database, _KEYS[database.type])


def _takes_its_source_s(database: Resource) -> bool:
    """Whether it reads from a source in its own Region, and is encrypted as that is."""
    source = value_at(database.inputs, "replicateSourceDb")
    return isinstance(source, str) and source != "" and not source.endswith(".arn@@") and not source.startswith("arn:")


@resource_rule(
    aws.RDS_CLUSTER,
    aws.RDS_CLUSTER_INSTANCE,
    aws.RDS_INSTANCE,
    description="What Performance Insights keeps of a database is encrypted with a key of the customer's.",
    remediation="Set performanceInsightsKmsKeyId; it can't be changed while Performance Insights is on.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.access-control.cmk-policy.html",
    severity=Severity.MEDIUM,
)
def database_insights_encrypted(database: Resource) -> Iterator[Finding]:
    """Statements with their values are among what is kept."""
    if is_true(value_at(database.inputs, "performanceInsightsEnabled")):
        yield from lacking_key(database, "performanceInsightsKmsKeyId")


@resource_rule(
    aws.RDS_CLUSTER_SNAPSHOT_COPY,
    aws.RDS_SNAPSHOT_COPY,
    aws.EBS_SNAPSHOT_COPY,
    description="A copied snapshot is encrypted with a key of the customer's.",
    remediation="Set kmsKeyId to a key of the Region that the copy goes to.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html",
    severity=Severity.CRITICAL,
)
def snapshot_copy_encrypted(copy: Resource) -> Iterator[Finding]:
    """A copy in another Region can't use the source's key."""
    if copy.type.startswith("aws:ebs/"):
        yield from lacking(copy, "encrypted", "set it: a copy of an open snapshot is open too")
    yield from lacking_key(copy, "kmsKeyId")


@resource_rule(
    aws.DMS_REPLICATION_INSTANCE,
    aws.DOCDB_CLUSTER_INSTANCE,
    aws.MQ_BROKER,
    aws.NEPTUNE_CLUSTER_INSTANCE,
    aws.RDS_CLUSTER_INSTANCE,
    aws.RDS_INSTANCE,
    aws.REDSHIFT_CLUSTER,
    description="A database has no address on the internet.",
    remediation="Set publiclyAccessible to false and reach it from the network it is in.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    severity=Severity.CRITICAL,
)
def database_not_public(database: Resource) -> Iterator[Finding]:
    """Whoever has the password, or guesses it, would be in."""
    if is_true(value_at(database.inputs, "publiclyAccessible")):
        yield against(database, "publiclyAccessible", "false", "take the public address away")


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
        and value_at(cluster.inputs, "dbClusterParameterGroupName") is None
    ):
        allowed = f"a parameter group with {_FORCED[engine][0]}"
        yield against(cluster, "dbClusterParameterGroupName", allowed, "give the cluster a group of its own")


def _not_forced(group: Resource, name: str, values: tuple[str, ...]) -> Iterator[Finding]:
    given = value_at(group.inputs, "parameters")
    pairs = [plain(each) for each in given] if is_list(given) else []
    found = next((value_at(each, "value") for each in pairs if value_at(each, "name") == name), None)
    if not (is_unknown(found) or str(found) in values):
        path = f"parameters.{name}"
        yield Finding(group, path, in_words(found), values[0], f"add the parameter {name} with the value {values[0]}")


@resource_rule(
    aws.ELASTICACHE_REPLICATION_GROUP,
    aws.ELASTICACHE_SERVERLESS_CACHE,
    aws.MEMORYDB_CLUSTER,
    description="A cache is encrypted with a key of the customer's.",
    remediation="Set atRestEncryptionEnabled and the key; both can be set at creation only.",
    page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html",
    severity=Severity.HIGH,
)
def cache_encrypted(cache: Resource) -> Iterator[Finding]:
    """Members of a Global Datastore are encrypted as its first one is, each with a key of its Region."""
    group = cache.type == aws.ELASTICACHE_REPLICATION_GROUP
    if group and heads_its_caches(cache):
        yield from lacking(cache, "atRestEncryptionEnabled", "set it before the group is created: it can't be changed")
    yield from lacking_key(cache, "kmsKeyArn" if cache.type.startswith("aws:memorydb/") else "kmsKeyId")


@resource_rule(
    aws.ELASTICACHE_CLUSTER,
    aws.ELASTICACHE_REPLICATION_GROUP,
    aws.MEMORYDB_CLUSTER,
    description="A cache refuses connections without TLS.",
    remediation="Set transitEncryptionEnabled, and transitEncryptionMode to required.",
    page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html",
    severity=Severity.HIGH,
)
def cache_demands_tls(cache: Resource) -> Iterator[Finding]:
    """The mode "preferred" takes connections without TLS too; it is there for the time of a migration."""
    inputs = cache.inputs
    if cache.type.startswith("aws:memorydb/"):
        if value_at(inputs, "tlsEnabled") is False:
            yield against(cache, "tlsEnabled", "true", "leave it on; it can be set at creation only")
        return
    member = inputs.get("globalReplicationGroupId") is not None or inputs.get("replicationGroupId") is not None
    if cache.type == aws.ELASTICACHE_CLUSTER or not heads_its_caches(cache):
        if not member and not is_on(value_at(inputs, "transitEncryptionEnabled")):
            yield against(cache, "transitEncryptionEnabled", "true", "turn TLS on")
        return
    yield from lacking(cache, "transitEncryptionEnabled", "turn TLS on")
    if value_at(inputs, "transitEncryptionMode") == "preferred":
        yield against(cache, "transitEncryptionMode", '"required"', "require TLS once every client speaks it")


@resource_rule(
    aws.OPENSEARCH_DOMAIN,
    description="A search domain is encrypted: at rest with a key of the customer's, between nodes, towards clients.",
    remediation="Set encryptAtRest, nodeToNodeEncryption and domainEndpointOptions.",
    page="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html",
    severity=Severity.HIGH,
)
def search_domain_encrypted(domain: Resource) -> Iterator[Finding]:
    """Everything that is searched lies in the domain's volumes and travels between its nodes."""
    yield from lacking(domain, "encryptAtRest.enabled", "turn it on; a domain can't be turned back")
    yield from lacking_key(domain, "encryptAtRest.kmsKeyId", NAME_IT)
    yield from lacking(domain, "nodeToNodeEncryption.enabled", "turn it on; a domain can't be turned back")
    yield from lacking(domain, "domainEndpointOptions.enforceHttps", "turn it on")
