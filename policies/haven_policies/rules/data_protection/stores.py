"""Databases, tables and caches: backups while they exist, and one when they are deleted."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import heads_its_caches, is_off, is_true, is_unknown, less, maps_at, value_at

LEAST_BACKUP_DAYS = 7
"""A week: an error of Friday evening can still be undone on the next Thursday. An assumption. Aurora takes 1, which it
is when left out, to 35 (RDS API Reference, CreateDBCluster, in boto3; read 2026-11-21)."""
_CLUSTERS = (aws.RDS_CLUSTER, aws.DOCDB_CLUSTER, aws.NEPTUNE_CLUSTER)
_FORCED: Mapping[str, str] = {
    aws.S3_BUCKET: "forceDestroy",
    aws.S3_BUCKET_V2: "forceDestroy",
    aws.ECR_REPOSITORY: "forceDelete",
    aws.BACKUP_VAULT: "forceDestroy",
    aws.RDS_GLOBAL_CLUSTER: "forceDestroy",
    aws.ROUTE53_ZONE: "forceDestroy",
}


def _databases(graph: ResourceGraph) -> list[Resource]:
    """Clusters, and instances that follow no other; none in a throw-away environment."""
    found = [] if graph.facts.ephemeral else graph.of(*_CLUSTERS, aws.RDS_INSTANCE)
    return [each for each in found if value_at(each.inputs, "replicateSourceDb") is None]


def _caches(graph: ResourceGraph) -> list[Resource]:
    """Caches that follow no other Region's; none in a throw-away environment."""
    found = [] if graph.facts.ephemeral else graph.of(aws.ELASTICACHE_REPLICATION_GROUP, aws.MEMORYDB_CLUSTER)
    return [each for each in found if each.type == aws.MEMORYDB_CLUSTER or heads_its_caches(each)]


@stack_rule(
    description="A database can be brought back to any moment of the last week.",
    remediation="Set backupRetentionPeriod to 7 days or more.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
    severity=Severity.HIGH,
)
def database_backup_retention(graph: ResourceGraph) -> Iterator[Finding]:
    """Left out, Aurora keeps one day. A replica in another Region takes every mistake over within seconds."""
    for database in _databases(graph):
        if less(database.inputs.get("backupRetentionPeriod"), LEAST_BACKUP_DAYS):
            yield against(database, "backupRetentionPeriod", f"{LEAST_BACKUP_DAYS} to 35 days", "raise it")


@stack_rule(
    description="A database that is deleted leaves a last snapshot.",
    remediation="Leave skipFinalSnapshot out and set finalSnapshotIdentifier.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    severity=Severity.HIGH,
)
def final_snapshot(graph: ResourceGraph) -> Iterator[Finding]:
    """Without a name for it, the deletion fails halfway, or nothing is left of the data."""
    for database in _databases(graph):
        if is_true(database.inputs.get("skipFinalSnapshot")):
            yield against(database, "skipFinalSnapshot", "false", "leave it out, and name the snapshot")
        elif is_off(database.inputs.get("finalSnapshotIdentifier")):
            yield against(database, "finalSnapshotIdentifier", "a name for the last snapshot", "set it")
    for cache in _caches(graph):
        name = "finalSnapshotIdentifier" if cache.type == aws.ELASTICACHE_REPLICATION_GROUP else "finalSnapshotName"
        if is_off(cache.inputs.get(name)):
            yield against(cache, name, "a name for the last snapshot", "set it")


@stack_rule(
    description="Automated backups outlive the database that is deleted.",
    remediation="Set deleteAutomatedBackups to false.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html",
    severity=Severity.MEDIUM,
)
def automated_backups_kept(graph: ResourceGraph) -> Iterator[Finding]:
    """Left out, they go with it at once, and with them every moment but that of the last snapshot."""
    for database in _databases(graph):
        value = value_at(database.inputs, "deleteAutomatedBackups")
        knows = database.type in (aws.RDS_CLUSTER, aws.RDS_INSTANCE)
        if knows and value not in (False, "false") and not is_unknown(value):
            yield against(database, "deleteAutomatedBackups", "false", "set it: left out, it is true")


@stack_rule(
    description="A primary or only cache has snapshots.",
    remediation="Set snapshotRetentionLimit to 1 day or more.",
    page="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html",
    severity=Severity.MEDIUM,
)
def cache_snapshots(graph: ResourceGraph) -> Iterator[Finding]:
    """0, which it is when left out, turns them off; 35 is the most (ElastiCache User Guide, scheduling automatic
    backups; read 2026-11-21)."""
    for cache in _caches(graph):
        if less(cache.inputs.get("snapshotRetentionLimit"), 1):
            yield against(cache, "snapshotRetentionLimit", "1 to 35 days", "raise it")


@stack_rule(
    description="Each table and each of its replicas can be brought back to any moment.",
    remediation="Turn point-in-time recovery on, on the table and on every replica.",
    page="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
    severity=Severity.HIGH,
)
def table_recovery(graph: ResourceGraph) -> Iterator[Finding]:
    """It is a setting of each replica's own: without it on the replica, a failover leaves the table without it."""
    if graph.facts.ephemeral:
        return
    for table in graph.of(aws.DYNAMODB_TABLE):
        if is_off(value_at(table.inputs, "pointInTimeRecovery.enabled")):
            yield against(table, "pointInTimeRecovery.enabled", "true", "set it")
        for path, replica in maps_at(table.inputs, "replicas"):
            if is_off(replica.get("pointInTimeRecovery")):
                yield against(table, f"{path}.pointInTimeRecovery", "true", "set it")
    for each in graph.of(aws.DYNAMODB_TABLE_REPLICA):
        if is_off(each.inputs.get("pointInTimeRecovery")):
            yield against(each, "pointInTimeRecovery", "true", "set it: the table's own counts for its Region only")


@stack_rule(
    description="Nothing that still holds data can be destroyed.",
    remediation="Leave forceDestroy and forceDelete out.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
    severity=Severity.HIGH,
)
def no_forced_deletion(graph: ResourceGraph) -> Iterator[Finding]:
    """AWS refuses to delete a bucket, a vault or a repository that is not empty, unless the provider empties it."""
    for record in () if graph.facts.ephemeral else graph.of(*_FORCED):
        if is_true(record.inputs.get(_FORCED[record.type])):
            yield against(record, _FORCED[record.type], "false", "leave it out: empty it by hand when it is to go")
