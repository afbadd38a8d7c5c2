"""Where copies of what is stored go: replicas and backups, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven_policies.rules.residency.places import anywhere, beside, bucket, by_region, destination, here, registry
from haven_policies.rules.residency.ways import Kind, Way, Ways

REPLICAS: Ways = {
    "aws:bedrock/inferenceProfile:InferenceProfile": (
        # A profile that spans Regions sends prompts to any of them, as AWS sees fit.
        Way(Kind.REPLICA, "modelSource.copyFrom", anywhere),
    ),
    "aws:cloudfront/distribution:Distribution": (Way(Kind.REPLICA, "origins", anywhere),),
    "aws:docdb/cluster:Cluster": (Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),),
    "aws:dynamodb/globalTable:GlobalTable": (Way(Kind.REPLICA, "replicas[].regionName", by_region),),
    "aws:dynamodb/table:Table": (
        Way(Kind.REPLICA, "replicas[].regionName", by_region),
        Way(Kind.REPLICA, "globalTableWitness.regionName", by_region),
    ),
    "aws:dynamodb/tableReplica:TableReplica": (Way(Kind.REPLICA, "globalTableArn", here, "globalTableArn"),),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": (Way(Kind.REPLICA, "upstreamRegistryUrl", here),),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": (
        Way(Kind.REPLICA, "replicationConfiguration.rules[].destinations[]", registry),
    ),
    "aws:efs/replicationConfiguration:ReplicationConfiguration": (
        Way(Kind.REPLICA, "destination.region", by_region, "sourceFileSystemId"),
        Way(Kind.REPLICA, "destination.fileSystemId", destination, "sourceFileSystemId"),
    ),
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": (
        Way(Kind.REPLICA, "primaryReplicationGroupId", here, "primaryReplicationGroupId"),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Way(Kind.REPLICA, "globalReplicationGroupId", here, "globalReplicationGroupId"),
        Way(Kind.LOG, "logDeliveryConfigurations[].destination", beside),
    ),
    "aws:kms/replicaExternalKey:ReplicaExternalKey": (Way(Kind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    "aws:kms/replicaKey:ReplicaKey": (Way(Kind.REPLICA, "primaryKeyArn", here, "primaryKeyArn"),),
    "aws:memorydb/cluster:Cluster": (Way(Kind.REPLICA, "multiRegionClusterName", here, "multiRegionClusterName"),),
    "aws:msk/replicator:Replicator": (Way(Kind.REPLICA, "replicationInfoList.targetKafkaClusterArn", destination),),
    "aws:neptune/cluster:Cluster": (
        Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        Way(Kind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    "aws:opensearch/outboundConnection:OutboundConnection": (Way(Kind.REPLICA, "remoteDomainInfo.region", by_region),),
    "aws:rds/cluster:Cluster": (
        Way(Kind.REPLICA, "globalClusterIdentifier", here, "globalClusterIdentifier"),
        Way(Kind.REPLICA, "replicationSourceIdentifier", here, "replicationSourceIdentifier"),
    ),
    "aws:rds/instance:Instance": (Way(Kind.REPLICA, "replicateSourceDb", here, "replicateSourceDb"),),
    "aws:rds/integration:Integration": (Way(Kind.REPLICA, "targetArn", destination, "sourceArn"),),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        Way(Kind.REPLICA, "rules[].destination.bucket", bucket, "bucket"),
    ),
    "aws:s3/objectCopy:ObjectCopy": (Way(Kind.REPLICA, "bucket", bucket),),
    "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint": (
        Way(Kind.REPLICA, "details.regions[].bucket", bucket),
    ),
    "aws:s3tables/tableBucketReplication:TableBucketReplication": (
        Way(Kind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableBucketArn"),
    ),
    "aws:s3tables/tableReplication:TableReplication": (
        Way(Kind.REPLICA, "rule.destinations[].destinationTableBucketArn", destination, "tableArn"),
    ),
    "aws:secretsmanager/secret:Secret": (Way(Kind.REPLICA, "replicas[].region", by_region),),
    "aws:ssmincidents/replicationSet:ReplicationSet": (Way(Kind.REPLICA, "regions[].name", by_region),),
}

BACKUPS: Ways = {
    "aws:backup/plan:Plan": (
        Way(Kind.BACKUP, "rules[].targetVaultName", beside),
        Way(Kind.BACKUP, "rules[].copyActions[].destinationVaultArn", destination),
    ),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": (
        # What is restored stands where the copy lies, for as long as it is tested.
        Way(Kind.BACKUP, "recoveryPointSelection.includeVaults[]", here),
    ),
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": (
        Way(Kind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].target", by_region),
        Way(Kind.BACKUP, "policyDetails.schedules[].crossRegionCopyRules[].targetRegion", by_region),
        Way(Kind.BACKUP, "policyDetails.action.crossRegionCopies[].target", by_region),
    ),
    "aws:dynamodb/tableExport:TableExport": (Way(Kind.BACKUP, "s3Bucket", bucket, "tableArn"),),
    "aws:ebs/snapshotCopy:SnapshotCopy": (Way(Kind.BACKUP, "sourceSnapshotId", here, "sourceRegion"),),
    "aws:ec2/amiCopy:AmiCopy": (Way(Kind.BACKUP, "sourceAmiId", here, "sourceAmiRegion"),),
    "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy": (
        Way(Kind.BACKUP, "destinationRegion", by_region),
        Way(Kind.BACKUP, "sourceDbClusterSnapshotIdentifier", here, "sourceDbClusterSnapshotIdentifier"),
    ),
    "aws:rds/exportTask:ExportTask": (Way(Kind.BACKUP, "s3BucketName", bucket, "sourceArn"),),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        Way(Kind.BACKUP, "sourceDbInstanceArn", here, "sourceDbInstanceArn"),
    ),
    "aws:rds/snapshotCopy:SnapshotCopy": (
        Way(Kind.BACKUP, "destinationRegion", by_region),
        Way(Kind.BACKUP, "sourceDbSnapshotIdentifier", here, "sourceDbSnapshotIdentifier"),
    ),
    "aws:redshift/snapshotCopy:SnapshotCopy": (Way(Kind.BACKUP, "destinationRegion", by_region),),
}
