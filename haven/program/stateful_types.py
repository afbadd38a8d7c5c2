"""What holds something that can't be made again, by kind of resource, under Pulumi's name and Terraform's."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stateful:
    """One kind of resource that deploying the program once more doesn't bring back."""

    type: str
    """Pulumi's token."""
    terraform: str
    """The name of the type in Terraform; empty where it has none."""
    holds: str
    """What goes with it."""


_ROWS = "its rows"
_POINTS = "its recovery points"
_FILES = "its files"
_OBJECTS = "its objects, in every version"
_ENTRIES = "its entries; a cold cache sends its whole load to what stands behind it"
_KEY = "the key: whatever it has encrypted can't be read by anybody any more"
_MESSAGES = "the messages in it"
_LOGS = "what it has logged"
_INDEX = "its indices"
_PASSWORD = "the password: a new one locks out whoever knows the old one"  # noqa: S105  words for people

STATEFUL: tuple[Stateful, ...] = (
    Stateful("aws:acmpca/certificateAuthority:CertificateAuthority", "aws_acmpca_certificate_authority", _KEY),
    Stateful("aws:amp/workspace:Workspace", "aws_prometheus_workspace", "its metrics"),
    Stateful(
        "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault", "aws_backup_logically_air_gapped_vault", _POINTS
    ),
    Stateful("aws:backup/vault:Vault", "aws_backup_vault", _POINTS),
    Stateful("aws:cfg/recorder:Recorder", "aws_config_configuration_recorder", "its record of configurations"),
    Stateful("aws:cloudtrail/eventDataStore:EventDataStore", "aws_cloudtrail_event_data_store", _LOGS),
    Stateful("aws:cloudtrail/trail:Trail", "aws_cloudtrail", "the trail of who does what, from now on"),
    Stateful("aws:cloudwatch/logGroup:LogGroup", "aws_cloudwatch_log_group", _LOGS),
    Stateful("aws:cognito/userPool:UserPool", "aws_cognito_user_pool", "its users, who can't log in any more"),
    Stateful("aws:docdb/cluster:Cluster", "aws_docdb_cluster", "its documents"),
    Stateful("aws:docdb/globalCluster:GlobalCluster", "aws_docdb_global_cluster", "the replication of its members"),
    Stateful("aws:dynamodb/globalTable:GlobalTable", "aws_dynamodb_global_table", "the replication of its tables"),
    Stateful("aws:dynamodb/table:Table", "aws_dynamodb_table", "its items"),
    Stateful("aws:dynamodb/tableReplica:TableReplica", "aws_dynamodb_table_replica", "a Region's copy of the table"),
    Stateful("aws:ebs/snapshot:Snapshot", "aws_ebs_snapshot", _FILES),
    Stateful("aws:ebs/volume:Volume", "aws_ebs_volume", _FILES),
    Stateful("aws:ecr/repository:Repository", "aws_ecr_repository", "its images"),
    Stateful("aws:efs/fileSystem:FileSystem", "aws_efs_file_system", _FILES),
    Stateful("aws:eks/cluster:Cluster", "aws_eks_cluster", "every object in it, and what runs there"),
    Stateful("aws:elasticache/cluster:Cluster", "aws_elasticache_cluster", _ENTRIES),
    Stateful(
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        "aws_elasticache_global_replication_group",
        "the replication of its members",
    ),
    Stateful("aws:elasticache/replicationGroup:ReplicationGroup", "aws_elasticache_replication_group", _ENTRIES),
    Stateful("aws:elasticache/serverlessCache:ServerlessCache", "aws_elasticache_serverless_cache", _ENTRIES),
    Stateful("aws:fsx/lustreFileSystem:LustreFileSystem", "aws_fsx_lustre_file_system", _FILES),
    Stateful("aws:fsx/ontapFileSystem:OntapFileSystem", "aws_fsx_ontap_file_system", _FILES),
    Stateful("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", "aws_fsx_openzfs_file_system", _FILES),
    Stateful("aws:fsx/windowsFileSystem:WindowsFileSystem", "aws_fsx_windows_file_system", _FILES),
    Stateful("aws:grafana/workspace:Workspace", "aws_grafana_workspace", "its dashboards"),
    Stateful("aws:guardduty/detector:Detector", "aws_guardduty_detector", "its findings, and the watch from now on"),
    Stateful("aws:keyspaces/table:Table", "aws_keyspaces_table", _ROWS),
    Stateful("aws:kinesis/stream:Stream", "aws_kinesis_stream", "the records in it"),
    Stateful("aws:kms/externalKey:ExternalKey", "aws_kms_external_key", _KEY),
    Stateful("aws:kms/key:Key", "aws_kms_key", _KEY),
    Stateful("aws:kms/replicaKey:ReplicaKey", "aws_kms_replica_key", _KEY),
    Stateful("aws:memorydb/cluster:Cluster", "aws_memorydb_cluster", "its entries"),
    Stateful("aws:memorydb/multiRegionCluster:MultiRegionCluster", "aws_memorydb_multi_region_cluster", "its entries"),
    Stateful("aws:mq/broker:Broker", "aws_mq_broker", _MESSAGES),
    Stateful("aws:msk/cluster:Cluster", "aws_msk_cluster", _MESSAGES),
    Stateful("aws:neptune/cluster:Cluster", "aws_neptune_cluster", "its graph"),
    Stateful("aws:neptune/globalCluster:GlobalCluster", "aws_neptune_global_cluster", "the replication of its members"),
    Stateful("aws:opensearch/domain:Domain", "aws_opensearch_domain", _INDEX),
    Stateful("aws:opensearch/serverlessCollection:ServerlessCollection", "aws_opensearchserverless_collection", _INDEX),
    Stateful("aws:rds/cluster:Cluster", "aws_rds_cluster", _ROWS),
    Stateful("aws:rds/clusterSnapshot:ClusterSnapshot", "aws_db_cluster_snapshot", _ROWS),
    Stateful("aws:rds/globalCluster:GlobalCluster", "aws_rds_global_cluster", "the replication of its members"),
    Stateful("aws:rds/instance:Instance", "aws_db_instance", _ROWS),
    Stateful("aws:rds/snapshot:Snapshot", "aws_db_snapshot", _ROWS),
    Stateful("aws:redshift/cluster:Cluster", "aws_redshift_cluster", _ROWS),
    Stateful("aws:route53/zone:Zone", "aws_route53_zone", "its name servers: the parent domain points to the old ones"),
    Stateful("aws:s3/bucket:Bucket", "aws_s3_bucket", _OBJECTS),
    Stateful("aws:s3/directoryBucket:DirectoryBucket", "aws_s3_directory_bucket", "its objects"),
    Stateful(
        "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
        "aws_s3control_multi_region_access_point",
        "its alias, which never comes back: who goes through it finds nothing",
    ),
    Stateful("aws:secretsmanager/secret:Secret", "aws_secretsmanager_secret", "the secret, in every version"),
    Stateful("aws:sqs/queue:Queue", "aws_sqs_queue", _MESSAGES),
    Stateful("aws:timestreamwrite/table:Table", "aws_timestreamwrite_table", "its measurements"),
    Stateful("kubernetes:core/v1:Namespace", "kubernetes_namespace_v1", "every object in it"),
    Stateful("kubernetes:core/v1:PersistentVolume", "kubernetes_persistent_volume_v1", _FILES),
    Stateful("kubernetes:core/v1:PersistentVolumeClaim", "kubernetes_persistent_volume_claim_v1", _FILES),
    Stateful(
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "", "every object of the kind that it defines"
    ),
    Stateful("pulumi:index:Stash", "", "what it remembers of the first deployment"),
    Stateful("random:index/randomPassword:RandomPassword", "random_password", _PASSWORD),
)
"""Chosen by what each kind is for; no list of AWS's own. What the program protects or retains counts beside it."""

OTHERS: Mapping[str, str] = {
    "aws_alb": "aws:lb/loadBalancer:LoadBalancer",
    "aws_backup_plan": "aws:backup/plan:Plan",
    "aws_backup_selection": "aws:backup/selection:Selection",
    "aws_backup_vault_lock_configuration": "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "aws_config_configuration_recorder_status": "aws:cfg/recorderStatus:RecorderStatus",
    "aws_ecr_replication_configuration": "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    "aws_efs_replication_configuration": "aws:efs/replicationConfiguration:ReplicationConfiguration",
    "aws_eks_node_group": "aws:eks/nodeGroup:NodeGroup",
    "aws_lb": "aws:lb/loadBalancer:LoadBalancer",
    "aws_rds_cluster_instance": "aws:rds/clusterInstance:ClusterInstance",
    "aws_route53_health_check": "aws:route53/healthCheck:HealthCheck",
    "aws_route53_record": "aws:route53/record:Record",
    "aws_s3_bucket_object_lock_configuration": "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws_s3_bucket_replication_configuration": "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws_s3_bucket_server_side_encryption_configuration": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ),
    "aws_s3_bucket_versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "aws_subnet": "aws:ec2/subnet:Subnet",
    "aws_vpc": "aws:ec2/vpc:Vpc",
    "kubernetes_namespace": "kubernetes:core/v1:Namespace",
    "kubernetes_persistent_volume": "kubernetes:core/v1:PersistentVolume",
    "kubernetes_persistent_volume_claim": "kubernetes:core/v1:PersistentVolumeClaim",
}
"""Terraform's name -> Pulumi's token of what holds nothing itself and is judged all the same, and of second names."""

_BY_TYPE: Mapping[str, Stateful] = {each.type: each for each in STATEFUL}
_TOKENS: Mapping[str, str] = {**OTHERS, **{each.terraform: each.type for each in STATEFUL if each.terraform}}


def token(type_: str) -> str:
    """Pulumi's token of a kind of resource, whichever engine names it; an unknown name as it is."""
    if type_.startswith("aws:s3/"):  # before version 7 of pulumi-aws: aws:s3/bucketV2:BucketV2
        return type_.replace("V2", "")
    return _TOKENS.get(type_, type_)


def stateful(type_: str) -> Stateful | None:
    """The row for a kind of resource."""
    return _BY_TYPE.get(type_)
