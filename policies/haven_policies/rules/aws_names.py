"""What AWS takes for a name, type by type, and within what such a name has to be unique.

Lengths and characters are those of AWS's own service models, as boto3 carries them, where these have any; else of the
page that is named. All read 2026-11-21.
"""

from dataclasses import dataclass
from enum import Enum

from haven.program import aws_types as aws

ANYTHING = r"[\S\s]*"
DOTTED = r"[A-Za-z0-9_.-]+"
EVENTS = r"[\.\-_A-Za-z0-9]+"
HYPHENATED = r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]*(?<!-)"
"""A letter first, no two hyphens in a row and none at the end."""
RESILIENCE_HUB = r"[A-Za-z0-9][A-Za-z0-9_-]*"
BALANCER = r"(?!internal-)[A-Za-z0-9][A-Za-z0-9-]*(?<!-)"
IAM = r"[\w+=,.@-]+"
DOMAIN = r"(?:(?:[a-z0-9_*]|[a-z0-9_][a-z0-9_-]{0,61}[a-z0-9])\.)*[a-z0-9-]{2,63}\.?"


class Unique(Enum):
    """How far a name is the only one of its type."""

    REGION = "in its account and Region"
    ACCOUNT = "in its account"
    NOWHERE = "names may repeat"


@dataclass(frozen=True)
class AwsName:
    """The name of a type of resource."""

    property: str
    pattern: str
    longest: int
    source: str
    shortest: int = 1
    unique: Unique = Unique.REGION
    within: tuple[str, ...] = ()
    """Properties of which each value has names of its own."""


NAMES = {
    aws.ACCESSANALYZER_ANALYZER: AwsName("analyzerName", r"[A-Za-z_][A-Za-z0-9_.-]*", 255, "CreateAnalyzer"),
    aws.AMP_WORKSPACE: AwsName("alias", ANYTHING, 100, "CreateWorkspace (Prometheus)"),
    aws.AMP_RULE_GROUP_NAMESPACE: AwsName(
        "name", r"[0-9A-Za-z][-.0-9A-Z_a-z]*", 128, "CreateRuleGroupsNamespace", within=("workspaceId",)
    ),
    aws.ARCREGIONSWITCH_PLAN: AwsName(
        "name", r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?", 32, "CreatePlan (ARC Region switch)", unique=Unique.ACCOUNT
    ),
    aws.AUTOSCALING_TAG: AwsName(
        "autoscalingGroupName", ANYTHING, 255, "CreateAutoScalingGroup", unique=Unique.NOWHERE
    ),
    aws.BACKUP_PLAN: AwsName("name", r"[A-Za-z0-9_.-]+", 50, "AWS Backup, BackupPlanInput"),
    aws.BACKUP_RESTORE_TESTING_PLAN: AwsName("name", r"\w+", 50, "AWS Backup, RestoreTestingPlanForCreate"),
    aws.BACKUP_RESTORE_TESTING_SELECTION: AwsName(
        "name", r"\w+", 50, "AWS Backup, RestoreTestingSelectionForCreate", within=("restoreTestingPlanName",)
    ),
    aws.BACKUP_SELECTION: AwsName("name", r"[A-Za-z0-9_.-]+", 50, "CreateBackupSelection"),
    aws.BACKUP_VAULT: AwsName("name", r"[A-Za-z0-9_-]+", 50, "CreateBackupVault", shortest=2),
    aws.BUDGETS_BUDGET: AwsName("name", r"[^:\\]+", 100, "CreateBudget", unique=Unique.ACCOUNT),
    aws.CFG_DELIVERY_CHANNEL: AwsName("name", ANYTHING, 256, "PutDeliveryChannel"),
    aws.CFG_RECORDER: AwsName("name", ANYTHING, 256, "PutConfigurationRecorder"),
    aws.CLOUDTRAIL_TRAIL: AwsName(
        "name", r"[A-Za-z0-9](?!.*[._-]{2})[A-Za-z0-9._-]*[A-Za-z0-9]", 128, "CreateTrail", shortest=3
    ),
    aws.CLOUDWATCH_COMPOSITE_ALARM: AwsName("alarmName", ANYTHING, 255, "PutCompositeAlarm"),
    aws.CLOUDWATCH_DASHBOARD: AwsName("dashboardName", r"[A-Za-z0-9_-]+", 255, "PutDashboard", unique=Unique.ACCOUNT),
    aws.CLOUDWATCH_EVENT_ARCHIVE: AwsName("name", EVENTS, 48, "CreateArchive"),
    aws.CLOUDWATCH_EVENT_BUS: AwsName("name", r"[/\.\-_A-Za-z0-9]+", 256, "CreateEventBus"),
    aws.CLOUDWATCH_EVENT_RULE: AwsName("name", EVENTS, 64, "PutRule", within=("eventBusName",)),
    aws.CLOUDWATCH_LOG_GROUP: AwsName("name", r"[\.\-_/#A-Za-z0-9]+", 512, "CreateLogGroup"),
    aws.CLOUDWATCH_METRIC_ALARM: AwsName("name", ANYTHING, 255, "PutMetricAlarm"),
    aws.COSTEXPLORER_ANOMALY_MONITOR: AwsName("name", ANYTHING, 1024, "CreateAnomalyMonitor", unique=Unique.ACCOUNT),
    aws.COSTEXPLORER_ANOMALY_SUBSCRIPTION: AwsName(
        "name", ANYTHING, 1024, "CreateAnomalySubscription", unique=Unique.ACCOUNT
    ),
    aws.DYNAMODB_TABLE: AwsName("name", DOTTED, 255, "CreateTable", shortest=3),
    aws.EC2_LAUNCH_TEMPLATE: AwsName("name", r"[A-Za-z0-9().\-/_]+", 128, "CreateLaunchTemplate", shortest=3),
    aws.EC2_SECURITY_GROUP: AwsName(
        "name", r"(?!sg-)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]+", 255, "CreateSecurityGroup", within=("vpcId",)
    ),
    aws.ECR_REPOSITORY: AwsName(
        "name",
        r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
        256,
        "CreateRepository",
        shortest=2,
    ),
    aws.EKS_ADDON: AwsName("addonName", ANYTHING, 255, "CreateAddon", within=("clusterName",)),
    aws.EKS_CLUSTER: AwsName("name", r"[0-9A-Za-z][A-Za-z0-9_-]*", 100, "CreateCluster"),
    aws.EKS_NODE_GROUP: AwsName(
        "nodeGroupName",
        r"[0-9A-Za-z][A-Za-z0-9_-]*",
        63,
        "EKS User Guide, create a managed node group",
        within=("clusterName",),
    ),
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP: AwsName(
        "globalReplicationGroupIdSuffix", HYPHENATED, 34, "CreateReplicationGroup, less the six that AWS puts before it"
    ),
    aws.ELASTICACHE_PARAMETER_GROUP: AwsName(
        "name", HYPHENATED, 255, "an assumption: as in CopyDBClusterParameterGroup"
    ),
    aws.ELASTICACHE_REPLICATION_GROUP: AwsName("replicationGroupId", HYPHENATED, 40, "CreateReplicationGroup"),
    aws.ELASTICACHE_SUBNET_GROUP: AwsName("name", r"[a-z0-9-]+", 255, "CreateCacheSubnetGroup"),
    aws.GRAFANA_WORKSPACE: AwsName("name", r"[a-zA-Z0-9-._~]+", 255, "CreateWorkspace (Grafana)"),
    aws.IAM_POLICY: AwsName("name", IAM, 128, "CreatePolicy", unique=Unique.ACCOUNT),
    aws.IAM_ROLE: AwsName("name", IAM, 64, "CreateRole", unique=Unique.ACCOUNT),
    aws.IAM_ROLE_POLICY: AwsName("name", IAM, 128, "PutRolePolicy", unique=Unique.ACCOUNT, within=("role",)),
    aws.KINESIS_STREAM: AwsName("name", DOTTED, 128, "CreateStream"),
    aws.KMS_ALIAS: AwsName("name", r"alias/(?!aws/)[a-zA-Z0-9/_-]+", 256, "CreateAlias"),
    aws.LB_LOAD_BALANCER: AwsName("name", BALANCER, 32, "CreateLoadBalancer"),
    aws.LB_TARGET_GROUP: AwsName("name", BALANCER, 32, "CreateTargetGroup"),
    aws.LAMBDA_FUNCTION: AwsName("name", r"[a-zA-Z0-9-_]+", 64, "CreateFunction"),
    aws.RDS_CLUSTER: AwsName("clusterIdentifier", HYPHENATED, 63, "CreateDBCluster"),
    aws.RDS_CLUSTER_INSTANCE: AwsName("identifier", HYPHENATED, 63, "CreateDBInstance"),
    aws.RDS_CLUSTER_PARAMETER_GROUP: AwsName("name", HYPHENATED, 255, "CopyDBClusterParameterGroup"),
    aws.RDS_GLOBAL_CLUSTER: AwsName(
        "globalClusterIdentifier", HYPHENATED, 63, "Aurora User Guide, quotas", unique=Unique.ACCOUNT
    ),
    aws.RDS_SUBNET_GROUP: AwsName("name", r"(?!default$)[a-z0-9 ._-]+", 255, "CreateDBSubnetGroup"),
    aws.RESILIENCEHUB_V2_POLICY: AwsName("name", RESILIENCE_HUB, 60, "CreatePolicy (Resilience Hub)", shortest=2),
    aws.RESILIENCEHUB_V2_SERVICE: AwsName("name", RESILIENCE_HUB, 60, "CreateService (Resilience Hub)", shortest=2),
    aws.RESILIENCEHUB_V2_SYSTEM: AwsName("name", RESILIENCE_HUB, 60, "CreateSystem (Resilience Hub)", shortest=2),
    aws.ROUTE53_RECORD: AwsName(
        "name",
        DOMAIN,
        255,
        "Route 53 Developer Guide, DNS domain name format",
        unique=Unique.ACCOUNT,
        within=("zoneId", "type", "setIdentifier"),
    ),
    aws.ROUTE53_ZONE: AwsName(
        "name", DOMAIN, 255, "Route 53 Developer Guide, DNS domain name format", unique=Unique.NOWHERE
    ),
    aws.S3_BUCKET: AwsName(
        "bucket", r"[a-z0-9][a-z0-9.-]*[a-z0-9]", 63, "S3 User Guide, bucket names", shortest=3, unique=Unique.ACCOUNT
    ),
    aws.SCHEDULER_SCHEDULE: AwsName(
        "name", r"[0-9a-zA-Z_.-]+", 64, "CreateSchedule (EventBridge Scheduler)", within=("groupName",)
    ),
    aws.SECRETSMANAGER_SECRET: AwsName("name", r"[A-Za-z0-9/_+=.@-]+", 512, "CreateSecret"),
    aws.SNS_TOPIC: AwsName("name", r"[A-Za-z0-9_-]+", 256, "CreateTopic"),
    aws.SQS_QUEUE: AwsName("name", r"[A-Za-z0-9_-]+(\.fifo)?", 80, "CreateQueue"),
    aws.SSM_PARAMETER: AwsName("name", r"/(?!aws|ssm)[A-Za-z0-9_./-]+", 1011, "PutParameter"),
    aws.WAFV2_WEB_ACL: AwsName("name", r"[\w-]+", 128, "CreateWebACL", within=("scope",)),
    aws.XRAY_GROUP: AwsName("groupName", ANYTHING, 32, "CreateGroup (X-Ray)"),
    aws.XRAY_SAMPLING_RULE: AwsName("ruleName", ANYTHING, 32, "CreateSamplingRule"),
}

NAMED_BY = {type_: name.property for type_, name in NAMES.items()}
"""Type -> the property without which the provider would make up a name."""
