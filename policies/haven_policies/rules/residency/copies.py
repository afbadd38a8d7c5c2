"""Where copies of what is stored go: replicas and backups, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven.program import aws_types as aws
from haven_policies.rules.residency.places import anywhere, beside, bucket, by_region, destination, here, registry
from haven_policies.rules.residency.ways import Kind, Way, Ways

REPLICAS: Ways = {
    aws.BEDROCK_INFERENCE_PROFILE: (
        # A profile that spans Regions sends prompts to any of them, as AWS sees fit.
        Way(Kind.REPLICA, "modelSource.copyFrom", anywhere),
    ),
    aws.CLOUDFRONT_DISTRIBUTION: (Way(Kind.REPLICA, "origins", anywhere),),
    aws.DOCDB_CLUSTER: (Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),),
    aws.DYNAMODB_GLOBAL_TABLE: (Way(Kind.REPLICA, "replicas[].regionName", by_region),),
    aws.DYNAMODB_TABLE: (
        Way(Kind.REPLICA, "replicas[].regionName", by_region),
        Way(Kind.REPLICA, "globalTableWitness.regionName", by_region),
    ),
    aws.DYNAMODB_TABLE_REPLICA: (Way(Kind.REPLICA, "globalTableArn", here, "globalTableArn"),),
    aws.ECR_PULL_THROUGH_CACHE_RULE: (Way(Kind.REPLICA, "upstreamRegistryUrl", here),),
    aws.ECR_REPLICATION_CONFIGURATION: (
        Way(Kind.REPLICA, "replicationConfiguration.rules[].destinations[]", registry),
    ),
    aws.EFS_REPLICATION_CONFIGURATION: (
        Way(Kind.REPLICA, "destination.region", by_region, "sourceFileSystemId"),
        Way(Kind.REPLICA, "destination.fileSystemId", destination, "sourceFileSystemId"),
    ),
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP: (
        Way(Kind.REPLICA, "primaryReplicationGroupId", here, "primaryReplicationGroupId"),
    ),
    aws.ELASTICACHE_REPLICATION_GROUP: (
        Way(Kind.REPLICA, "globalReplicationGroupId", here, "globalReplicationGroupId"),
        Way(Kind.LOG, "logDeliveryConfigurations[].destination", beside),
    ),
    aws.KMS_REPLICA_EXTERNAL_KEY: (Way(Kind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    aws.KMS_REPLICA_KEY: (Way(Kind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    aws.MEMORYDB_CLUSTER: (Way(Kind.REPLICA, "multiRegionClusterName", here, "multiRegionClusterName"),),
    aws.MSK_REPLICATOR: (Way(Kind.REPLICA, "replicationInfoList.targetKafkaClusterArn", destination),),
    aws.NEPTUNE_CLUSTER: (
        Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        Way(Kind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    aws.OPENSEARCH_OUTBOUND_CONNECTION: (Way(Kind.REPLICA, "remoteDomainInfo.region", by_region),),
    aws.RDS_CLUSTER: (
        Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        Way(Kind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    aws.RDS_INSTANCE: (Way(Kind.REPLICA, "replicateSourceDb", here, "replicateSourceDb"),),
    aws.RDS_INTEGRATION: (Way(Kind.REPLICA, "targetArn", destination, "sourceArn"),),
    aws.S3_BUCKET_REPLICATION_CONFIG: (Way(Kind.REPLICA, "rules[].destination.bucket", bucket, "bucket"),),
    aws.S3_OBJECT_COPY: (Way(Kind.REPLICA, "bucket", bucket),),
    aws.S3CONTROL_MULTI_REGION_ACCESS_POINT: (Way(Kind.REPLICA, "details.regions[].bucket", bucket),),
    aws.S3TABLES_TABLE_BUCKET_REPLICATION: (
        Way(Kind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableBucketArn"),
    ),
    aws.S3TABLES_TABLE_REPLICATION: (
        Way(Kind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableArn"),
    ),
    aws.SECRETSMANAGER_SECRET: (Way(Kind.REPLICA, "replicas[].region", by_region),),
    aws.SSMINCIDENTS_REPLICATION_SET: (Way(Kind.REPLICA, "regions[].name", by_region),),
}

BACKUPS: Ways = {
    aws.BACKUP_PLAN: (
        Way(Kind.BACKUP, "rules[].targetVaultName", beside),
        Way(Kind.BACKUP, "rules[].copyActions[].destinationVaultArn", destination),
    ),
    aws.BACKUP_RESTORE_TESTING_PLAN: (
        # What is restored stands where the copy lies, for as long as it is tested.
        Way(Kind.BACKUP, "recoveryPointSelection.includeVaults[]", here),
    ),
    aws.DLM_LIFECYCLE_POLICY: (
        Way(Kind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].target", by_region),
        Way(Kind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].targetRegion", by_region),
        Way(Kind.BACKUP, "policyDetails.action.crossRegionCopies[].target", by_region),
    ),
    aws.DYNAMODB_TABLE_EXPORT: (Way(Kind.BACKUP, "s3Bucket", bucket, "tableArn"),),
    aws.EBS_SNAPSHOT_COPY: (Way(Kind.BACKUP, "sourceSnapshotId", here, "sourceRegion"),),
    aws.EC2_AMI_COPY: (Way(Kind.BACKUP, "sourceAmiId", here, "sourceAmiRegion"),),
    aws.RDS_CLUSTER_SNAPSHOT_COPY: (
        Way(Kind.BACKUP, "destinationRegion", by_region),
        Way(Kind.BACKUP, "sourceDbClusterSnapshotIdentifier", here, "sourceDbClusterSnapshotIdentifier"),
    ),
    aws.RDS_EXPORT_TASK: (Way(Kind.BACKUP, "s3BucketName", bucket, "sourceArn"),),
    aws.RDS_INSTANCE_AUTOMATED_BACKUPS_REPLICATION: (
        Way(Kind.BACKUP, "sourceDbInstanceArn", here, "sourceDbInstanceArn"),
    ),
    aws.RDS_SNAPSHOT_COPY: (
        Way(Kind.BACKUP, "destinationRegion", by_region),
        Way(Kind.BACKUP, "sourceDbSnapshotIdentifier", here, "sourceDbSnapshotIdentifier"),
    ),
    aws.REDSHIFT_SNAPSHOT_COPY: (Way(Kind.BACKUP, "destinationRegion", by_region),),
}
