"""The stateful resource types, under Pulumi's and Terraform's names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from haven.program import aws_types as aws


@dataclass(frozen=True)
class Stateful:
    """One type whose content another deployment does not bring back."""

    type: str
    """Pulumi's token."""
    terraform: str
    """The name of the type in Terraform; empty where it has none."""
    holds: str
    """What goes with it."""
    protect: bool = False
    """Whether the policies demand the resource option `protect` on it."""
    resides: bool = False
    """Whether it holds data, so that residency judges its Region."""


_ROWS = "its rows"
_POINTS = "its recovery points"
_FILES = "its files"
_OBJECTS = "its objects, in every version"
_ENTRIES = "its entries; a cold cache sends its whole load to the store behind it"
_KEY = "the key: whatever it has encrypted can't be read by anybody any more"
_MESSAGES = "the messages in it"
_LOGS = "what it has logged"
_INDEX = "its indices"
_PASSWORD = "the password: a new one locks out whoever knows the old one"  # noqa: S105  words for people

STATEFUL: tuple[Stateful, ...] = (
    Stateful(aws.ACMPCA_CERTIFICATE_AUTHORITY, "aws_acmpca_certificate_authority", _KEY),
    Stateful(aws.AMP_WORKSPACE, "aws_prometheus_workspace", "its metrics"),
    Stateful(aws.BACKUP_LOGICALLY_AIR_GAPPED_VAULT, "aws_backup_logically_air_gapped_vault", _POINTS, resides=True),
    Stateful(aws.BACKUP_VAULT, "aws_backup_vault", _POINTS, protect=True, resides=True),
    Stateful(aws.CFG_RECORDER, "aws_config_configuration_recorder", "its record of configurations"),
    Stateful(aws.CLOUDTRAIL_EVENT_DATA_STORE, "aws_cloudtrail_event_data_store", _LOGS),
    Stateful(aws.CLOUDTRAIL_TRAIL, "aws_cloudtrail", "the trail of who does what, from now on", protect=True),
    Stateful(aws.CLOUDWATCH_EVENT_ARCHIVE, "aws_cloudwatch_event_archive", "its events", resides=True),
    Stateful(aws.CLOUDWATCH_LOG_GROUP, "aws_cloudwatch_log_group", _LOGS, resides=True),
    Stateful(aws.COGNITO_USER_POOL, "aws_cognito_user_pool", "its users, who can't log in any more"),
    Stateful(aws.DOCDB_CLUSTER, "aws_docdb_cluster", "its documents", protect=True, resides=True),
    Stateful(aws.DOCDB_GLOBAL_CLUSTER, "aws_docdb_global_cluster", "the replication of its members"),
    Stateful(aws.DYNAMODB_GLOBAL_TABLE, "aws_dynamodb_global_table", "the replication of its tables"),
    Stateful(aws.DYNAMODB_TABLE, "aws_dynamodb_table", "its items", protect=True, resides=True),
    Stateful(aws.DYNAMODB_TABLE_REPLICA, "aws_dynamodb_table_replica", "a Region's copy of the table", protect=True),
    Stateful(aws.EBS_SNAPSHOT, "aws_ebs_snapshot", _FILES, resides=True),
    Stateful(aws.EBS_VOLUME, "aws_ebs_volume", _FILES, resides=True),
    Stateful(aws.ECR_REPOSITORY, "aws_ecr_repository", "its images", protect=True, resides=True),
    Stateful(aws.EFS_FILE_SYSTEM, "aws_efs_file_system", _FILES, protect=True, resides=True),
    Stateful(aws.EKS_CLUSTER, "aws_eks_cluster", "every object in it, and what runs there", protect=True),
    Stateful(aws.ELASTICACHE_CLUSTER, "aws_elasticache_cluster", _ENTRIES, resides=True),
    Stateful(
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "aws_elasticache_global_replication_group",
        "the replication of its members",
        protect=True,
    ),
    Stateful(
        aws.ELASTICACHE_REPLICATION_GROUP, "aws_elasticache_replication_group", _ENTRIES, protect=True, resides=True
    ),
    Stateful(aws.ELASTICACHE_SERVERLESS_CACHE, "aws_elasticache_serverless_cache", _ENTRIES, resides=True),
    Stateful(aws.FSX_LUSTRE_FILE_SYSTEM, "aws_fsx_lustre_file_system", _FILES, resides=True),
    Stateful(aws.FSX_ONTAP_FILE_SYSTEM, "aws_fsx_ontap_file_system", _FILES),
    Stateful(aws.FSX_OPEN_ZFS_FILE_SYSTEM, "aws_fsx_openzfs_file_system", _FILES),
    Stateful(aws.FSX_WINDOWS_FILE_SYSTEM, "aws_fsx_windows_file_system", _FILES),
    Stateful(aws.GRAFANA_WORKSPACE, "aws_grafana_workspace", "its dashboards"),
    Stateful(aws.GUARDDUTY_DETECTOR, "aws_guardduty_detector", "its findings, and the watch from now on"),
    Stateful(aws.KEYSPACES_TABLE, "aws_keyspaces_table", _ROWS),
    Stateful(aws.KINESIS_STREAM, "aws_kinesis_stream", "the records in it", protect=True, resides=True),
    Stateful(aws.KMS_EXTERNAL_KEY, "aws_kms_external_key", _KEY),
    Stateful(aws.KMS_KEY, "aws_kms_key", _KEY, protect=True),
    Stateful(aws.KMS_REPLICA_KEY, "aws_kms_replica_key", _KEY, protect=True),
    Stateful(aws.MEMORYDB_CLUSTER, "aws_memorydb_cluster", "its entries", protect=True, resides=True),
    Stateful(aws.MEMORYDB_MULTI_REGION_CLUSTER, "aws_memorydb_multi_region_cluster", "its entries"),
    Stateful(aws.MQ_BROKER, "aws_mq_broker", _MESSAGES),
    Stateful(aws.MSK_CLUSTER, "aws_msk_cluster", _MESSAGES, protect=True, resides=True),
    Stateful(aws.NEPTUNE_CLUSTER, "aws_neptune_cluster", "its graph", protect=True, resides=True),
    Stateful(aws.NEPTUNE_GLOBAL_CLUSTER, "aws_neptune_global_cluster", "the replication of its members"),
    Stateful(aws.OPENSEARCH_DOMAIN, "aws_opensearch_domain", _INDEX, protect=True, resides=True),
    Stateful(aws.OPENSEARCH_SERVERLESS_COLLECTION, "aws_opensearchserverless_collection", _INDEX),
    Stateful(aws.RDS_CLUSTER, "aws_rds_cluster", _ROWS, protect=True, resides=True),
    Stateful(aws.RDS_CLUSTER_SNAPSHOT, "aws_db_cluster_snapshot", _ROWS),
    Stateful(aws.RDS_GLOBAL_CLUSTER, "aws_rds_global_cluster", "the replication of its members", protect=True),
    Stateful(aws.RDS_INSTANCE, "aws_db_instance", _ROWS, protect=True, resides=True),
    Stateful(aws.RDS_SNAPSHOT, "aws_db_snapshot", _ROWS),
    Stateful(aws.REDSHIFT_CLUSTER, "aws_redshift_cluster", _ROWS, resides=True),
    Stateful(
        aws.ROUTE53_ZONE, "aws_route53_zone", "its name servers: the parent domain points to the old ones", protect=True
    ),
    Stateful(aws.S3_BUCKET, "aws_s3_bucket", _OBJECTS, protect=True, resides=True),
    Stateful(aws.S3_DIRECTORY_BUCKET, "aws_s3_directory_bucket", "its objects", resides=True),
    Stateful(
        aws.S3CONTROL_MULTI_REGION_ACCESS_POINT,
        "aws_s3control_multi_region_access_point",
        "its alias, which is never issued again: its clients fail",
    ),
    Stateful(
        aws.SECRETSMANAGER_SECRET,
        "aws_secretsmanager_secret",
        "the secret, in every version",
        protect=True,
        resides=True,
    ),
    Stateful(aws.SQS_QUEUE, "aws_sqs_queue", _MESSAGES, protect=True, resides=True),
    Stateful(aws.TIMESTREAMWRITE_TABLE, "aws_timestreamwrite_table", "its measurements", resides=True),
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
    "aws_alb": aws.LB_LOAD_BALANCER,
    "aws_backup_plan": aws.BACKUP_PLAN,
    "aws_backup_selection": aws.BACKUP_SELECTION,
    "aws_backup_vault_lock_configuration": aws.BACKUP_VAULT_LOCK_CONFIGURATION,
    "aws_config_configuration_recorder_status": aws.CFG_RECORDER_STATUS,
    "aws_ecr_replication_configuration": aws.ECR_REPLICATION_CONFIGURATION,
    "aws_efs_replication_configuration": aws.EFS_REPLICATION_CONFIGURATION,
    "aws_eks_node_group": aws.EKS_NODE_GROUP,
    "aws_lb": aws.LB_LOAD_BALANCER,
    "aws_rds_cluster_instance": aws.RDS_CLUSTER_INSTANCE,
    "aws_route53_health_check": aws.ROUTE53_HEALTH_CHECK,
    "aws_route53_record": aws.ROUTE53_RECORD,
    "aws_s3_bucket_object_lock_configuration": aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
    "aws_s3_bucket_replication_configuration": aws.S3_BUCKET_REPLICATION_CONFIG,
    "aws_s3_bucket_server_side_encryption_configuration": (aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION),
    "aws_s3_bucket_versioning": aws.S3_BUCKET_VERSIONING,
    "aws_subnet": aws.EC2_SUBNET,
    "aws_vpc": aws.EC2_VPC,
    "kubernetes_namespace": "kubernetes:core/v1:Namespace",
    "kubernetes_persistent_volume": "kubernetes:core/v1:PersistentVolume",
    "kubernetes_persistent_volume_claim": "kubernetes:core/v1:PersistentVolumeClaim",
}
"""Terraform's name -> Pulumi's token of what holds nothing itself and is judged all the same, and of second names."""

_OLD_NAMES: Mapping[str, str] = {aws.S3_BUCKET_V2: aws.S3_BUCKET}
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


def types(rows: Iterable[Stateful]) -> tuple[str, ...]:
    """The types of rows, under the names too that they had before version 7 of pulumi-aws."""
    found = [each.type for each in rows]
    return (*found, *(old for old, new in _OLD_NAMES.items() if new in found))
