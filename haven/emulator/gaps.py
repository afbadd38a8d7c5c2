"""What the emulator can't do and what it does wrong: every difference between it and AWS has its name here.

Found by deploying into it with the AWS provider, reading back, planning again and destroying. A row that is no longer
true shows up: what is not left out is deployed, and a difference that no row names fails the demo.
"""

from dataclasses import dataclass

from haven.emulator.expected import REPLICA
from haven.emulator.ministack import NAME, VERSION
from haven.program import aws_types as aws

TRIED = "2026-11-21"
"""The day on which every row was last seen to be true."""


@dataclass(frozen=True)
class Missing:
    """Something that the emulator refuses, so that it is left out of what is deployed there."""

    name: str
    type: str
    """Pulumi's type of the resource."""
    argument: str
    """Pulumi's name of the argument; empty: the whole resource is left out."""
    reason: str
    emulator: str = f"{NAME} {VERSION}"
    tried: str = TRIED


@dataclass(frozen=True)
class Defect:
    """Something that the emulator answers wrongly, so that a second deployment sees a difference where none is."""

    name: str
    type: str
    """The AWS provider's type of the resource."""
    token: str
    """Pulumi's."""
    arguments: tuple[str, ...]
    """The AWS provider's names of the arguments, dots between levels, without the numbers of list items."""
    symptom: str
    absent: str = ""
    """The kind of fact that isn't found where it was planned, as `planned` and `found` call it."""
    emulator: str = f"{NAME} {VERSION}"
    tried: str = TRIED

    def covers(self, type_: str, argument: str) -> bool:
        """Whether a difference in this argument, or in a part of it, is this defect.

        Both engines' names of the type are known; Pulumi's names of lists are in the plural.
        """
        inside = _singular(argument)
        return type_ in (self.type, self.token) and any(
            inside[: len(_singular(each))] == _singular(each) for each in self.arguments
        )


def _singular(path: str) -> list[str]:
    return [each.removesuffix("s") for each in path.split(".")]


MISSING: tuple[Missing, ...] = (
    Missing(
        "Global Datastore",
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "",
        "CreateGlobalReplicationGroup is an unknown action; the recovery Region's member stands as a group of its own",
    ),
    Missing(
        "DNS resolution over a peering",
        aws.EC2_PEERING_CONNECTION_OPTIONS,
        "",
        "ModifyVpcPeeringConnectionOptions is an unknown action",
    ),
    Missing(
        "a key for the replica of a table",
        aws.DYNAMODB_TABLE_REPLICA,
        "kmsKeyArn",
        "DescribeTable answers no KMSMasterKeyId for replicas, so the provider would make them anew each time",
    ),
    Missing(
        "a restore testing plan",
        aws.BACKUP_RESTORE_TESTING_PLAN,
        "",
        "CreateRestoreTestingPlan has no route",
    ),
    Missing(
        "what a restore testing plan restores",
        aws.BACKUP_RESTORE_TESTING_SELECTION,
        "",
        "CreateRestoreTestingSelection has no route",
    ),
    Missing(
        "a vault's lock",
        aws.BACKUP_VAULT_LOCK_CONFIGURATION,
        "",
        "PutBackupVaultLockConfiguration has no route",
    ),
    Missing(
        "a vault's notifications",
        aws.BACKUP_VAULT_NOTIFICATIONS,
        "",
        "PutBackupVaultNotifications has no route",
    ),
    Missing(
        "a firewall's log",
        aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION,
        "",
        "PutLoggingConfiguration is an unknown action",
    ),
    Missing(
        "a GuardDuty detector",
        aws.GUARDDUTY_DETECTOR,
        "",
        "CreateDetector: the service is missing",
    ),
    Missing(
        "what a GuardDuty detector reads",
        aws.GUARDDUTY_DETECTOR_FEATURE,
        "",
        "UpdateDetector: the service is missing",
    ),
    Missing(
        "an access analyzer",
        aws.ACCESSANALYZER_ANALYZER,
        "",
        "CreateAnalyzer: the service is missing",
    ),
    Missing(
        "the default key of volumes",
        aws.EBS_DEFAULT_KMS_KEY,
        "",
        "ModifyEbsDefaultKmsKeyId is an unknown action",
    ),
    Missing(
        "encryption of every new volume",
        aws.EBS_ENCRYPTION_BY_DEFAULT,
        "",
        "EnableEbsEncryptionByDefault is an unknown action",
    ),
    Missing(
        "AWS Config's recorder",
        aws.CFG_RECORDER,
        "",
        "DeleteConfigurationRecorder is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "whether AWS Config's recorder runs",
        aws.CFG_RECORDER_STATUS,
        "",
        "it belongs to the recorder",
    ),
    Missing(
        "AWS Config's channel",
        aws.CFG_DELIVERY_CHANNEL,
        "",
        "DeleteDeliveryChannel is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "copies of images in the other Region",
        aws.ECR_REPLICATION_CONFIGURATION,
        "",
        "PutReplicationConfiguration is an unknown action",
    ),
    Missing(
        "what AWS Backup may choose by tags",
        aws.BACKUP_REGION_SETTINGS,
        "",
        "UpdateRegionSettings has no route",
    ),
    Missing(
        "the account's block of public buckets",
        aws.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK,
        "",
        "the provider puts the account into the host's name, and no such host is there",
    ),
    Missing(
        "a Multi-Region Access Point",
        aws.S3CONTROL_MULTI_REGION_ACCESS_POINT,
        "",
        "the provider puts the account into the host's name, and no such host is there",
    ),
    Missing(
        "a trail's insights",
        aws.CLOUDTRAIL_TRAIL,
        "insightSelectors",
        "PutInsightSelectors is an unknown action",
    ),
    Missing(
        "a secret's rotation",
        aws.SECRETSMANAGER_SECRET_ROTATION,
        "",
        "CancelRotateSecret is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "the labels of a secret's version",
        aws.SECRETSMANAGER_SECRET_VERSION,
        "versionStages",
        "PutSecretValue keeps none beside AWSCURRENT, and a label that isn't there can't be taken away",
    ),
    Missing(
        "emptying a hosted zone on deletion",
        aws.ROUTE53_ZONE,
        "forceDestroy",
        "GetDNSSEC is an unknown action, and the provider asks it before it empties a zone",
    ),
    Missing(
        "taking members out of a global database on its deletion",
        aws.RDS_GLOBAL_CLUSTER,
        "forceDestroy",
        "RemoveFromGlobalCluster answers for a member that has left already with an error that the provider doesn't"
        " take for success; members are deleted before, and leave by themselves",
    ),
    *(
        Missing(name, type_, "", "every call to the service is refused with status 400")
        for name, type_ in (
            ("managed Prometheus", aws.AMP_WORKSPACE),
            ("rules of managed Prometheus", aws.AMP_RULE_GROUP_NAMESPACE),
            ("alerts of managed Prometheus", aws.AMP_ALERT_MANAGER_DEFINITION),
            ("managed Grafana", aws.GRAFANA_WORKSPACE),
            ("SAML of managed Grafana", aws.GRAFANA_WORKSPACE_SAML_CONFIGURATION),
            ("administrators of managed Grafana", aws.GRAFANA_ROLE_ASSOCIATION),
            ("groups of traces", aws.XRAY_GROUP),
            ("sampling of traces", aws.XRAY_SAMPLING_RULE),
            ("experiments with faults", aws.FIS_EXPERIMENT_TEMPLATE),
            ("cost anomalies", aws.COSTEXPLORER_ANOMALY_MONITOR),
            ("resiliency policies", aws.RESILIENCEHUB_RESILIENCY_POLICY),
        )
    ),
)
"""Two more are known and met by nothing that Haven's demo declares: a cache group of exactly two shards is refused
(the demo has three), and so are request metrics of a bucket (PutBucketMetricsConfiguration)."""

DEFECTS: tuple[Defect, ...] = (
    Defect(
        "forgets a secret's replicas",
        "aws_secretsmanager_secret",
        aws.SECRETSMANAGER_SECRET,
        ("replica",),
        "CreateSecret ignores AddReplicaRegions: no replica is there",
        REPLICA,
    ),
    Defect(
        "forgets a trail's log group and tags",
        "aws_cloudtrail",
        aws.CLOUDTRAIL_TRAIL,
        ("cloud_watch_logs_group_arn", "cloud_watch_logs_role_arn", "tags", "tags_all"),
        "DescribeTrails answers neither group nor role, and ListTags none",
    ),
    Defect(
        "forgets a stream's tags",
        "aws_kinesis_stream",
        aws.KINESIS_STREAM,
        ("tags", "tags_all"),
        "CreateStream ignores Tags",
    ),
    Defect(
        "reads metric alarms back wrong",
        "aws_cloudwatch_metric_alarm",
        aws.CLOUDWATCH_METRIC_ALARM,
        (
            *("actions_enabled", "alarm_actions", "alarm_description", "dimensions"),
            *("evaluate_low_sample_count_percentiles", "extended_statistic", "ok_actions", "period", "statistic"),
            "treat_missing_data",
        ),
        "DescribeAlarms leaves these fields out of its XML, which the provider reads; its JSON is right",
    ),
    Defect(
        "reads composite alarms back wrong",
        "aws_cloudwatch_composite_alarm",
        aws.CLOUDWATCH_COMPOSITE_ALARM,
        ("actions_enabled", "alarm_description"),
        "DescribeAlarms leaves these fields out of its XML, which the provider reads; its JSON is right",
    ),
    Defect(
        "forgets the key of a replica that is part of its table",
        "aws_dynamodb_table",
        aws.DYNAMODB_TABLE,
        ("replica.kms_key_arn",),
        "DescribeTable answers no KMSMasterKeyId for replicas",
    ),
    Defect(
        "forgets a cluster's zonal shift and upgrade policy",
        "aws_eks_cluster",
        aws.EKS_CLUSTER,
        ("upgrade_policy", "zonal_shift_config"),
        "DescribeCluster answers neither",
    ),
    Defect(
        "forgets a node group's launch template, repair and update settings",
        "aws_eks_node_group",
        aws.EKS_NODE_GROUP,
        ("launch_template", "node_repair_config", "update_config"),
        "DescribeNodegroup answers none of them",
    ),
    Defect(
        "lists a parameter group's defaults as the user's own",
        "aws_elasticache_parameter_group",
        aws.ELASTICACHE_PARAMETER_GROUP,
        ("parameter",),
        "DescribeCacheParameters with Source=user answers the defaults too",
    ),
    Defect(
        "forgets a cache group's key and minor version upgrades",
        "aws_elasticache_replication_group",
        aws.ELASTICACHE_REPLICATION_GROUP,
        ("auto_minor_version_upgrade", "kms_key_id"),
        "DescribeReplicationGroups answers neither",
    ),
    Defect(
        "forgets a flow log's role, interval and tags",
        "aws_flow_log",
        aws.EC2_FLOW_LOG,
        ("iam_role_arn", "max_aggregation_interval", "tags", "tags_all", "deliver_cross_account_role"),
        "DescribeFlowLogs answers none of them",
    ),
    Defect(
        "forgets a launch template's capacity reservation and volume keys",
        "aws_launch_template",
        aws.EC2_LAUNCH_TEMPLATE,
        ("capacity_reservation_specification", "block_device_mappings.ebs.kms_key_id"),
        "DescribeLaunchTemplateVersions answers neither",
    ),
    Defect(
        "forgets which logs a database cluster exports",
        "aws_rds_cluster",
        aws.RDS_CLUSTER,
        ("enabled_cloudwatch_logs_exports",),
        "DescribeDBClusters answers no EnabledCloudwatchLogsExports",
    ),
    Defect(
        "forgets the key of a database instance's performance insights",
        "aws_rds_cluster_instance",
        aws.RDS_CLUSTER_INSTANCE,
        ("performance_insights_kms_key_id",),
        "DescribeDBInstances answers no PerformanceInsightsKMSKeyId",
    ),
    Defect(
        "answers an empty child for a calculated health check",
        "aws_route53_health_check",
        aws.ROUTE53_HEALTH_CHECK,
        ("child_healthchecks",),
        "GetHealthCheck answers the list of children with one empty item",
    ),
    Defect(
        "writes a queue's redrive policies with blanks of its own",
        "aws_sqs_queue",
        aws.SQS_QUEUE,
        ("redrive_allow_policy", "redrive_policy"),
        "GetQueueAttributes answers the JSON that was set in another form",
    ),
    Defect(
        "forgets an endpoint's security groups and private DNS",
        "aws_vpc_endpoint",
        aws.EC2_VPC_ENDPOINT,
        ("private_dns_enabled", "security_group_ids"),
        "DescribeVpcEndpoints answers neither",
    ),
    Defect(
        "forgets the tags of a security group's rule",
        "aws_vpc_security_group_egress_rule",
        aws.VPC_SECURITY_GROUP_EGRESS_RULE,
        ("tags", "tags_all"),
        "DescribeSecurityGroupRules answers no tags for the rule that lets everything out",
    ),
)
