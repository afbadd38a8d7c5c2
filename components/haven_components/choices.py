"""Choices that arguments of components offer. Pure data, for components and programs."""

from enum import StrEnum


class CacheEngine(StrEnum):
    """What serves the cache."""

    VALKEY = "valkey"
    REDIS = "redis"


class CacheEviction(StrEnum):
    """What gives way when memory is full."""

    VOLATILE_LRU = "volatile-lru"
    """The key with an expiry that was used least recently."""
    VOLATILE_LFU = "volatile-lfu"
    """The key with an expiry that is used least often."""
    VOLATILE_TTL = "volatile-ttl"
    """The key that would expire next."""
    VOLATILE_RANDOM = "volatile-random"
    """Any key with an expiry."""
    ALLKEYS_LRU = "allkeys-lru"
    """The key that was used least recently."""
    ALLKEYS_LFU = "allkeys-lfu"
    """The key that is used least often."""
    ALLKEYS_RANDOM = "allkeys-random"
    """Any key."""
    NOEVICTION = "noeviction"
    """Nothing: writes fail."""


class FlowLogTraffic(StrEnum):
    """Which traffic of a network is logged."""

    ALL = "ALL"
    """Everything: what a forensic investigation wants, at the price of every connection's record."""
    REJECT = "REJECT"
    """What security groups and network ACLs refused: what shows a wrong rule or a scan."""
    ACCEPT = "ACCEPT"
    """What they let through."""


class DatabaseStorage(StrEnum):
    """How Aurora charges for storage."""

    STANDARD = "aurora"
    """Reads and writes of storage are paid for one by one."""
    IO_OPTIMIZED = "aurora-iopt1"
    """Reads and writes of storage are included; instances and storage cost more."""


class TableConsistency(StrEnum):
    """When a write is there for readers in the other Region."""

    EVENTUAL = "EVENTUAL"
    """About a second later. Of two writes to one item, the last one wins."""
    STRONG = "STRONG"
    """Before it is confirmed. Needs a third Region."""


class TableKeyType(StrEnum):
    """What a key is made of."""

    TEXT = "S"
    """Text."""
    NUMBER = "N"
    """A number."""
    BYTES = "B"
    """Bytes."""


class CapacityMarket(StrEnum):
    """The kind of a capacity reservation."""

    ON_DEMAND = "on-demand"
    """An On-Demand Capacity Reservation: paid until it is given up."""
    CAPACITY_BLOCK = "capacity-block"
    """A Capacity Block for machine learning: bought in advance for a span of time."""


class TrainingCapacity(StrEnum):
    """Which nodes a training job takes."""

    ON_DEMAND = "on-demand"
    """On-demand and reserved nodes: nothing takes them away."""
    SPOT = "spot"
    """Spot nodes alone: cheaper, and reclaimed with a notice of 120 s. While there are none, the job waits."""
    SPOT_FIRST = "spot-first"
    """Spot nodes while there are any, else on-demand ones."""

    def takes(self, *, spot: bool) -> bool:
        """Whether it takes nodes that are spot instances, or those that aren't."""
        return self is TrainingCapacity.SPOT_FIRST or spot is (self is TrainingCapacity.SPOT)


class KubernetesUpgradePolicy(StrEnum):
    """What EKS does when a Kubernetes version's standard support ends."""

    STANDARD = "STANDARD"
    """It upgrades the control plane to the next version; extended support is never charged."""
    EXTENDED = "EXTENDED"
    """The cluster keeps its version for twelve more months, at a higher price an hour."""


class PodSecurityLevel(StrEnum):
    """What Kubernetes lets pods of a namespace ask for: its Pod Security Standards."""

    RESTRICTED = "restricted"
    """No root, no privileges, no access to the node."""
    BASELINE = "baseline"
    """Root in the container, but no known way to privileges on the node."""
    PRIVILEGED = "privileged"
    """Everything, the node's devices and files included."""


class ClusterAccessPolicy(StrEnum):
    """What a principal may do in the cluster: EKS's own access policies."""

    CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
    """Everything."""
    ADMIN = "AmazonEKSAdminPolicy"
    """Most things, but no change of the cluster's own resources."""
    EDIT = "AmazonEKSEditPolicy"
    """Change most resources."""
    VIEW = "AmazonEKSViewPolicy"
    """Read most resources."""
    ADMIN_VIEW = "AmazonEKSAdminViewPolicy"
    """Read all resources."""


class BalancerKind(StrEnum):
    """What the load balancer understands of its traffic."""

    APPLICATION = "application"
    """HTTP: redirects, firewall, slow start."""
    NETWORK = "network"
    """TLS connections, whatever is in them; no firewall and no redirect."""


class BalancerProtocol(StrEnum):
    """How targets are spoken to."""

    PLAIN = "plain"
    """HTTP, or TCP behind a network balancer: inside the VPC alone."""
    ENCRYPTED = "encrypted"
    """HTTPS, or TLS behind a network balancer; the target's certificate isn't verified (ELB)."""


class DnsRouting(StrEnum):
    """How clients are spread over the Regions. Each routing has its own name below the service's."""

    FAILOVER = "failover"
    """All of them go to the primary Region while it is healthy, else to the other one."""
    LATENCY = "latency"
    """Each goes to the nearest healthy Region."""


class BackupInterval(StrEnum):
    """How often a rule makes a backup."""

    HOURLY = "hourly"
    DAILY = "daily"
    MONTHLY = "monthly"


class GrafanaAuthentication(StrEnum):
    """What authenticates users."""

    IDENTITY_CENTER = "AWS_SSO"
    """IAM Identity Center, which the organization must have."""
    SAML = "SAML"
    """An identity provider other than AWS's."""


class ThreatFeature(StrEnum):
    """What GuardDuty reads beyond its own sources, each at an extra price (GuardDuty API Reference,
    DetectorFeatureConfiguration; read 2026-11-21)."""

    S3 = "S3_DATA_EVENTS"
    """Reads and writes of objects."""
    EKS = "EKS_AUDIT_LOGS"
    """Audit logs of EKS clusters, whether or not they are written to CloudWatch."""
    MALWARE = "EBS_MALWARE_PROTECTION"
    """Volumes of an instance or container of which something is suspected."""
    RDS = "RDS_LOGIN_EVENTS"
    """Logins to Aurora databases."""
    LAMBDA = "LAMBDA_NETWORK_LOGS"
    """Network activity of Lambda functions."""
    RUNTIME = "RUNTIME_MONITORING"
    """What processes do on instances and in clusters where GuardDuty's agent runs; the agent is not installed here."""


class AnomalyScope(StrEnum):
    """What the spending is compared with."""

    TAG = "tag"
    """What carries the tag, as a whole. Only an organization's management account, or one without an organization, can
    have such a monitor (AWS Cost Management User Guide; read 2026-11-21)."""
    SERVICES = "services"
    """Each AWS service of the account, apart. An account has one such monitor."""


class RecoveryApproach(StrEnum):
    """The standby for a disaster, as Resilience Hub calls it, from the least to the most (AWS Resilience Hub API,
    CreatePolicy; read 2026-11-26)."""

    BACKUP_AND_RESTORE = "BACKUP_AND_RESTORE"
    PILOT_LIGHT = "PILOT_LIGHT"
    WARM_STANDBY = "WARM_STANDBY"
    HOT_STANDBY = "HOT_STANDBY"
    ACTIVE_ACTIVE = "ACTIVE_ACTIVE"


class ModelLoader(StrEnum):
    """How a model's weights get from the bucket to the engine."""

    STREAMER = "runai_streamer"
    """The engine streams them from S3 into the GPU: vLLM's Run:ai Model Streamer, safetensors only."""
    MOUNTPOINT = "mountpoint"
    """The bucket is a read-only volume: Mountpoint for Amazon S3, of its EKS add-on. For every other engine."""


DEFAULT_THREAT_FEATURES = (ThreatFeature.S3, ThreatFeature.EKS, ThreatFeature.MALWARE, ThreatFeature.RDS)
"""What GuardDuty reads where `threat_features` is omitted."""
DEFAULT_BACKUP_SERVICES = ("Aurora", "DynamoDB", "EBS", "S3")
"""The services whose resources AWS Backup may choose by tags where `backup_services` is omitted."""
DEFAULT_CONTROL_PLANE_LOGS = ("api", "audit", "authenticator")
"""The logs of a control plane where `log_types` is omitted."""
DEFAULT_DAILY_TYPES = ("AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::EC2::Volume")
"""The resource types that AWS Config records once a day where `daily_types` is omitted."""
