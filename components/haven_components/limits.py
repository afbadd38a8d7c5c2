"""What AWS accepts, each limit once, with its source and the day it was read. Pure data, for components and programs.

"Haven's own" marks a bound that AWS doesn't set.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import NamedTuple

from haven_components.names import INDEPENDENT_GROUP_SUFFIX, region_code


class Range(NamedTuple):
    """Whole numbers, both ends included."""

    least: int
    most: int

    def holds(self, value: float) -> bool:
        """Whether a value is one of them."""
        return value == int(value) and self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"


DAYS_IN_TEN_YEARS = 3650
PORT = Range(1, 65535)
FEWEST_SUBNETS = 2
"""A load balancer, a database and a cache each need subnets in two zones (the services' user guides)."""

SERVICE_PRINCIPAL = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.amazonaws\.com")
"""How policies name AWS services, such as `cloudtrail.amazonaws.com`."""

# Network

ZONES = Range(2, 3)
"""Haven's own: two zones survive the loss of one, and the address plan has room for three."""
VPC_PREFIX = Range(16, 22)
"""The largest VPC is a /16 (VPC User Guide, VPC CIDR blocks; read 2026-11-21). A /22 is Haven's own: its public subnets
are /27, the smallest that a load balancer accepts (Elastic Load Balancing guide, subnets for your load balancer; read
2026-11-21), its private ones /24: nodes and pods share those."""
EXISTING_VPC_PREFIX = Range(16, 28)
"""Any VPC's block (VPC User Guide, VPC CIDR blocks; read 2026-11-26)."""

VPC_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Private ranges: RFC 1918, and RFC 6598, which AWS accepts as a VPC's first block too (VPC User Guide, VPC CIDR
blocks: only associating blocks of different ranges with one VPC is restricted; read 2026-11-26)."""

SECURITY_GROUP_RULES = 60
"""Inbound rules of a group by default, adjustable (VPC User Guide, Amazon VPC quotas; read 2026-11-26)."""

# Cluster

SERVICE_PREFIX = Range(12, 24)
SERVICE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Blocks of Kubernetes services (EKS API Reference, KubernetesNetworkConfigRequest; read 2026-11-26)."""
PUBLIC_ACCESS_CIDRS = 40
"""Public endpoint access CIDR ranges of a cluster, not adjustable (EKS User Guide, service quotas; read 2026-11-26)."""
NODE_DISK_GIB = Range(20, 16384)
"""Haven's own: room for images, within what gp3 volumes can have, 1 to 65,536 GiB (EC2 API, EbsBlockDevice, VolumeSize;
read 2026-11-25)."""
GP3_THROUGHPUT_MIBPS = Range(125, 1000)
"""EBS goes to 2,000 (EC2 API, LaunchTemplateEbsBlockDeviceRequest, read 2026-11-26); provider 5.100 refuses more
than 1,000 in a launch template."""
GP3_IOPS = Range(3000, 80000)
"""EC2 API, LaunchTemplateEbsBlockDeviceRequest, read 2026-11-26."""
GP3_IOPS_PER_GIB = 500
GP3_IOPS_PER_MIBPS = 4
"""The most IOPS for each GiB, and the fewest for each MiB/s (EBS User Guide, gp3 volumes, read 2026-11-26)."""
NODE_LABEL_PREFIXES = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")
"""What no label of a node group may contain before its name: CreateNodegroup answers "Label cannot contain reserved
prefixes" (eksctl-io/eksctl#4007, awsdocs/amazon-eks-user-guide#86; read 2026-11-26)."""
NODE_LABEL_CHARACTERS = 63
"""Of a label's key with its prefix, and of its value, which is never empty (botocore's model of EKS, labelKey and
labelValue; aws-controllers-k8s/community#2208; read 2026-11-26)."""
NODE_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
NODE_LABEL_KEY = re.compile(
    rf"(?![a-z0-9.-]*({'|'.join(map(re.escape, NODE_LABEL_PREFIXES))}))([a-z0-9.-]+/)?" + NODE_LABEL_VALUE.pattern
)
NODE_GROUP_NAME_CHARACTERS = 63
"""EKS API, CreateNodegroup; read 2026-11-21."""

# Workloads

KUBERNETES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Names of namespaces, service accounts and their like (Kubernetes documentation, RFC 1123 labels; read 2026-11-26)."""

# Database

DATABASE_NAME_CHARACTERS = 50
"""Of a `GlobalDatabase`. RDS identifiers have at most 63 characters (CreateDBInstance; read 2026-11-21): a Region's
code and an instance's number take up to 11, the role of enhanced monitoring stays below IAM's 64."""
DATABASE_INSTANCES = 15
"""A cluster has a writer and up to 15 readers; a secondary of a global cluster has no writer of its own, and one place
stays free for the instance that a promotion or a repair adds."""
DATABASE_BACKUP_DAYS = Range(1, 35)
"""RDS API, CreateDBCluster, BackupRetentionPeriod; read 2026-11-25."""
DATABASE_RPO_SECONDS = Range(20, 2147483647)
"""Aurora User Guide, managing RPOs for Aurora PostgreSQL-based global databases; read 2026-11-21."""
DATABASE_MONITORING_SECONDS = (0, 1, 5, 10, 15, 30, 60)
"""CreateDBInstance, MonitoringInterval; read 2026-11-21."""
DATABASE_RESERVED_USERS = ("admin", "rdsadmin")
"""Names that RDS or the engine reserves."""
DATABASE_RESERVED_NAMES = ("postgres", "rdsadmin", "template0", "template1")
"""Databases that every PostgreSQL cluster of RDS already has."""
DATABASE_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""Names of databases and users; PostgreSQL truncates longer ones."""
DATABASE_ENGINE_VERSION = re.compile(r"1[3-9]\.\d{1,2}")
"""A major and a minor version of Aurora PostgreSQL."""
DATABASE_INSTANCE_CLASS = re.compile(r"db\.(?!t\d|serverless)[a-z0-9-]+\.\d*x?large")
"""A global database takes no burstable instance classes (Aurora User Guide, limitations; read 2026-11-21)."""

# Cache

CACHE_IDENTIFIER_CHARACTERS = 40
"""Of a replication group (CreateReplicationGroup; read 2026-11-21). That a Global Datastore's identifier has the same
limit is an assumption: the API names none."""
_DATASTORE_CHARACTERS = len("ldgnf-") + len("-global")
"""AWS prefixes the name of a Global Datastore with five letters and a hyphen, the Region's own."""
CACHE_SHARDS = Range(1, 500)
CACHE_REPLICAS = Range(1, 5)
CACHE_SNAPSHOT_DAYS = Range(1, 35)
"""CreateReplicationGroup and its documentation in the AWS provider; read 2026-11-21. Without a replica a shard doesn't
survive the loss of its zone: the least is Haven's own."""
CACHE_NODE_TYPE = re.compile(r"cache\.(?:(?:m|r)(?:[5-9]|\d\d)[a-z]*|c7gn)\.\d*x?large")
"""Global Datastores take nodes of M5, R5 and newer, size large and up (ElastiCache User Guide, prerequisites and
limitations of global datastores; read 2026-11-21)."""
CACHE_ENGINE_VERSIONS: Mapping[str, tuple[str, str, str]] = {
    "valkey": (r"7\.2|8\.[0-2]", "7.2, 8.0, 8.1 or 8.2", "8.0"),
    "redis": (r"7\.[01]", "7.0 or 7.1", "7.1"),
}
"""Engine -> pattern of the versions with the parameter group families that Haven uses, the same in words, an example
(ElastiCache User Guide, engine versions; read 2026-11-26. Valkey 9.0 and 9.1 are not among them: their parameter group
family was not verified)."""

# Tables

TABLE_NAME_CHARACTERS = Range(3, 255)
"""Names of tables and indexes (DynamoDB API, CreateTable; read 2026-11-21)."""
TABLE_ATTRIBUTE_CHARACTERS = Range(1, 255)
"""Names of attributes that are keys (the same page)."""
TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
TABLE_INDEXES = 20
TABLE_INDEX_ATTRIBUTES = 20
TABLE_INDEX_ATTRIBUTES_IN_ALL = 100
"""Global secondary indexes of a table, and attributes projected into one and into all of them beside the keys (DynamoDB
Developer Guide, quotas; read 2026-11-21)."""
STRONG_CONSISTENCY_REGIONS = (
    ("us-east-1", "us-east-2", "us-west-2"),
    ("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    ("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
)
"""Strong consistency needs three Regions of one set (CloudFormation, AWS::DynamoDB::GlobalTable; read 2026-11-21)."""

# Buckets

BUCKET_NAME_CHARACTERS = 63
BUCKET_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]+")
OBJECT_LOCK_DAYS = Range(1, 36500)
"""Bucket names and default retention (S3 User Guide, read 2026-11-21)."""
ACCESS_POINT_NAME_CHARACTERS = Range(3, 50)
"""Names of Multi-Region Access Points (S3 API Reference, CreateMultiRegionAccessPointInput; read 2026-11-21)."""

# Images

REPOSITORY_NAME_CHARACTERS = 256
"""ECR API, CreateRepository; read 2026-11-21."""
REPOSITORY_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
UNTAGGED_IMAGE_DAYS = Range(1, DAYS_IN_TEN_YEARS)
"""Ten years are Haven's own."""
KEPT_IMAGES = Range(1, 20000)
"""A repository holds at most 20,000 images (ECR quotas, read 2026-11-21)."""
IMAGE_PREFIXES = Range(1, 100)
"""Filters in one replication rule of ECR (ECR User Guide, private image replication; read 2026-11-21)."""
IMAGE_PREFIX = re.compile(r"(?=.{2,256}$)([a-z0-9]+([._-][a-z0-9]*)*/)*[a-z0-9]*([._-][a-z0-9]*)*")
"""ECR API Reference, RepositoryFilter; read 2026-11-21."""

# Queues

QUEUE_VISIBILITY_SECONDS = Range(0, 43200)
DEAD_LETTER_RETENTION_SECONDS = 1209600
QUEUE_RETENTION_SECONDS = Range(60, DEAD_LETTER_RETENTION_SECONDS - 86400)
"""SQS retains a message for at most 14 days (SQS API, CreateQueue; read 2026-11-21). A failed message keeps its age
when it moves, so the last of those days is left for whoever looks at the dead letters."""
QUEUE_RECEIVES = Range(1, 1000)
"""The same page, maxReceiveCount."""
QUEUE_AGE_ALARM_SECONDS = Range(1, QUEUE_RETENTION_SECONDS.most)
STREAM_RETENTION_HOURS = Range(24, 8760)
"""Kinesis Data Streams quotas; read 2026-11-21."""
BUS_ARCHIVE_DAYS = Range(1, DAYS_IN_TEN_YEARS)
"""EventBridge sets no end; ten years are Haven's own."""
BUFFER_NAME_CHARACTERS = 62
"""Of a `RequestBuffer`. Names of queues have at most 80 characters (SQS API, CreateQueue; read 2026-11-21), 18 of them
the longest suffix."""
BUFFER_WITH_BUS_NAME_CHARACTERS = 40
"""Names of archives have at most 48 characters (EventBridge API, CreateArchive; read 2026-11-21), eight of them the
suffix."""

# Secrets and keys

SECRET_GENERATED_CHARACTERS = Range(16, 4096)
"""Haven's own: 16 letters and digits hold 95 bits, and 4,096 is more than anybody types."""
CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""Everything that a control plane can log (EKS User Guide, control plane logs, read 2026-11-21)."""
CONFIG_TYPE = re.compile(r"AWS::(?!Config::)[A-Za-z0-9]+::[A-Za-z0-9]+")
"""AWS Config records its own types continuously only (AWS Config API, RecordingModeOverride, read 2026-11-26)."""
FLOW_LOG_SECONDS = (60, 600)
"""The longest times that a record of VPC flow logs may cover (EC2 API, CreateFlowLogs, read 2026-11-26)."""
PARAMETER_LEVELS = 15
PARAMETER_REFERENCE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
"""Of a parameter's name, and what no value may contain: it would refer to another parameter (Systems Manager API,
PutParameter, Name and Value; read 2026-11-26)."""
PARAMETER_CHARACTERS = 8192
"""Of an advanced parameter (Systems Manager quotas, read 2026-11-21)."""
SECRET_VALUE_BYTES = 65536
"""Secrets Manager quotas, read 2026-11-21."""
_HOUR = r"([01]?\d|2[0-3])"
_HOURS = rf"(\*|{_HOUR}(-{_HOUR})?)(/{_HOUR})?"
SECRET_ROTATION_SCHEDULE = re.compile(
    r"rate\(([1-9]\d{0,2} days?|([4-9]|[1-9]\d{1,3}) hours)\)"
    rf"|cron\(0 {_HOURS}(,{_HOURS})* [0-9L?*/,-]+ [0-9A-Z*/,-]+ [0-9A-Z#?*/,-]+ \*\)"
)
ROTATION_SCHEDULE_WORDS = (
    "rate(N days) with 1 to 999, rate(N hours) with 4 or more, or cron(0 HOURS DAY MONTH WEEKDAY *)"
)
"""Every four hours at most, every 999 days at least; a cron expression has 0 minutes and any year (Secrets Manager
User Guide, schedule expressions in Secrets Manager rotation; read 2026-11-26). Beyond 9,999 hours nobody counts them:
Haven's own."""
LEAST_ROTATION_HOURS = 4
"""You can rotate a secret as often as every four hours (the same page)."""
KEY_DELETION_DAYS = Range(7, 30)
"""KMS API, ScheduleKeyDeletion; read 2026-11-21."""

FUNCTION_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:(\$LATEST|[A-Za-z0-9_-]+))?"
)
"""Of a function, a version or an alias (botocore's model of Lambda, FunctionArn; read 2026-11-26)."""
CERTIFICATE_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")
"""ACM API Reference, RequestCertificate, CertificateArn; read 2026-11-26."""

# Roles

PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+")
ROLE_SESSION_HOURS = Range(1, 12)
"""IAM API, CreateRole, MaxSessionDuration: 3,600 to 43,200 seconds (botocore's model of IAM; read 2026-11-26)."""

# Backups

BACKUP_HOUR_STEPS = (1, 2, 3, 4, 6, 8, 12)
"""Hours between backups that divide a day, so that the distance is the same over midnight."""

BACKUP_START_WINDOW_MINUTES = 60
"""The shortest start window (AWS Backup API Reference, BackupRuleInput; read 2026-11-21). It is a part of the recovery
point objective."""
BACKUP_RETENTION_DAYS = Range(1, 36500)
"""A hundred years (AWS Backup API Reference, PutBackupVaultLockConfiguration; read 2026-11-21)."""
BACKUP_RULE_NAME_CHARACTERS = 50
"""AWS Backup API Reference, BackupRuleInput; read 2026-11-21."""
VAULT_LOCK_COOLING_OFF_DAYS = Range(3, 36500)
"""AWS Backup API Reference, PutBackupVaultLockConfiguration, ChangeableForDays; read 2026-11-21."""
RESTORE_VALIDATION_HOURS = Range(1, 168)
"""AWS Backup API Reference, RestoreTestingSelectionForCreate; read 2026-11-21."""
RESTORABLE_TYPES = ("Aurora", "DynamoDB", "EBS", "EC2", "EFS", "RDS", "S3")
"""Types of Haven's stores that restore testing supports (AWS Backup Developer Guide, restore testing; read 2026-11-21),
under their names in recovery points."""
BACKUP_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,49}")
"""Keys of the map of services (AWS Backup API Reference, DescribeRegionSettings; read 2026-11-21); some have blanks."""

# Load balancers and DNS

BALANCER_NAME_CHARACTERS = 29
"""Of an `EdgeBalancer`. Names of load balancers and target groups have at most 32 characters (ELB API Reference, read
2026-11-21); the target group's suffix takes three."""
BALANCER_RATE_LIMIT = Range(10, 2_000_000_000)
"""Requests of one address in five minutes (AWS WAF Developer Guide, rate-based rules; read 2026-11-21)."""
CANARY_PERCENT = Range(0, 100)
"""Of weights that ELB takes, 0 to 999 (ELB API Reference, TargetGroupTuple; read 2026-11-26), those that are
percentages."""
BALANCER_IDLE_TIMEOUT_SECONDS = Range(1, 4000)
BALANCER_DEREGISTRATION_SECONDS = Range(0, 3600)
BALANCER_SLOW_START_SECONDS = Range(30, 900)
BALANCER_HEALTH_INTERVAL_SECONDS = Range(5, 300)
BALANCER_HEALTH_ANSWERS = Range(2, 10)
BALANCER_HEALTH_PATH_CHARACTERS = 1024
"""ELB API Reference, CreateTargetGroup, TargetGroupAttribute and LoadBalancerAttribute; read 2026-11-21."""
ENDPOINT_PATH_CHARACTERS = 255
ENDPOINT_SEARCH_CHARACTERS = 255
"""Route 53 API, HealthCheckConfig, ResourcePath and SearchString; read 2026-11-25."""
CERTIFICATE_NAME_CHARACTERS = 64
"""Of the first name in a certificate, its common name (ACM API, RequestCertificate, DomainName; read 2026-11-26)."""
DNS_NAME_CHARACTERS = 253
DNS_TTL_SECONDS = Range(1, 60)
"""With health checks, Route 53 recommends 60 s or less (Route 53 Developer Guide, values of failover records; read
2026-11-21): what resolvers keep longer keeps traffic in a dead Region."""

# Observability

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""CloudWatch Logs API, PutRetentionPolicy; read 2026-11-21."""
ALARM_NAME_CHARACTERS = 255
"""CloudWatch API, PutMetricAlarm; read 2026-11-21."""
ALARM_ACTIONS = 5
"""The same API; read 2026-11-25."""
COMPOSITE_ALARM_CHILDREN = 100
COMPOSITE_ALARM_RULE_CHARACTERS = 10_240
"""CloudWatch API, PutCompositeAlarm; read 2026-11-21."""


MANAGED_POLICY_CHARACTERS = 6_144
MANAGED_POLICIES_OF_A_ROLE = 10
"""IAM and AWS STS quotas; white space isn't counted, and the second is the default; read 2026-11-26."""


class Threshold(NamedTuple):
    """A threshold of `Observability`."""

    default: int
    range: Range


WATCH_THRESHOLDS: Mapping[str, Threshold] = {
    "database_lag_milliseconds": Threshold(5_000, Range(1, 86_400_000)),
    "cache_lag_seconds": Threshold(5, Range(1, 86_400)),
    "cache_cpu_percent": Threshold(90, Range(1, 100)),
    "bucket_lag_seconds": Threshold(900, Range(1, 86_400)),
    "table_lag_milliseconds": Threshold(5_000, Range(1, 86_400_000)),
    "queue_age_seconds": Threshold(300, Range(1, 1_209_600)),
    "error_percent": Threshold(5, Range(1, 100)),
    "latency_p99_milliseconds": Threshold(5_000, Range(1, 3_600_000)),
    "gpu_percent": Threshold(95, Range(1, 100)),
    "restarts": Threshold(5, Range(1, 10_000)),
}
"""Haven's own: the default of each threshold, and the values that make sense."""

# Cost

BUDGET_NOTIFICATIONS = 10
BUDGET_EMAILS = 10
"""Of a budget, and of each of its notifications (AWS Budgets API Reference, Notification; read 2026-11-21)."""

# Faults and recovery plans

FAULT_DURATION_MINUTES = Range(1, 720)
"""FIS User Guide, quotas, longest action; that it still is twelve hours is an assumption."""
FAULT_STOP_CONDITIONS = 5
"""Of one template (FIS User Guide, quotas; read 2026-11-21)."""
LAMBDA_VARIABLES_BYTES = 4096
"""All environment variables of a function together (Lambda Developer Guide, quotas; read 2026-11-26)."""
LAMBDA_EVENT_AGE_SECONDS = 60
"""The least that asynchronous events of a function, and targets of a schedule, may be kept for (Lambda API,
PutFunctionEventInvokeConfig; EventBridge Scheduler API, RetryPolicy; read 2026-11-26)."""
SCHEDULE_PRECISION_SECONDS = 60
"""A schedule starts its target at any moment of the minute that it is due in, so two starts of one that is due each
minute are up to 119 s apart (EventBridge Scheduler User Guide, schedule types; read 2026-11-27)."""
RECOVERY_RTO_SECONDS = Range(60, 10080 * 60)
"""A plan's recovery time objective is 1 to 10,080 minutes (ARC Region switch API Reference, CreatePlan; read
2026-11-21)."""
RESILIENCE_HUB_NAME = Range(2, 60)
"""Characters of the name of a policy, a system and a service of Resilience Hub (AWS Resilience Hub API, CreatePolicy,
CreateSystem, CreateService; read 2026-11-26)."""
RESILIENCE_HUB_TAGS = Range(1, 10)
"""Tags of an input source, and values of each (AWS Resilience Hub API, CreateInputSource; read 2026-11-26)."""


def cache_name_characters(regions: Sequence[str]) -> int:
    """The longest name that a `GlobalCache` may have in these Regions."""
    longest_code = max(len(region_code(region)) for region in regions)
    return CACHE_IDENTIFIER_CHARACTERS - max(1 + longest_code + len(INDEPENDENT_GROUP_SUFFIX), _DATASTORE_CHARACTERS)
