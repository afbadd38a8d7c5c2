"""Where copies of what is stored go: replicas and backups, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven.program import aws_types as aws
from haven_policies.rules.residency.data_paths import DataPath, DataPaths, FlowKind
from haven_policies.rules.residency.destinations import anywhere, beside, bucket, by_region, destination, here, registry

REPLICAS: DataPaths = {
    aws.BEDROCK_INFERENCE_PROFILE: (
        # A profile that spans Regions sends prompts to any of them, as AWS sees fit.
        DataPath(FlowKind.REPLICA, "modelSource.copyFrom", anywhere),
    ),
    aws.CLOUDFRONT_DISTRIBUTION: (DataPath(FlowKind.REPLICA, "origins", anywhere),),
    aws.DOCDB_CLUSTER: (DataPath(FlowKind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),),
    aws.DYNAMODB_GLOBAL_TABLE: (DataPath(FlowKind.REPLICA, "replicas[].regionName", by_region),),
    aws.DYNAMODB_TABLE: (
        DataPath(FlowKind.REPLICA, "replicas[].regionName", by_region),
        DataPath(FlowKind.REPLICA, "globalTableWitness.regionName", by_region),
    ),
    aws.DYNAMODB_TABLE_REPLICA: (DataPath(FlowKind.REPLICA, "globalTableArn", here, "globalTableArn"),),
    aws.ECR_PULL_THROUGH_CACHE_RULE: (DataPath(FlowKind.REPLICA, "upstreamRegistryUrl", here),),
    aws.ECR_REPLICATION_CONFIGURATION: (
        DataPath(FlowKind.REPLICA, "replicationConfiguration.rules[].destinations[]", registry),
    ),
    aws.EFS_REPLICATION_CONFIGURATION: (
        DataPath(FlowKind.REPLICA, "destination.region", by_region, "sourceFileSystemId"),
        DataPath(FlowKind.REPLICA, "destination.fileSystemId", destination, "sourceFileSystemId"),
    ),
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP: (
        DataPath(FlowKind.REPLICA, "primaryReplicationGroupId", here, "primaryReplicationGroupId"),
    ),
    aws.ELASTICACHE_REPLICATION_GROUP: (
        DataPath(FlowKind.REPLICA, "globalReplicationGroupId", here, "globalReplicationGroupId"),
        DataPath(FlowKind.LOG, "logDeliveryConfigurations[].destination", beside),
    ),
    aws.KMS_REPLICA_EXTERNAL_KEY: (DataPath(FlowKind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    aws.KMS_REPLICA_KEY: (DataPath(FlowKind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    aws.MEMORYDB_CLUSTER: (DataPath(FlowKind.REPLICA, "multiRegionClusterName", here, "multiRegionClusterName"),),
    aws.MSK_REPLICATOR: (DataPath(FlowKind.REPLICA, "replicationInfoList.targetKafkaClusterArn", destination),),
    aws.NEPTUNE_CLUSTER: (
        DataPath(FlowKind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        DataPath(FlowKind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    aws.OPENSEARCH_OUTBOUND_CONNECTION: (DataPath(FlowKind.REPLICA, "remoteDomainInfo.region", by_region),),
    aws.RDS_CLUSTER: (
        DataPath(FlowKind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        DataPath(FlowKind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    aws.RDS_INSTANCE: (DataPath(FlowKind.REPLICA, "replicateSourceDb", here, "replicateSourceDb"),),
    aws.RDS_INTEGRATION: (DataPath(FlowKind.REPLICA, "targetArn", destination, "sourceArn"),),
    aws.S3_BUCKET_REPLICATION_CONFIG: (DataPath(FlowKind.REPLICA, "rules[].destination.bucket", bucket, "bucket"),),
    aws.S3_OBJECT_COPY: (DataPath(FlowKind.REPLICA, "bucket", bucket),),
    aws.S3CONTROL_MULTI_REGION_ACCESS_POINT: (DataPath(FlowKind.REPLICA, "details.regions[].bucket", bucket),),
    aws.S3TABLES_TABLE_BUCKET_REPLICATION: (
        DataPath(FlowKind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableBucketArn"),
    ),
    aws.S3TABLES_TABLE_REPLICATION: (
        DataPath(FlowKind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableArn"),
    ),
    aws.SECRETSMANAGER_SECRET: (DataPath(FlowKind.REPLICA, "replicas[].region", by_region),),
    aws.SSMINCIDENTS_REPLICATION_SET: (DataPath(FlowKind.REPLICA, "regions[].name", by_region),),
}

BACKUPS: DataPaths = {
    aws.BACKUP_PLAN: (
        DataPath(FlowKind.BACKUP, "rules[].targetVaultName", beside),
        DataPath(FlowKind.BACKUP, "rules[].copyActions[].destinationVaultArn", destination),
    ),
    aws.BACKUP_RESTORE_TESTING_PLAN: (
        # What is restored is where the copy is, for as long as it is tested.
        DataPath(FlowKind.BACKUP, "recoveryPointSelection.includeVaults[]", here),
    ),
    aws.DLM_LIFECYCLE_POLICY: (
        DataPath(FlowKind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].target", by_region),
        DataPath(FlowKind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].targetRegion", by_region),
        DataPath(FlowKind.BACKUP, "policyDetails.action.crossRegionCopies[].target", by_region),
    ),
    aws.DYNAMODB_TABLE_EXPORT: (DataPath(FlowKind.BACKUP, "s3Bucket", bucket, "tableArn"),),
    aws.EBS_SNAPSHOT_COPY: (DataPath(FlowKind.BACKUP, "sourceSnapshotId", here, "sourceRegion"),),
    aws.EC2_AMI_COPY: (DataPath(FlowKind.BACKUP, "sourceAmiId", here, "sourceAmiRegion"),),
    aws.RDS_CLUSTER_SNAPSHOT_COPY: (
        DataPath(FlowKind.BACKUP, "destinationRegion", by_region),
        DataPath(FlowKind.BACKUP, "sourceDbClusterSnapshotIdentifier", here, "sourceDbClusterSnapshotIdentifier"),
    ),
    aws.RDS_EXPORT_TASK: (DataPath(FlowKind.BACKUP, "s3BucketName", bucket, "sourceArn"),),
    aws.RDS_INSTANCE_AUTOMATED_BACKUPS_REPLICATION: (
        DataPath(FlowKind.BACKUP, "sourceDbInstanceArn", here, "sourceDbInstanceArn"),
    ),
    aws.RDS_SNAPSHOT_COPY: (
        DataPath(FlowKind.BACKUP, "destinationRegion", by_region),
        DataPath(FlowKind.BACKUP, "sourceDbSnapshotIdentifier", here, "sourceDbSnapshotIdentifier"),
    ),
    aws.REDSHIFT_SNAPSHOT_COPY: (DataPath(FlowKind.BACKUP, "destinationRegion", by_region),),
}
