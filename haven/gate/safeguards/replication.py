"""What keeps a copy of data: members, replicas, copies of backups, and the records that move traffic to them."""

from haven.gate.safeguards.comparisons import becomes, cut, disabled, fewer, fewer_copies, leaves, off
from haven.gate.safeguards.guarded import ANY_TYPE, GuardedProperty, GuardingResource, properties
from haven.program import aws_types as aws

_UNDONE = "one side becomes independent: its writes are not replicated, and joining again needs a full copy"
_ONE_COPY = "new data has one copy less, in the Region that should take over"
_LATER = f"{_ONE_COPY}; replication is not retroactive"
_IMAGES = f"{_ONE_COPY}; images pushed meanwhile are not copied later"
_SOURCE = "stops replicating from its source"
_LEAVES_PEERS = "leaves its peers in other Regions"
_FEWER = "replicates to fewer buckets, or to others"
_TRAFFIC = "traffic is no longer moved from the Region that this check turns off"
_ONE_ZONE = "losing its zone loses it, until it is restored"
_BACKUPS = "losing the Region loses the data and all of its backups"

REPLICATION_PROPERTIES: tuple[GuardedProperty, ...] = (
    *properties(ANY_TYPE, cut, "leaves its global cluster", _UNDONE, "globalClusterIdentifier"),
    *properties(ANY_TYPE, cut, _SOURCE, _UNDONE, "replicationSourceIdentifier", "replicateSourceDb"),
    *properties(ANY_TYPE, cut, "leaves its Global Datastore", _UNDONE, "globalReplicationGroupId"),
    *properties(ANY_TYPE, cut, "leaves its multi-Region cluster", _UNDONE, "multiRegionClusterName"),
    *properties(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        cut,
        "gets another primary",
        "this undoes a promotion, and the members are filled again",
        "primaryReplicationGroupId",
    ),
    *properties(aws.MQ_BROKER, cut, _SOURCE, _UNDONE, "dataReplicationMode", "dataReplicationPrimaryBrokerArn"),
    *properties(aws.DSQL_CLUSTER, fewer, _LEAVES_PEERS, _UNDONE, "multiRegionProperties.*.clusters"),
    *properties(aws.DSQL_CLUSTER_PEERING, fewer, _LEAVES_PEERS, _UNDONE, "clusters.*"),
    *properties(
        (aws.DYNAMODB_TABLE, aws.DYNAMODB_GLOBAL_TABLE),
        fewer,
        "loses a replica",
        _ONE_COPY,
        "replicas.*.regionName",
    ),
    *properties(aws.SECRETSMANAGER_SECRET, fewer, "loses a replica", _ONE_COPY, "replicas.*.region"),
    *properties(aws.KEYSPACES_KEYSPACE, fewer, "leaves a Region", _ONE_COPY, "replicationSpecification.regionLists.*"),
    *properties(aws.SSMINCIDENTS_REPLICATION_SET, fewer, "leaves a Region", _ONE_COPY, "regions.*.name"),
    *properties(
        aws.SECURITYLAKE_DATA_LAKE,
        fewer,
        "copies to fewer Regions",
        _ONE_COPY,
        "configurations.*.replicationConfiguration.regions",
    ),
    *properties(aws.S3_BUCKET_REPLICATION_CONFIG, fewer, _FEWER, _LATER, "rules.*.destination.bucket"),
    *properties(aws.S3_BUCKET, fewer, _FEWER, _LATER, "replicationConfigurations.rules.*.destination.bucket"),
    *properties(aws.S3_BUCKET_REPLICATION_CONFIG, disabled, "has a rule turned off", _LATER, "rules.status"),
    *properties(aws.S3_BUCKET, disabled, "has a rule turned off", _LATER, "replicationConfiguration.rules.status"),
    *properties(
        aws.S3TABLES_TABLE_BUCKET_REPLICATION, fewer, _FEWER, _LATER, "rule.destinations.*.destinationTableBucketArn"
    ),
    *properties(aws.S3TABLES_TABLE_REPLICATION, fewer, _FEWER, _LATER, "rule.destinations.*.destinationTableBucketArn"),
    *properties(
        aws.ECR_REPLICATION_CONFIGURATION,
        fewer,
        "copies images to fewer Regions, or to others",
        _IMAGES,
        "replicationConfiguration.rules.*.destinations.*.region",
    ),
    *properties(
        aws.EFS_REPLICATION_CONFIGURATION,
        cut,
        "replicates to another place",
        _UNDONE,
        "destination.region",
        "destination.fileSystemId",
    ),
    *properties(aws.BACKUP_PLAN, fewer_copies, "copies backups to fewer vaults, or to others", _ONE_COPY, "rules.*"),
    *properties(
        aws.DLM_LIFECYCLE_POLICY,
        fewer,
        "copies snapshots to fewer Regions, or to others",
        _ONE_COPY,
        "policyDetails.schedules.*.crossRegionCopyRules.*.target",
        "policyDetails.schedules.*.crossRegionCopyRules.*.targetRegion",
        "policyDetails.action.crossRegionCopies.*.target",
    ),
    *properties(aws.REDSHIFT_CLUSTER, cut, "copies no snapshots", _BACKUPS, "snapshotCopy.destinationRegion"),
    *properties(aws.REDSHIFT_SNAPSHOT_COPY, cut, "copies snapshots elsewhere", _BACKUPS, "destinationRegion"),
    *properties(
        aws.MSK_REPLICATOR,
        fewer,
        "replicates fewer topics or groups",
        _ONE_COPY,
        "replicationInfoList.topicReplication.topicsToReplicates.*",
        "replicationInfoList.consumerGroupReplication.consumerGroupsToReplicates.*",
    ),
    *properties(
        aws.MSK_REPLICATOR,
        off,
        "no longer copies what is new",
        _ONE_COPY,
        "replicationInfoList.topicReplication.detectAndCopyNewTopics",
        "replicationInfoList.consumerGroupReplication.detectAndCopyNewConsumerGroups",
    ),
    *properties(aws.CLOUDWATCH_EVENT_ENDPOINT, disabled, "stops replicating", _ONE_COPY, "replicationConfig.state"),
    *properties(
        ANY_TYPE,
        off,
        "keeps no copy in another zone that takes over",
        _ONE_ZONE,
        "**.automaticFailoverEnabled",
        "**.multiAz",
        "**.multiAzEnabled",
        "**.multiAzWithStandbyEnabled",
        "**.zoneAwarenessEnabled",
    ),
    *properties(ANY_TYPE, off, "no longer replicates new disks", _ONE_COPY, "autoReplicateNewDisks"),
    *properties(ANY_TYPE, leaves("ENABLED"), "keeps no replicas in other zones", _ONE_COPY, "standbyReplicas"),
    *properties(
        ANY_TYPE, becomes("DISABLED"), "may be overwritten by a replica", _UNDONE, "protections.replicationOverwrite"
    ),
    *properties(
        aws.ROUTE53_RECORD, cut, "is answered without its health check, or with another one", _TRAFFIC, "healthCheckId"
    ),
)
"""Properties that join a member, a copy or a record to its group, source or health check."""

REPLICATION_RESOURCES: tuple[GuardingResource, ...] = (
    GuardingResource(aws.S3_BUCKET_REPLICATION_CONFIG, "the bucket is no longer replicated", _LATER),
    GuardingResource(aws.S3TABLES_TABLE_BUCKET_REPLICATION, "the table bucket is no longer replicated", _LATER),
    GuardingResource(aws.S3TABLES_TABLE_REPLICATION, "the table is no longer replicated", _LATER),
    GuardingResource(aws.ECR_REPLICATION_CONFIGURATION, "images are no longer replicated", _IMAGES),
    GuardingResource(aws.EFS_REPLICATION_CONFIGURATION, "the file system is no longer replicated", _UNDONE),
    GuardingResource(aws.DSQL_CLUSTER_PEERING, "the clusters are no longer peers", _UNDONE),
    GuardingResource(aws.MSK_REPLICATOR, "topics are no longer replicated", _ONE_COPY),
    GuardingResource(
        aws.SSMINCIDENTS_REPLICATION_SET, "incidents are no longer replicated, and are deleted", _ONE_COPY
    ),
    GuardingResource(
        aws.RDS_INSTANCE_AUTOMATED_BACKUPS_REPLICATION,
        "the instance's backups are no longer copied, and the copies are deleted",
        _BACKUPS,
    ),
    GuardingResource(aws.REDSHIFT_SNAPSHOT_COPY, "the cluster's snapshots are no longer copied", _BACKUPS),
    GuardingResource(aws.DMS_REPLICATION_CONFIG, "its tables are no longer replicated", _ONE_COPY),
    GuardingResource(aws.DMS_REPLICATION_TASK, "its tables are no longer replicated", _ONE_COPY),
    GuardingResource(aws.DATASYNC_TASK, "its files are no longer copied", _ONE_COPY),
    GuardingResource(aws.DRS_REPLICATION_CONFIGURATION_TEMPLATE, "new servers are not replicated", _ONE_COPY),
    GuardingResource(aws.CLOUDWATCH_EVENT_ENDPOINT, "events are no longer replicated", _ONE_COPY),
    GuardingResource(aws.ROUTE53_HEALTH_CHECK, "records lose their health check", _TRAFFIC),
)
"""Resources that replicate another one, or route traffic around it."""
