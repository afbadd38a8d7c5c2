"""What is really there, read with boto3 from each Region, as the facts that `planned` expects."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from haven.emulator import expected
from haven.emulator.expected import GLOBAL, Fact

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"total_max_attempts": 2},
    proxies={},  # none, whatever the environment says: it is on this machine
    s3={"addressing_style": "path"},
)
_AWS_OWN_ALIASES = "alias/aws/"


@cache
def _session() -> Any:
    """One for all: what it has read of a service's model is read once."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106  nobody checks it


class Clients:
    """boto3 clients of one endpoint, made once for each service and Region."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: dict[tuple[str, str], Any] = {}

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a Region."""
        key = (service, region)
        if key not in self._made:
            self._made[key] = _session().client(service, region, endpoint_url=self._url, config=_CONFIG)
        return self._made[key]

    def listed(self, service: str, region: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        """Every item of a listing, all its pages."""
        client = self.of(service, region)
        if not client.can_paginate(operation):
            return list(getattr(client, operation)(**arguments).get(answer) or [])
        pages = client.get_paginator(operation).paginate(**arguments)
        return [each for page in pages for each in page.get(answer) or []]


def facts(url: str, regions: Sequence[str]) -> dict[Fact, str]:
    """Everything that can be told of what is there at this endpoint, in these Regions.

    Args:
        url: where every service answers.
        regions: the first one is asked for what has only one place.
    """
    clients = Clients(url)
    networks = {
        vpc["VpcId"]: str(vpc["CidrBlock"])
        for region in regions
        for vpc in clients.listed("ec2", region, "describe_vpcs", "Vpcs")
    }
    told = {fact: text for region in regions for fact, text in _Region(clients, region, networks).facts()}
    return told | dict(_global(clients, regions[0]))


class _Region:
    def __init__(self, clients: Clients, region: str, networks: Mapping[str, str]) -> None:
        self._clients = clients
        self._region = region
        self._networks_everywhere = networks
        """Id of each VPC, whatever its Region, to its block."""

    def facts(self) -> Iterator[tuple[Fact, str]]:
        for part in (
            self._networks,
            self._peering,
            self._clusters,
            self._database_members,
            self._caches,
            self._buckets,
            self._keys,
            self._secrets,
            self._alarms,
            self._parameters,
            self._log_groups,
        ):
            yield from part()

    def _fact(self, about: str, name: str) -> Fact:
        return Fact(self._region, about, name)

    def _list(self, service: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        return self._clients.listed(service, self._region, operation, answer, **arguments)

    def _networks(self) -> Iterator[tuple[Fact, str]]:
        vpcs = [each for each in self._list("ec2", "describe_vpcs", "Vpcs") if not each.get("IsDefault")]
        subnets = self._list("ec2", "describe_subnets", "Subnets")
        gateways = self._list("ec2", "describe_nat_gateways", "NatGateways")
        endpoints = self._list("ec2", "describe_vpc_endpoints", "VpcEndpoints")
        logs = self._list("ec2", "describe_flow_logs", "FlowLogs")
        zone_of = {each["SubnetId"]: each["AvailabilityZone"] for each in subnets}
        for vpc in vpcs:
            name, identifier = vpc["CidrBlock"], vpc["VpcId"]
            here = Counter(each["AvailabilityZone"] for each in subnets if each["VpcId"] == identifier)
            yield self._fact("subnets", name), expected.counted(here)
            held = Counter(
                zone_of.get(each["SubnetId"], "an unknown zone")
                for each in gateways
                if each["VpcId"] == identifier and each["State"] == "available"
            )
            yield self._fact("NAT gateways", name), expected.counted(held)
            kinds = Counter(each["VpcEndpointType"] for each in endpoints if each["VpcId"] == identifier)
            yield self._fact("endpoints", name), expected.counted(kinds)
            traffic = [each["TrafficType"] for each in logs if each["ResourceId"] == identifier]
            yield self._fact("flow logs", name), ", ".join(traffic) or "none"

    def _peering(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections"):
            if each["Status"]["Code"] not in ("deleted", "deleting", "rejected", "failed", "expired"):
                ends = (each[side]["VpcId"] for side in ("RequesterVpcInfo", "AccepterVpcInfo"))
                blocks = " - ".join(self._networks_everywhere.get(end, end) for end in ends)
                yield self._fact("peering", blocks), each["Status"]["Code"]

    def _clusters(self) -> Iterator[tuple[Fact, str]]:
        eks = self._clients.of("eks", self._region)
        for name in self._list("eks", "list_clusters", "clusters"):
            cluster = eks.describe_cluster(name=name)["cluster"]
            access = cluster["resourcesVpcConfig"]
            reach = {
                "endpointPrivateAccess": access["endpointPrivateAccess"],
                "endpointPublicAccess": access["endpointPublicAccess"],
            }
            yield self._fact("cluster", name), expected.cluster(cluster["version"], reach)
            addons = self._list("eks", "list_addons", "addons", clusterName=name)
            told = [eks.describe_addon(clusterName=name, addonName=each)["addon"] for each in addons]
            pinned = sorted(f"{each['addonName']} {each['addonVersion']}" for each in told)
            yield self._fact("add-ons", name), ", ".join(pinned) or "none"
            for group in self._list("eks", "list_nodegroups", "nodegroups", clusterName=name):
                found = eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
                zones = self._zones(found["subnets"])
                yield (
                    self._fact("node group", group),
                    expected.nodes(found["scalingConfig"], found["instanceTypes"], zones),
                )

    def _zones(self, subnets: Sequence[str]) -> list[str]:
        found = self._list("ec2", "describe_subnets", "Subnets", SubnetIds=list(subnets))
        return sorted({each["AvailabilityZone"] for each in found})

    def _database_members(self) -> Iterator[tuple[Fact, str]]:
        instances = self._list("rds", "describe_db_instances", "DBInstances")
        for each in self._list("rds", "describe_db_clusters", "DBClusters"):
            name = each["DBClusterIdentifier"]
            mine = [one for one in instances if one.get("DBClusterIdentifier") == name]
            described = [f"{one['DBInstanceClass']} in {one['AvailabilityZone']}" for one in mine]
            text = expected.engine(each["EngineVersion"], bool(each.get("StorageEncrypted")), described)
            yield self._fact("database member", name), text

    def _caches(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("elasticache", "describe_replication_groups", "ReplicationGroups"):
            shards = each["NodeGroups"]
            replicas = max((len(shard.get("NodeGroupMembers", ())) for shard in shards), default=1) - 1
            text = expected.cache(
                len(shards), replicas, each.get("MultiAZ") == "enabled", bool(each.get("TransitEncryptionEnabled"))
            )
            yield self._fact("cache", each["ReplicationGroupId"]), text

    def _buckets(self) -> Iterator[tuple[Fact, str]]:
        s3 = self._clients.of("s3", self._region)
        for each in s3.list_buckets(BucketRegion=self._region)["Buckets"]:
            name = each["Name"]
            if _bucket_region(s3, name) == self._region:
                yield self._fact("bucket", name), _bucket(s3, name)

    def _keys(self) -> Iterator[tuple[Fact, str]]:
        kms = self._clients.of("kms", self._region)
        for each in self._list("kms", "list_aliases", "Aliases"):
            target = each.get("TargetKeyId")
            if target and not each["AliasName"].startswith(_AWS_OWN_ALIASES):
                found = kms.describe_key(KeyId=target)["KeyMetadata"]
                role = found.get("MultiRegionConfiguration", {}).get("MultiRegionKeyType", "no").lower()
                primary = role == "primary"
                rotated = kms.get_key_rotation_status(KeyId=target)["KeyRotationEnabled"] if primary else None
                yield self._fact("key", each["AliasName"]), expected.key(role, rotated)

    def _secrets(self) -> Iterator[tuple[Fact, str]]:
        secrets = self._clients.of("secretsmanager", self._region)
        for each in self._list("secretsmanager", "list_secrets", "SecretList"):
            value = _or_none(secrets.get_secret_value, "ResourceNotFoundException", SecretId=each["ARN"]) or {}
            home = each.get("PrimaryRegion", self._region)
            about = "secret" if home == self._region else expected.REPLICA
            yield self._fact(about, each["Name"]), "holds a value" if value.get("SecretString") else "holds nothing"

    def _alarms(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("cloudwatch", "describe_alarms", "MetricAlarms"):
            dimensions = {one["Name"]: _dimension(one["Name"], one["Value"]) for one in each.get("Dimensions", ())}
            metric = f"{each.get('Namespace')} {each.get('MetricName')}"
            text = expected.alarm(metric, dimensions, int(each.get("Period", 0)))
            yield self._fact("alarm", each["AlarmName"]), text if each.get("MetricName") else expected.CALCULATED

    def _parameters(self) -> Iterator[tuple[Fact, str]]:
        ssm = self._clients.of("ssm", self._region)
        for each in self._list("ssm", "describe_parameters", "Parameters"):
            value = ssm.get_parameter(Name=each["Name"], WithDecryption=True)["Parameter"]["Value"]
            yield self._fact("parameter", each["Name"]), expected.parameter(value)

    def _log_groups(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("logs", "describe_log_groups", "logGroups"):
            days = each.get("retentionInDays")
            yield self._fact("log group", each["logGroupName"]), f"kept {days} days" if days else "kept"


def _global(clients: Clients, region: str) -> Iterator[tuple[Fact, str]]:
    for each in clients.listed("rds", region, "describe_global_clusters", "GlobalClusters"):
        roles = [
            f"{one['DBClusterArn'].rpartition(':')[2]} {'writes' if one['IsWriter'] else 'reads'}"
            for one in each["GlobalClusterMembers"]
        ]
        yield Fact(GLOBAL, "database", each["GlobalClusterIdentifier"]), ", ".join(sorted(roles))
    yield from _dns(clients, region)


def _dns(clients: Clients, region: str) -> Iterator[tuple[Fact, str]]:
    checks = {}
    for each in clients.listed("route53", region, "list_health_checks", "HealthChecks"):
        config = each["HealthCheckConfig"]
        watched = config.get("AlarmIdentifier", {})
        checks[each["Id"]] = expected.check_name(
            watched.get("Name"), str(config.get("FullyQualifiedDomainName", each["Id"]))
        )
        yield (
            Fact(GLOBAL, "health check", checks[each["Id"]]),
            expected.health_check(
                config["Type"], watched.get("Region", ""), config.get("InsufficientDataHealthStatus", "")
            ),
        )
    for zone in clients.listed("route53", region, "list_hosted_zones", "HostedZones"):
        kind = "private" if zone["Config"].get("PrivateZone") else "public"
        for each in clients.listed(
            "route53", region, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        ):
            if each["Type"] not in ("NS", "SOA"):
                name = f"{each['Name'].rstrip('.')} {each.get('SetIdentifier', '')}".strip()
                yield Fact(GLOBAL, f"{kind} record", name), _dns_record(each, checks)


def _dns_record(record: Mapping[str, Any], checks: Mapping[str, str]) -> str:
    routing = [record["Failover"]] if "Failover" in record else []
    routing += [f"LATENCY {record['Region']}"] if "Region" in record else []
    values = [each["Value"] for each in record.get("ResourceRecords", ())]
    values += [f"alias of {_alias(record['AliasTarget']['DNSName'].rstrip('.'))}"] if "AliasTarget" in record else []
    check = record.get("HealthCheckId")
    return expected.dns_record(routing, values, checks.get(check, "an unknown health check") if check else None)


def _dimension(name: str, value: str) -> str:
    """A balancer or target group by its name, without its kind and the id that AWS gave it."""
    return value.split("/")[-2] if name in ("LoadBalancer", "TargetGroup") else value


def _alias(target: str) -> str:
    """A load balancer's host name begins with its own name and an id (Elastic Load Balancing User Guide)."""
    host, _, domain = target.partition(".")
    return f"balancer {host.rpartition('-')[0]}" if ".elb." in f".{domain}" else target


def _bucket_region(s3: Any, name: str) -> str:
    return str(s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1")


def _bucket(s3: Any, name: str) -> str:
    versioned = s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
    encryption = _or_none(s3.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError", Bucket=name) or {
        "ServerSideEncryptionConfiguration": {"Rules": []}
    }
    algorithms = [
        each["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        for each in encryption["ServerSideEncryptionConfiguration"]["Rules"]
    ]
    rules = _or_none(s3.get_bucket_replication, "ReplicationConfigurationNotFoundError", Bucket=name) or {
        "ReplicationConfiguration": {"Rules": []}
    }
    replicated = [
        expected.replication(
            each["Destination"]["Bucket"].rpartition(":")[2],
            each["Destination"].get("ReplicationTime", {}).get("Status") == "Enabled",
        )
        for each in rules["ReplicationConfiguration"]["Rules"]
        if each["Status"] == "Enabled"
    ]
    lock = _or_none(s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", Bucket=name)
    return expected.bucket(versioned, algorithms, replicated, locked=lock is not None)


def _or_none(call: Any, absent: str, **arguments: Any) -> Any:
    """The answer, or None where the service says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == absent:
            return None
        raise
