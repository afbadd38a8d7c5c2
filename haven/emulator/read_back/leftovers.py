"""Every resource at an endpoint, by kind and name, to find what `destroy` leaves behind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.emulator.clients import Clients
from haven.emulator.subject import GLOBAL, Subject

_GONE = ("deleted", "deleting", "rejected", "failed", "expired")


def _any(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class _Listing:
    """One API call that lists one kind of resource."""

    kind: str
    service: str
    operation: str
    answer: str
    name: str
    """The field that holds the name; empty if the answer holds plain names."""
    exists: Callable[[Mapping[str, Any]], bool] = _any
    """Whether an item counts: deleted ones stay listed for a while."""
    is_global: bool = False
    """Whether one call lists the resources of all Regions."""


def _state(field: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda each: str(each.get(field, "")).lower() not in _GONE


_LISTINGS: Sequence[_Listing] = (
    _Listing("VPC", "ec2", "describe_vpcs", "Vpcs", "VpcId"),
    _Listing("subnet", "ec2", "describe_subnets", "Subnets", "SubnetId"),
    _Listing("route table", "ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    _Listing("internet gateway", "ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    _Listing("NAT gateway", "ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", _state("State")),
    _Listing("address", "ec2", "describe_addresses", "Addresses", "AllocationId"),
    _Listing("endpoint", "ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", _state("State")),
    _Listing("security group", "ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    _Listing("flow log", "ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    _Listing("launch template", "ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    _Listing(
        "peering",
        "ec2",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        lambda each: each["Status"]["Code"] not in _GONE,
    ),
    _Listing("EKS cluster", "eks", "list_clusters", "clusters", ""),
    _Listing("database cluster", "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    _Listing("database instance", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    _Listing("database subnet group", "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    _Listing(
        "database parameter group",
        "rds",
        "describe_db_cluster_parameter_groups",
        "DBClusterParameterGroups",
        "DBClusterParameterGroupName",
    ),
    _Listing(
        "global database",
        "rds",
        "describe_global_clusters",
        "GlobalClusters",
        "GlobalClusterIdentifier",
        is_global=True,
    ),
    _Listing("cache", "elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    _Listing("cache node", "elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
    _Listing(
        "cache subnet group", "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"
    ),
    _Listing(
        "cache parameter group",
        "elasticache",
        "describe_cache_parameter_groups",
        "CacheParameterGroups",
        "CacheParameterGroupName",
    ),
    _Listing("backup plan", "backup", "list_backup_plans", "BackupPlansList", "BackupPlanName"),
    _Listing("backup vault", "backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    _Listing("certificate", "acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    _Listing("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    _Listing("event bus", "events", "list_event_buses", "EventBuses", "Name"),
    _Listing("image repository", "ecr", "describe_repositories", "repositories", "repositoryName"),
    _Listing("load balancer", "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    _Listing("queue", "sqs", "list_queues", "QueueUrls", ""),
    _Listing("stream", "kinesis", "list_streams", "StreamNames", ""),
    _Listing("table", "dynamodb", "list_tables", "TableNames", ""),
    _Listing("target group", "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    _Listing("topic", "sns", "list_topics", "Topics", "TopicArn"),
    _Listing("trail", "cloudtrail", "list_trails", "Trails", "Name"),
    _Listing("bucket", "s3", "list_buckets", "Buckets", "Name", is_global=True),
    _Listing("alias of a key", "kms", "list_aliases", "Aliases", "AliasName"),
    _Listing("secret", "secretsmanager", "list_secrets", "SecretList", "Name"),
    _Listing("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    _Listing("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    _Listing("parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    _Listing("hosted zone", "route53", "list_hosted_zones", "HostedZones", "Name", is_global=True),
    _Listing("health check", "route53", "list_health_checks", "HealthChecks", "Id", is_global=True),
    _Listing("role", "iam", "list_roles", "Roles", "RoleName", is_global=True),
    _Listing(
        "instance profile", "iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName", is_global=True
    ),
)


def existing(url: str | None, regions: Sequence[str], marked: str = "") -> frozenset[Subject]:
    """Every resource in these Regions, except KMS keys that are pending deletion.

    Args:
        url: the endpoint of every service. None: AWS.
        regions: the Regions to read; global services are asked in the first one.
        marked: only what has this text in a name or a tag; keys are then found by their aliases. Omitted: everything.
    """
    clients = Clients(url, marked)
    return frozenset(_existing(clients, regions))


def _existing(clients: Clients, regions: Sequence[str]) -> Iterator[Subject]:
    for listing in _LISTINGS:
        for region in regions[:1] if listing.is_global else regions:
            for each in clients.listed(listing.service, region, listing.operation, listing.answer):
                if not listing.name or listing.exists(each):
                    name = each[listing.name] if listing.name else each
                    yield Subject(GLOBAL if listing.is_global else region, listing.kind, str(name))
    for region in regions:
        yield from _keys(clients, region)
        for each in clients.marked(clients.listed("wafv2", region, "list_web_acls", "WebACLs", Scope="REGIONAL")):
            yield Subject(region, "web ACL", each["Name"])


def _keys(clients: Clients, region: str) -> Iterator[Subject]:
    for each in clients.listed("kms", region, "list_keys", "Keys"):
        found = clients.of("kms", region).describe_key(KeyId=each["KeyId"])["KeyMetadata"]
        if found["KeyState"] != "PendingDeletion" and found.get("KeyManager") != "AWS":
            yield Subject(region, "key", each["KeyId"])
