"""What AWS takes for a name, type by type, and within what such a name has to be unique.

Lengths and characters are those of AWS's own service models, as boto3 carries them, where these have any; else of the
page that is named. All read 2026-11-21.
"""

from dataclasses import dataclass
from enum import Enum

ANYTHING = r"[\S\s]*"
DOTTED = r"[A-Za-z0-9_.-]+"
EVENTS = r"[\.\-_A-Za-z0-9]+"
HYPHENATED = r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]*(?<!-)"
"""A letter first, no two hyphens in a row and none at the end."""
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
    "aws:accessanalyzer/analyzer:Analyzer": AwsName("analyzerName", r"[A-Za-z_][A-Za-z0-9_.-]*", 255, "CreateAnalyzer"),
    "aws:amp/workspace:Workspace": AwsName("alias", ANYTHING, 100, "CreateWorkspace (Prometheus)"),
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": AwsName(
        "name", r"[0-9A-Za-z][-.0-9A-Z_a-z]*", 128, "CreateRuleGroupsNamespace", within=("workspaceId",)
    ),
    "aws:arcregionswitch/plan:Plan": AwsName(
        "name", r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?", 32, "CreatePlan (ARC Region switch)", unique=Unique.ACCOUNT
    ),
    "aws:autoscaling/tag:Tag": AwsName(
        "autoscalingGroupName", ANYTHING, 255, "CreateAutoScalingGroup", unique=Unique.NOWHERE
    ),
    "aws:backup/plan:Plan": AwsName("name", r"[A-Za-z0-9_.-]+", 50, "AWS Backup, BackupPlanInput"),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": AwsName(
        "name", r"\w+", 50, "AWS Backup, RestoreTestingPlanForCreate"
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": AwsName(
        "name", r"\w+", 50, "AWS Backup, RestoreTestingSelectionForCreate", within=("restoreTestingPlanName",)
    ),
    "aws:backup/selection:Selection": AwsName("name", r"[A-Za-z0-9_.-]+", 50, "CreateBackupSelection"),
    "aws:backup/vault:Vault": AwsName("name", r"[A-Za-z0-9_-]+", 50, "CreateBackupVault", shortest=2),
    "aws:budgets/budget:Budget": AwsName("name", r"[^:\\]+", 100, "CreateBudget", unique=Unique.ACCOUNT),
    "aws:cfg/deliveryChannel:DeliveryChannel": AwsName("name", ANYTHING, 256, "PutDeliveryChannel"),
    "aws:cfg/recorder:Recorder": AwsName("name", ANYTHING, 256, "PutConfigurationRecorder"),
    "aws:cloudtrail/trail:Trail": AwsName(
        "name", r"[A-Za-z0-9](?!.*[._-]{2})[A-Za-z0-9._-]*[A-Za-z0-9]", 128, "CreateTrail", shortest=3
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": AwsName("alarmName", ANYTHING, 255, "PutCompositeAlarm"),
    "aws:cloudwatch/dashboard:Dashboard": AwsName(
        "dashboardName", r"[A-Za-z0-9_-]+", 255, "PutDashboard", unique=Unique.ACCOUNT
    ),
    "aws:cloudwatch/eventArchive:EventArchive": AwsName("name", EVENTS, 48, "CreateArchive"),
    "aws:cloudwatch/eventBus:EventBus": AwsName("name", r"[/\.\-_A-Za-z0-9]+", 256, "CreateEventBus"),
    "aws:cloudwatch/eventRule:EventRule": AwsName("name", EVENTS, 64, "PutRule", within=("eventBusName",)),
    "aws:cloudwatch/logGroup:LogGroup": AwsName("name", r"[\.\-_/#A-Za-z0-9]+", 512, "CreateLogGroup"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": AwsName("name", ANYTHING, 255, "PutMetricAlarm"),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": AwsName(
        "name", ANYTHING, 1024, "CreateAnomalyMonitor", unique=Unique.ACCOUNT
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": AwsName(
        "name", ANYTHING, 1024, "CreateAnomalySubscription", unique=Unique.ACCOUNT
    ),
    "aws:dynamodb/table:Table": AwsName("name", DOTTED, 255, "CreateTable", shortest=3),
    "aws:ec2/launchTemplate:LaunchTemplate": AwsName(
        "name", r"[A-Za-z0-9().\-/_]+", 128, "CreateLaunchTemplate", shortest=3
    ),
    "aws:ec2/securityGroup:SecurityGroup": AwsName(
        "name", r"(?!sg-)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]+", 255, "CreateSecurityGroup", within=("vpcId",)
    ),
    "aws:ecr/repository:Repository": AwsName(
        "name",
        r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
        256,
        "CreateRepository",
        shortest=2,
    ),
    "aws:eks/addon:Addon": AwsName("addonName", ANYTHING, 255, "CreateAddon", within=("clusterName",)),
    "aws:eks/cluster:Cluster": AwsName("name", r"[0-9A-Za-z][A-Za-z0-9_-]*", 100, "CreateCluster"),
    "aws:eks/nodeGroup:NodeGroup": AwsName(
        "nodeGroupName",
        r"[0-9A-Za-z][A-Za-z0-9_-]*",
        63,
        "EKS User Guide, create a managed node group",
        within=("clusterName",),
    ),
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": AwsName(
        "globalReplicationGroupIdSuffix", HYPHENATED, 34, "CreateReplicationGroup, less the six that AWS puts before it"
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": AwsName(
        "name", HYPHENATED, 255, "an assumption: as in CopyDBClusterParameterGroup"
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": AwsName(
        "replicationGroupId", HYPHENATED, 40, "CreateReplicationGroup"
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": AwsName("name", r"[a-z0-9-]+", 255, "CreateCacheSubnetGroup"),
    "aws:grafana/workspace:Workspace": AwsName("name", r"[a-zA-Z0-9-._~]+", 255, "CreateWorkspace (Grafana)"),
    "aws:iam/role:Role": AwsName("name", IAM, 64, "CreateRole", unique=Unique.ACCOUNT),
    "aws:iam/rolePolicy:RolePolicy": AwsName(
        "name", IAM, 128, "PutRolePolicy", unique=Unique.ACCOUNT, within=("role",)
    ),
    "aws:kinesis/stream:Stream": AwsName("name", DOTTED, 128, "CreateStream"),
    "aws:kms/alias:Alias": AwsName("name", r"alias/(?!aws/)[a-zA-Z0-9/_-]+", 256, "CreateAlias"),
    "aws:lb/loadBalancer:LoadBalancer": AwsName("name", BALANCER, 32, "CreateLoadBalancer"),
    "aws:lb/targetGroup:TargetGroup": AwsName("name", BALANCER, 32, "CreateTargetGroup"),
    "aws:rds/cluster:Cluster": AwsName("clusterIdentifier", HYPHENATED, 63, "CreateDBCluster"),
    "aws:rds/clusterInstance:ClusterInstance": AwsName("identifier", HYPHENATED, 63, "CreateDBInstance"),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": AwsName(
        "name", HYPHENATED, 255, "CopyDBClusterParameterGroup"
    ),
    "aws:rds/globalCluster:GlobalCluster": AwsName(
        "globalClusterIdentifier", HYPHENATED, 63, "Aurora User Guide, quotas", unique=Unique.ACCOUNT
    ),
    "aws:rds/subnetGroup:SubnetGroup": AwsName("name", r"(?!default$)[a-z0-9 ._-]+", 255, "CreateDBSubnetGroup"),
    "aws:resiliencehub/resiliencyPolicy:ResiliencyPolicy": AwsName(
        "name", r"[A-Za-z0-9][A-Za-z0-9_-]*", 60, "CreateResiliencyPolicy", shortest=2
    ),
    "aws:route53/record:Record": AwsName(
        "name",
        DOMAIN,
        255,
        "Route 53 Developer Guide, DNS domain name format",
        unique=Unique.ACCOUNT,
        within=("zoneId", "type", "setIdentifier"),
    ),
    "aws:route53/zone:Zone": AwsName(
        "name", DOMAIN, 255, "Route 53 Developer Guide, DNS domain name format", unique=Unique.NOWHERE
    ),
    "aws:s3/bucket:Bucket": AwsName(
        "bucket", r"[a-z0-9][a-z0-9.-]*[a-z0-9]", 63, "S3 User Guide, bucket names", shortest=3, unique=Unique.ACCOUNT
    ),
    "aws:secretsmanager/secret:Secret": AwsName("name", r"[A-Za-z0-9/_+=.@-]+", 512, "CreateSecret"),
    "aws:sns/topic:Topic": AwsName("name", r"[A-Za-z0-9_-]+", 256, "CreateTopic"),
    "aws:sqs/queue:Queue": AwsName("name", r"[A-Za-z0-9_-]+(\.fifo)?", 80, "CreateQueue"),
    "aws:ssm/parameter:Parameter": AwsName("name", r"/(?!aws|ssm)[A-Za-z0-9_./-]+", 1011, "PutParameter"),
    "aws:wafv2/webAcl:WebAcl": AwsName("name", r"[\w-]+", 128, "CreateWebACL", within=("scope",)),
    "aws:xray/group:Group": AwsName("groupName", ANYTHING, 32, "CreateGroup (X-Ray)"),
    "aws:xray/samplingRule:SamplingRule": AwsName("ruleName", ANYTHING, 32, "CreateSamplingRule"),
}

NAMED_BY = {type_: name.property for type_, name in NAMES.items()}
"""Type -> the property without which the provider would make up a name."""
