"""The known gaps between the emulator and AWS: unsupported resources, and defects in its answers.

Found by deploying into it with the AWS provider, reading back, planning again and destroying. The demo fails on a
difference that no row explains.
"""

from dataclasses import dataclass

from haven.emulator.ministack import NAME, VERSION
from haven.emulator.subject import REPLICATED_SECRET
from haven.program import aws_types as aws

TRIED = "2026-11-21"
"""The day on which every row was last tried."""


@dataclass(frozen=True)
class Unsupported:
    """A resource or argument that the emulator refuses; deployments into it leave it out."""

    name: str
    type: str
    """Pulumi's type token."""
    argument: str
    """Pulumi's name of the argument; empty if the whole resource is left out."""
    reason: str
    emulator: str = f"{NAME} {VERSION}"
    tried: str = TRIED


@dataclass(frozen=True)
class Defect:
    """A wrong answer of the emulator, so that a second deployment sees drift that does not exist."""

    name: str
    type: str
    """The AWS provider's type."""
    token: str
    """Pulumi's type token."""
    arguments: tuple[str, ...]
    """The AWS provider's names of the arguments, dots between levels, without the numbers of list items."""
    symptom: str
    absent: str = ""
    """Kind of a resource that is missing because of the defect, as in `Subject.kind`."""
    emulator: str = f"{NAME} {VERSION}"
    tried: str = TRIED

    def covers(self, type_: str, argument: str) -> bool:
        """Whether the defect explains drift of an argument, or of a part of it.

        Args:
            type_: the AWS provider's type, or Pulumi's token.
            argument: its path; Pulumi's names of lists, which are plurals, count too.
        """
        inside = _singular(argument)
        return type_ in (self.type, self.token) and any(
            inside[: len(_singular(each))] == _singular(each) for each in self.arguments
        )


def _singular(path: str) -> list[str]:
    return [each.removesuffix("s") for each in path.split(".")]


UNSUPPORTED: tuple[Unsupported, ...] = (
    Unsupported(
        "Global Datastore",
        aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
        "",
        "CreateGlobalReplicationGroup is an unknown action; the recovery Region gets an independent replication group",
    ),
    Unsupported(
        "DNS resolution over a peering",
        aws.EC2_PEERING_CONNECTION_OPTIONS,
        "",
        "ModifyVpcPeeringConnectionOptions is an unknown action",
    ),
    Unsupported(
        "a subnet's network ACL", aws.EC2_NETWORK_ACL_ASSOCIATION, "", "no ACL names its subnets", tried="2026-11-26"
    ),
    Unsupported(
        "a key for the replica of a table",
        aws.DYNAMODB_TABLE_REPLICA,
        "kmsKeyArn",
        "DescribeTable answers no KMSMasterKeyId for replicas, so the provider would replace them on every update",
    ),
    *(
        Unsupported(name, type_, "", f"{action} has no route")
        for name, type_, action in (
            ("a restore testing plan", aws.BACKUP_RESTORE_TESTING_PLAN, "CreateRestoreTestingPlan"),
            (
                "what a restore testing plan restores",
                aws.BACKUP_RESTORE_TESTING_SELECTION,
                "CreateRestoreTestingSelection",
            ),
            ("a vault's lock", aws.BACKUP_VAULT_LOCK_CONFIGURATION, "PutBackupVaultLockConfiguration"),
            ("a vault's notifications", aws.BACKUP_VAULT_NOTIFICATIONS, "PutBackupVaultNotifications"),
        )
    ),
    Unsupported(
        "a firewall's log",
        aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION,
        "",
        "PutLoggingConfiguration is an unknown action",
    ),
    Unsupported(
        "rules of a cluster's security group",
        aws.EC2_SECURITY_GROUP_RULE,
        "",
        "DescribeCluster answers a security group that EC2 doesn't have, so nothing can be let into it",
        tried="2026-11-26",
    ),
    Unsupported(
        "a listener's further certificates",
        aws.LB_LISTENER_CERTIFICATE,
        "",
        "AddListenerCertificates is an unknown action",
        tried="2026-11-26",
    ),
    Unsupported(
        "a GuardDuty detector",
        aws.GUARDDUTY_DETECTOR,
        "",
        "CreateDetector: the service is missing",
    ),
    Unsupported(
        "what a GuardDuty detector reads",
        aws.GUARDDUTY_DETECTOR_FEATURE,
        "",
        "UpdateDetector: the service is missing",
    ),
    Unsupported(
        "an access analyzer",
        aws.ACCESSANALYZER_ANALYZER,
        "",
        "CreateAnalyzer: the service is missing",
    ),
    Unsupported(
        "the default key of volumes",
        aws.EBS_DEFAULT_KMS_KEY,
        "",
        "ModifyEbsDefaultKmsKeyId is an unknown action",
    ),
    Unsupported(
        "encryption of every new volume",
        aws.EBS_ENCRYPTION_BY_DEFAULT,
        "",
        "EnableEbsEncryptionByDefault is an unknown action",
    ),
    Unsupported(
        "AWS Config's recorder",
        aws.CFG_RECORDER,
        "",
        "DeleteConfigurationRecorder is an unknown action, so the stack could not be destroyed",
    ),
    Unsupported(
        "whether AWS Config's recorder runs",
        aws.CFG_RECORDER_STATUS,
        "",
        "it belongs to the recorder",
    ),
    Unsupported(
        "AWS Config's channel",
        aws.CFG_DELIVERY_CHANNEL,
        "",
        "DeleteDeliveryChannel is an unknown action, so the stack could not be destroyed",
    ),
    Unsupported(
        "copies of images in the other Region",
        aws.ECR_REPLICATION_CONFIGURATION,
        "",
        "PutReplicationConfiguration is an unknown action",
    ),
    Unsupported(
        "what AWS Backup may choose by tags",
        aws.BACKUP_REGION_SETTINGS,
        "",
        "UpdateRegionSettings has no route",
    ),
    Unsupported(
        "the account's block of public buckets",
        aws.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK,
        "",
        "the provider puts the account into the host name, which does not resolve",
    ),
    Unsupported(
        "a Multi-Region Access Point",
        aws.S3CONTROL_MULTI_REGION_ACCESS_POINT,
        "",
        "the provider puts the account into the host name, which does not resolve",
    ),
    Unsupported(
        "a trail's insights",
        aws.CLOUDTRAIL_TRAIL,
        "insightSelectors",
        "PutInsightSelectors is an unknown action",
    ),
    Unsupported(
        "a secret's rotation",
        aws.SECRETSMANAGER_SECRET_ROTATION,
        "",
        "CancelRotateSecret is an unknown action, so the stack could not be destroyed",
    ),
    Unsupported(
        "the labels of a secret's version",
        aws.SECRETSMANAGER_SECRET_VERSION,
        "versionStages",
        "PutSecretValue keeps none beside AWSCURRENT, and the provider fails to remove a missing label",
    ),
    Unsupported(
        "emptying a hosted zone on deletion",
        aws.ROUTE53_ZONE,
        "forceDestroy",
        "GetDNSSEC is an unknown action, which the provider calls before it empties a zone",
    ),
    Unsupported(
        "taking members out of a global database on its deletion",
        aws.RDS_GLOBAL_CLUSTER,
        "forceDestroy",
        "RemoveFromGlobalCluster answers with an error for a member that has already left, and the provider fails;"
        " members are deleted first, which removes them",
    ),
    *(
        Unsupported(name, type_, "", "every call to the service is refused with status 400")
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
        )
    ),
    *(
        Unsupported(name, type_, "", "every call to the service is refused with status 400", tried="2026-11-26")
        for name, type_ in (
            ("policies of Resilience Hub", aws.RESILIENCEHUB_V2_POLICY),
            ("systems of Resilience Hub", aws.RESILIENCEHUB_V2_SYSTEM),
            ("services of Resilience Hub", aws.RESILIENCEHUB_V2_SERVICE),
            ("input sources of Resilience Hub", aws.RESILIENCEHUB_V2_INPUT_SOURCE),
        )
    ),
)
"""Two more gaps are known that the demo does not touch: the emulator refuses a cache group of exactly two shards (the
demo has three) and request metrics of a bucket (PutBucketMetricsConfiguration)."""

DEFECTS: tuple[Defect, ...] = (
    Defect(
        "loses a secret's replicas",
        "aws_secretsmanager_secret",
        aws.SECRETSMANAGER_SECRET,
        ("replica",),
        "CreateSecret ignores AddReplicaRegions: no replica is there",
        REPLICATED_SECRET,
    ),
    Defect(
        "loses a trail's log group and tags",
        "aws_cloudtrail",
        aws.CLOUDTRAIL_TRAIL,
        ("cloud_watch_logs_group_arn", "cloud_watch_logs_role_arn", "tags", "tags_all"),
        "DescribeTrails answers neither group nor role, and ListTags none",
    ),
    Defect(
        "loses a stream's tags",
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
        "loses the key of a replica that is part of its table",
        "aws_dynamodb_table",
        aws.DYNAMODB_TABLE,
        ("replica.kms_key_arn",),
        "DescribeTable answers no KMSMasterKeyId for replicas",
    ),
    Defect(
        "loses a cluster's zonal shift and upgrade policy",
        "aws_eks_cluster",
        aws.EKS_CLUSTER,
        ("upgrade_policy", "zonal_shift_config"),
        "DescribeCluster answers neither",
    ),
    Defect(
        "loses a node group's launch template, repair and update settings",
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
        "loses a cache group's key and minor version upgrades",
        "aws_elasticache_replication_group",
        aws.ELASTICACHE_REPLICATION_GROUP,
        ("auto_minor_version_upgrade", "kms_key_id"),
        "DescribeReplicationGroups answers neither",
    ),
    Defect(
        "loses a flow log's role, interval and tags",
        "aws_flow_log",
        aws.EC2_FLOW_LOG,
        ("iam_role_arn", "max_aggregation_interval", "tags", "tags_all", "deliver_cross_account_role"),
        "DescribeFlowLogs answers none of them",
    ),
    Defect(
        "loses a launch template's capacity reservation and volume keys",
        "aws_launch_template",
        aws.EC2_LAUNCH_TEMPLATE,
        ("capacity_reservation_specification", "block_device_mappings.ebs.kms_key_id"),
        "DescribeLaunchTemplateVersions answers neither",
    ),
    Defect(
        "loses which logs a database cluster exports",
        "aws_rds_cluster",
        aws.RDS_CLUSTER,
        ("enabled_cloudwatch_logs_exports",),
        "DescribeDBClusters answers no EnabledCloudwatchLogsExports",
    ),
    Defect(
        "loses the key of a database instance's performance insights",
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
        "moves a database's endpoints to localhost, which the heartbeat's function is given",
        "aws_lambda_function",
        aws.LAMBDA_FUNCTION,
        ("environment",),
        "as of the endpoints document below, where the function was created before the database's first instance",
        tried="2026-11-26",
    ),
    Defect(
        "moves a database's endpoints to localhost",
        "aws_ssm_parameter",
        aws.SSM_PARAMETER,
        ("insecure_value",),
        "DescribeDBClusters answers localhost once the cluster has an instance, and the endpoints document names it",
        tried="2026-11-26",
    ),
    Defect(
        "loses an endpoint's security groups and private DNS",
        "aws_vpc_endpoint",
        aws.EC2_VPC_ENDPOINT,
        ("private_dns_enabled", "security_group_ids"),
        "DescribeVpcEndpoints answers neither",
    ),
    Defect(
        "loses the tags of a security group's rule",
        "aws_vpc_security_group_egress_rule",
        aws.VPC_SECURITY_GROUP_EGRESS_RULE,
        ("tags", "tags_all"),
        "DescribeSecurityGroupRules answers no tags for the rule that lets everything out",
    ),
)
