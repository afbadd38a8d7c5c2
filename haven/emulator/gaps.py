"""What the emulator can't do and what it does wrong: every difference between it and AWS has its name here.

Found by deploying into it with the AWS provider, reading back, planning again and destroying. A row that is no longer
true shows up: what is not left out is deployed, and a difference that no row names fails the demo.
"""

from dataclasses import dataclass

from haven.emulator.expected import REPLICA
from haven.emulator.ministack import NAME, VERSION

TRIED = "2026-11-21"
"""The day on which every row was last seen to be true."""

GLOBAL_DATASTORE = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"


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
        GLOBAL_DATASTORE,
        "",
        "CreateGlobalReplicationGroup is an unknown action; the recovery Region's member stands as a group of its own",
    ),
    Missing(
        "DNS resolution over a peering",
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        "",
        "ModifyVpcPeeringConnectionOptions is an unknown action",
    ),
    Missing(
        "a key for the replica of a table",
        "aws:dynamodb/tableReplica:TableReplica",
        "kmsKeyArn",
        "DescribeTable answers no KMSMasterKeyId for replicas, so the provider would make them anew each time",
    ),
    Missing(
        "a restore testing plan",
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        "",
        "CreateRestoreTestingPlan has no route",
    ),
    Missing(
        "what a restore testing plan restores",
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        "",
        "CreateRestoreTestingSelection has no route",
    ),
    Missing(
        "a vault's lock",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "",
        "PutBackupVaultLockConfiguration has no route",
    ),
    Missing(
        "a vault's notifications",
        "aws:backup/vaultNotifications:VaultNotifications",
        "",
        "PutBackupVaultNotifications has no route",
    ),
    Missing(
        "a firewall's log",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "",
        "PutLoggingConfiguration is an unknown action",
    ),
    Missing(
        "a GuardDuty detector",
        "aws:guardduty/detector:Detector",
        "",
        "CreateDetector: the service is missing",
    ),
    Missing(
        "what a GuardDuty detector reads",
        "aws:guardduty/detectorFeature:DetectorFeature",
        "",
        "UpdateDetector: the service is missing",
    ),
    Missing(
        "an access analyzer",
        "aws:accessanalyzer/analyzer:Analyzer",
        "",
        "CreateAnalyzer: the service is missing",
    ),
    Missing(
        "the default key of volumes",
        "aws:ebs/defaultKmsKey:DefaultKmsKey",
        "",
        "ModifyEbsDefaultKmsKeyId is an unknown action",
    ),
    Missing(
        "encryption of every new volume",
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        "",
        "EnableEbsEncryptionByDefault is an unknown action",
    ),
    Missing(
        "AWS Config's recorder",
        "aws:cfg/recorder:Recorder",
        "",
        "DeleteConfigurationRecorder is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "whether AWS Config's recorder runs",
        "aws:cfg/recorderStatus:RecorderStatus",
        "",
        "it belongs to the recorder",
    ),
    Missing(
        "AWS Config's channel",
        "aws:cfg/deliveryChannel:DeliveryChannel",
        "",
        "DeleteDeliveryChannel is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "copies of images in the other Region",
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        "",
        "PutReplicationConfiguration is an unknown action",
    ),
    Missing(
        "what AWS Backup may choose by tags",
        "aws:backup/regionSettings:RegionSettings",
        "",
        "UpdateRegionSettings has no route",
    ),
    Missing(
        "the account's block of public buckets",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        "",
        "the provider puts the account into the host's name, and no such host is there",
    ),
    Missing(
        "a Multi-Region Access Point",
        "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
        "",
        "the provider puts the account into the host's name, and no such host is there",
    ),
    Missing(
        "a trail's insights",
        "aws:cloudtrail/trail:Trail",
        "insightSelectors",
        "PutInsightSelectors is an unknown action",
    ),
    Missing(
        "a secret's rotation",
        "aws:secretsmanager/secretRotation:SecretRotation",
        "",
        "CancelRotateSecret is an unknown action, so that it couldn't be taken down again",
    ),
    Missing(
        "the labels of a secret's version",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "versionStages",
        "PutSecretValue keeps none beside AWSCURRENT, and a label that isn't there can't be taken away",
    ),
    Missing(
        "emptying a hosted zone on deletion",
        "aws:route53/zone:Zone",
        "forceDestroy",
        "GetDNSSEC is an unknown action, and the provider asks it before it empties a zone",
    ),
    Missing(
        "taking members out of a global database on its deletion",
        "aws:rds/globalCluster:GlobalCluster",
        "forceDestroy",
        "RemoveFromGlobalCluster answers for a member that has left already with an error that the provider doesn't"
        " take for success; members are deleted before, and leave by themselves",
    ),
    *(
        Missing(name, type_, "", "every call to the service is refused with status 400")
        for name, type_ in (
            ("managed Prometheus", "aws:amp/workspace:Workspace"),
            ("rules of managed Prometheus", "aws:amp/ruleGroupNamespace:RuleGroupNamespace"),
            ("alerts of managed Prometheus", "aws:amp/alertManagerDefinition:AlertManagerDefinition"),
            ("managed Grafana", "aws:grafana/workspace:Workspace"),
            ("SAML of managed Grafana", "aws:grafana/workspaceSamlConfiguration:WorkspaceSamlConfiguration"),
            ("administrators of managed Grafana", "aws:grafana/roleAssociation:RoleAssociation"),
            ("groups of traces", "aws:xray/group:Group"),
            ("sampling of traces", "aws:xray/samplingRule:SamplingRule"),
            ("experiments with faults", "aws:fis/experimentTemplate:ExperimentTemplate"),
            ("cost anomalies", "aws:costexplorer/anomalyMonitor:AnomalyMonitor"),
            ("resiliency policies", "aws:resiliencehub/resiliencyPolicy:ResiliencyPolicy"),
        )
    ),
)
"""Two more are known and met by nothing that Haven's demo declares: a cache group of exactly two shards is refused
(the demo has three), and so are request metrics of a bucket (PutBucketMetricsConfiguration)."""

DEFECTS: tuple[Defect, ...] = (
    Defect(
        "forgets a secret's replicas",
        "aws_secretsmanager_secret",
        "aws:secretsmanager/secret:Secret",
        ("replica",),
        "CreateSecret ignores AddReplicaRegions: no replica is there",
        REPLICA,
    ),
    Defect(
        "forgets a trail's log group and tags",
        "aws_cloudtrail",
        "aws:cloudtrail/trail:Trail",
        ("cloud_watch_logs_group_arn", "cloud_watch_logs_role_arn", "tags", "tags_all"),
        "DescribeTrails answers neither group nor role, and ListTags none",
    ),
    Defect(
        "forgets a stream's tags",
        "aws_kinesis_stream",
        "aws:kinesis/stream:Stream",
        ("tags", "tags_all"),
        "CreateStream ignores Tags",
    ),
    Defect(
        "reads metric alarms back wrong",
        "aws_cloudwatch_metric_alarm",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
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
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        ("actions_enabled", "alarm_description"),
        "DescribeAlarms leaves these fields out of its XML, which the provider reads; its JSON is right",
    ),
    Defect(
        "forgets the key of a replica that is part of its table",
        "aws_dynamodb_table",
        "aws:dynamodb/table:Table",
        ("replica.kms_key_arn",),
        "DescribeTable answers no KMSMasterKeyId for replicas",
    ),
    Defect(
        "forgets a cluster's zonal shift and upgrade policy",
        "aws_eks_cluster",
        "aws:eks/cluster:Cluster",
        ("upgrade_policy", "zonal_shift_config"),
        "DescribeCluster answers neither",
    ),
    Defect(
        "forgets a node group's launch template, repair and update settings",
        "aws_eks_node_group",
        "aws:eks/nodeGroup:NodeGroup",
        ("launch_template", "node_repair_config", "update_config"),
        "DescribeNodegroup answers none of them",
    ),
    Defect(
        "lists a parameter group's defaults as the user's own",
        "aws_elasticache_parameter_group",
        "aws:elasticache/parameterGroup:ParameterGroup",
        ("parameter",),
        "DescribeCacheParameters with Source=user answers the defaults too",
    ),
    Defect(
        "forgets a cache group's key and minor version upgrades",
        "aws_elasticache_replication_group",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        ("auto_minor_version_upgrade", "kms_key_id"),
        "DescribeReplicationGroups answers neither",
    ),
    Defect(
        "forgets a flow log's role, interval and tags",
        "aws_flow_log",
        "aws:ec2/flowLog:FlowLog",
        ("iam_role_arn", "max_aggregation_interval", "tags", "tags_all", "deliver_cross_account_role"),
        "DescribeFlowLogs answers none of them",
    ),
    Defect(
        "forgets a launch template's capacity reservation and volume keys",
        "aws_launch_template",
        "aws:ec2/launchTemplate:LaunchTemplate",
        ("capacity_reservation_specification", "block_device_mappings.ebs.kms_key_id"),
        "DescribeLaunchTemplateVersions answers neither",
    ),
    Defect(
        "forgets which logs a database cluster exports",
        "aws_rds_cluster",
        "aws:rds/cluster:Cluster",
        ("enabled_cloudwatch_logs_exports",),
        "DescribeDBClusters answers no EnabledCloudwatchLogsExports",
    ),
    Defect(
        "forgets the key of a database instance's performance insights",
        "aws_rds_cluster_instance",
        "aws:rds/clusterInstance:ClusterInstance",
        ("performance_insights_kms_key_id",),
        "DescribeDBInstances answers no PerformanceInsightsKMSKeyId",
    ),
    Defect(
        "answers an empty child for a calculated health check",
        "aws_route53_health_check",
        "aws:route53/healthCheck:HealthCheck",
        ("child_healthchecks",),
        "GetHealthCheck answers the list of children with one empty item",
    ),
    Defect(
        "writes a queue's redrive policies with blanks of its own",
        "aws_sqs_queue",
        "aws:sqs/queue:Queue",
        ("redrive_allow_policy", "redrive_policy"),
        "GetQueueAttributes answers the JSON that was set in another form",
    ),
    Defect(
        "forgets an endpoint's security groups and private DNS",
        "aws_vpc_endpoint",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        ("private_dns_enabled", "security_group_ids"),
        "DescribeVpcEndpoints answers neither",
    ),
    Defect(
        "forgets the tags of a security group's rule",
        "aws_vpc_security_group_egress_rule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ("tags", "tags_all"),
        "DescribeSecurityGroupRules answers no tags for the rule that lets everything out",
    ),
)
