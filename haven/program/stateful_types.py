"""The stateful resource types, under Pulumi's and Terraform's names."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from haven.program import aws_types as aws


@dataclass(frozen=True)
class Stateful:
    """One type whose content another deployment does not bring back."""

    type: str
    """Pulumi's token; the name in Terraform where Pulumi has none."""
    terraform: str
    """The name of the type in Terraform; empty where it has none."""
    holds: str
    """What goes with it."""
    protect: bool = False
    """Whether the policies demand the resource option `protect` on it."""
    resides: bool = False
    """Whether it holds data, so that residency judges its Region."""
    volumes: bool = False
    """Whether it holds data on block devices, each of which may outlive it."""

    def loses(self, inputs: Mapping[str, Any]) -> bool:
        """Whether what it holds goes with one resource: all of its volumes may be kept.

        Args:
            inputs: the resource's, under Pulumi's or Terraform's names of lists.
        """
        if not self.volumes:
            return True
        root, others = (_maps(inputs.get(f"{name}s") or inputs.get(name)) for name in _DEVICES)
        kept = all(each.get("deleteOnTermination") in (False, "false") for each in (*root, *others))
        return not (root and kept) or bool(inputs.get("ephemeralBlockDevices") or inputs.get("ephemeralBlockDevice"))


_DEVICES = ("rootBlockDevice", "ebsBlockDevice")


def _maps(value: Any) -> list[Mapping[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, Mapping)]


def _rows() -> Iterable[Stateful]:
    text = files(__package__).joinpath("stateful_types.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Stateful(
            row["type"] or row["terraform"],
            row["terraform"],
            row["holds"],
            protect=row["protect"] == "yes",
            resides=row["resides"] == "yes",
            volumes=row["volumes"] == "yes",
        )


STATEFUL: tuple[Stateful, ...] = tuple(_rows())
"""From `stateful_types.csv`. Chosen by what each type is for; AWS has no such list. Compared with all types of the AWS
provider 5.100 and of pulumi-aws 7.51 on 2026-11-26. What the program protects or retains counts beside it."""

OTHERS: Mapping[str, str] = {
    "aws_alb": aws.LB_LOAD_BALANCER,
    "aws_backup_plan": aws.BACKUP_PLAN,
    "aws_backup_region_settings": aws.BACKUP_REGION_SETTINGS,
    "aws_backup_selection": aws.BACKUP_SELECTION,
    "aws_backup_vault_lock_configuration": aws.BACKUP_VAULT_LOCK_CONFIGURATION,
    "aws_cloudcontrolapi_resource": aws.CLOUDCONTROL_RESOURCE,
    "aws_cloudformation_stack": aws.CLOUDFORMATION_STACK,
    "aws_cloudformation_stack_instances": aws.CLOUDFORMATION_STACK_INSTANCES,
    "aws_cloudformation_stack_set": aws.CLOUDFORMATION_STACK_SET,
    "aws_cloudformation_stack_set_instance": aws.CLOUDFORMATION_STACK_SET_INSTANCE,
    "aws_cloudwatch_event_endpoint": aws.CLOUDWATCH_EVENT_ENDPOINT,
    "aws_config_configuration_recorder_status": aws.CFG_RECORDER_STATUS,
    "aws_datasync_task": aws.DATASYNC_TASK,
    "aws_db_instance_automated_backups_replication": aws.RDS_INSTANCE_AUTOMATED_BACKUPS_REPLICATION,
    "aws_dlm_lifecycle_policy": aws.DLM_LIFECYCLE_POLICY,
    "aws_dms_replication_config": aws.DMS_REPLICATION_CONFIG,
    "aws_dms_replication_task": aws.DMS_REPLICATION_TASK,
    "aws_drs_replication_configuration_template": aws.DRS_REPLICATION_CONFIGURATION_TEMPLATE,
    "aws_dsql_cluster_peering": aws.DSQL_CLUSTER_PEERING,
    "aws_ecr_lifecycle_policy": aws.ECR_LIFECYCLE_POLICY,
    "aws_ecr_replication_configuration": aws.ECR_REPLICATION_CONFIGURATION,
    "aws_efs_backup_policy": aws.EFS_BACKUP_POLICY,
    "aws_efs_replication_configuration": aws.EFS_REPLICATION_CONFIGURATION,
    "aws_eks_node_group": aws.EKS_NODE_GROUP,
    "aws_glacier_vault_lock": aws.GLACIER_VAULT_LOCK,
    "aws_lb": aws.LB_LOAD_BALANCER,
    "aws_msk_replicator": aws.MSK_REPLICATOR,
    "aws_rbin_rule": aws.RBIN_RULE,
    "aws_rds_cluster_instance": aws.RDS_CLUSTER_INSTANCE,
    "aws_redshift_snapshot_copy": aws.REDSHIFT_SNAPSHOT_COPY,
    "aws_redshift_snapshot_schedule_association": aws.REDSHIFT_SNAPSHOT_SCHEDULE_ASSOCIATION,
    "aws_route53_health_check": aws.ROUTE53_HEALTH_CHECK,
    "aws_route53_record": aws.ROUTE53_RECORD,
    "aws_s3_bucket_lifecycle_configuration": aws.S3_BUCKET_LIFECYCLE_CONFIGURATION,
    "aws_s3_bucket_object_lock_configuration": aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION,
    "aws_s3_bucket_replication_configuration": aws.S3_BUCKET_REPLICATION_CONFIG,
    "aws_s3_bucket_server_side_encryption_configuration": (aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION),
    "aws_s3_bucket_versioning": aws.S3_BUCKET_VERSIONING,
    "aws_s3control_bucket_lifecycle_configuration": aws.S3CONTROL_BUCKET_LIFECYCLE_CONFIGURATION,
    "aws_s3tables_table_bucket_replication": aws.S3TABLES_TABLE_BUCKET_REPLICATION,
    "aws_s3tables_table_replication": aws.S3TABLES_TABLE_REPLICATION,
    "aws_serverlessapplicationrepository_cloudformation_stack": aws.SERVERLESSREPOSITORY_CLOUD_FORMATION_STACK,
    "aws_servicecatalog_provisioned_product": aws.SERVICECATALOG_PROVISIONED_PRODUCT,
    "aws_sns_topic": aws.SNS_TOPIC,
    "aws_ssmincidents_replication_set": aws.SSMINCIDENTS_REPLICATION_SET,
    "aws_subnet": aws.EC2_SUBNET,
    "aws_vpc": aws.EC2_VPC,
    "kubernetes_namespace": "kubernetes:core/v1:Namespace",
    "kubernetes_persistent_volume": "kubernetes:core/v1:PersistentVolume",
    "kubernetes_persistent_volume_claim": "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes_stateful_set": "kubernetes:apps/v1:StatefulSet",
    "kubernetes_stateful_set_v1": "kubernetes:apps/v1:StatefulSet",
    "kubernetes_storage_class": "kubernetes:storage.k8s.io/v1:StorageClass",
    "kubernetes_storage_class_v1": "kubernetes:storage.k8s.io/v1:StorageClass",
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
    """Pulumi's types of rows, under the names too that they had before version 7 of pulumi-aws."""
    found = [each.type for each in rows if ":" in each.type]
    return (*found, *(old for old, new in _OLD_NAMES.items() if new in found))
