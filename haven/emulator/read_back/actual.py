"""Descriptions of the resources that exist at an endpoint, read with boto3, in the form of `expected`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from haven.emulator.clients import Clients
from haven.emulator.read_back import wording
from haven.emulator.subject import GLOBAL, REPLICATED_SECRET, Subject

_AWS_OWN_ALIASES = "alias/aws/"

Described = Iterator[tuple[Subject, str]]


def descriptions(url: str | None, regions: Sequence[str], marked: str = "") -> dict[Subject, str]:
    """Every resource at this endpoint that can be described, with its description.

    DNS records that validate certificates are left out: AWS chooses their names, so no program declares them.

    Args:
        url: the endpoint of every service. None: AWS.
        regions: the Regions to read; services without Regions are asked in the first one.
        marked: read only what has this text in a name or a tag. Omitted: read everything.
    """
    clients = Clients(url, marked)
    networks = {
        vpc["VpcId"]: str(vpc["CidrBlock"])
        for region in regions
        for vpc in clients.listed("ec2", region, "describe_vpcs", "Vpcs")
    }
    validating = {name for region in regions for each in _certificates(clients, region) for name in _proofs(each)}
    records = _record_names(clients, regions[0])
    found = {
        subject: text
        for region in regions
        for subject, text in _Region(clients, region, networks, records).descriptions()
    }
    everywhere = {subject: text for subject, text in _global(clients, regions[0]) if subject.name not in validating}
    return found | everywhere


class _Region:
    def __init__(self, clients: Clients, region: str, networks: Mapping[str, str], records: frozenset[str]) -> None:
        self._clients = clients
        self._region = region
        self._networks_everywhere = networks
        """ID of each VPC, in any of the Regions, to its CIDR block."""
        self._record_names = records
        """Names of all DNS records."""

    def descriptions(self) -> Described:
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
            self._tables,
            self._queues,
            self._images,
            self._balancers,
            self._certificates,
            self._backups,
        ):
            yield from part()

    def _subject(self, kind: str, name: str) -> Subject:
        return Subject(self._region, kind, name)

    def _list(self, service: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        return self._clients.listed(service, self._region, operation, answer, **arguments)

    def _networks(self) -> Described:
        vpcs = [each for each in self._list("ec2", "describe_vpcs", "Vpcs") if not each.get("IsDefault")]
        subnets = self._list("ec2", "describe_subnets", "Subnets")
        gateways = self._list("ec2", "describe_nat_gateways", "NatGateways")
        endpoints = self._list("ec2", "describe_vpc_endpoints", "VpcEndpoints")
        logs = self._list("ec2", "describe_flow_logs", "FlowLogs")
        zone_of = {each["SubnetId"]: each["AvailabilityZone"] for each in subnets}
        for vpc in vpcs:
            name, identifier = vpc["CidrBlock"], vpc["VpcId"]
            here = Counter(each["AvailabilityZone"] for each in subnets if each["VpcId"] == identifier)
            yield self._subject("subnets", name), wording.counted(here)
            held = Counter(
                zone_of.get(each["SubnetId"], "an unknown zone")
                for each in gateways
                if each["VpcId"] == identifier and each["State"] == "available"
            )
            yield self._subject("NAT gateways", name), wording.counted(held)
            kinds = Counter(each["VpcEndpointType"] for each in endpoints if each["VpcId"] == identifier)
            yield self._subject("endpoints", name), wording.counted(kinds)
            traffic = [each["TrafficType"] for each in logs if each["ResourceId"] == identifier]
            yield self._subject("flow logs", name), ", ".join(traffic) or "none"

    def _peering(self) -> Described:
        for each in self._list("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections"):
            if each["Status"]["Code"] not in ("deleted", "deleting", "rejected", "failed", "expired"):
                ends = (each[side]["VpcId"] for side in ("RequesterVpcInfo", "AccepterVpcInfo"))
                blocks = " - ".join(self._networks_everywhere.get(end, end) for end in ends)
                yield self._subject("peering", blocks), each["Status"]["Code"]

    def _clusters(self) -> Described:
        eks = self._clients.of("eks", self._region)
        for name in self._list("eks", "list_clusters", "clusters"):
            cluster = eks.describe_cluster(name=name)["cluster"]
            access = cluster["resourcesVpcConfig"]
            reach = {
                "endpointPrivateAccess": access["endpointPrivateAccess"],
                "endpointPublicAccess": access["endpointPublicAccess"],
            }
            yield self._subject("cluster", name), wording.cluster(cluster["version"], reach)
            addons = self._list("eks", "list_addons", "addons", clusterName=name)
            described = [eks.describe_addon(clusterName=name, addonName=each)["addon"] for each in addons]
            pinned = sorted(f"{each['addonName']} {each['addonVersion']}" for each in described)
            yield self._subject("add-ons", name), ", ".join(pinned) or "none"
            for group in self._list("eks", "list_nodegroups", "nodegroups", clusterName=name):
                found = eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
                zones = self._zones(found["subnets"])
                yield (
                    self._subject("node group", group),
                    wording.nodes(found["scalingConfig"], found["instanceTypes"], zones),
                )

    def _zones(self, subnets: Sequence[str]) -> list[str]:
        found = self._list("ec2", "describe_subnets", "Subnets", SubnetIds=list(subnets))
        return sorted({each["AvailabilityZone"] for each in found})

    def _database_members(self) -> Described:
        instances = self._list("rds", "describe_db_instances", "DBInstances")
        for each in self._list("rds", "describe_db_clusters", "DBClusters"):
            name = each["DBClusterIdentifier"]
            mine = [one for one in instances if one.get("DBClusterIdentifier") == name]
            described = [f"{one['DBInstanceClass']} in {one['AvailabilityZone']}" for one in mine]
            text = wording.engine(each["EngineVersion"], bool(each.get("StorageEncrypted")), described)
            yield self._subject("database member", name), text

    def _caches(self) -> Described:
        for each in self._list("elasticache", "describe_replication_groups", "ReplicationGroups"):
            shards = each["NodeGroups"]
            replicas = max((len(shard.get("NodeGroupMembers", ())) for shard in shards), default=1) - 1
            text = wording.cache(
                len(shards), replicas, each.get("MultiAZ") == "enabled", bool(each.get("TransitEncryptionEnabled"))
            )
            yield self._subject("cache", each["ReplicationGroupId"]), text

    def _buckets(self) -> Described:
        s3 = self._clients.of("s3", self._region)
        for each in self._clients.marked(s3.list_buckets(BucketRegion=self._region)["Buckets"]):
            name = each["Name"]
            if _bucket_region(s3, name) == self._region:
                yield self._subject("bucket", name), _bucket(s3, name)

    def _keys(self) -> Described:
        kms = self._clients.of("kms", self._region)
        for each in self._list("kms", "list_aliases", "Aliases"):
            target = each.get("TargetKeyId")
            if target and not each["AliasName"].startswith(_AWS_OWN_ALIASES):
                found = kms.describe_key(KeyId=target)["KeyMetadata"]
                role = found.get("MultiRegionConfiguration", {}).get("MultiRegionKeyType", "no").lower()
                primary = role == "primary"
                rotated = kms.get_key_rotation_status(KeyId=target)["KeyRotationEnabled"] if primary else None
                yield self._subject("key", each["AliasName"]), wording.key(role, rotated)

    def _secrets(self) -> Described:
        secrets = self._clients.of("secretsmanager", self._region)
        for each in self._list("secretsmanager", "list_secrets", "SecretList"):
            value = _or_none(secrets.get_secret_value, "ResourceNotFoundException", SecretId=each["ARN"]) or {}
            home = each.get("PrimaryRegion", self._region)
            about = "secret" if home == self._region else REPLICATED_SECRET
            yield self._subject(about, each["Name"]), "holds a value" if value.get("SecretString") else "holds nothing"

    def _alarms(self) -> Described:
        for each in self._list("cloudwatch", "describe_alarms", "MetricAlarms"):
            dimensions = {one["Name"]: _dimension(one["Name"], one["Value"]) for one in each.get("Dimensions", ())}
            metric = f"{each.get('Namespace')} {each.get('MetricName')}"
            text = wording.alarm(metric, dimensions, int(each.get("Period", 0)))
            yield self._subject("alarm", each["AlarmName"]), text if each.get("MetricName") else wording.CALCULATED

    def _parameters(self) -> Described:
        ssm = self._clients.of("ssm", self._region)
        for each in self._list("ssm", "describe_parameters", "Parameters"):
            value = ssm.get_parameter(Name=each["Name"], WithDecryption=True)["Parameter"]["Value"]
            yield self._subject("parameter", each["Name"]), wording.parameter(value)

    def _log_groups(self) -> Described:
        for each in self._list("logs", "describe_log_groups", "logGroups"):
            days = each.get("retentionInDays")
            yield self._subject("log group", each["logGroupName"]), wording.log_group(days)

    def _tables(self) -> Described:
        dynamodb = self._clients.of("dynamodb", self._region)
        for name in self._list("dynamodb", "list_tables", "TableNames"):
            found = dynamodb.describe_table(TableName=name)["Table"]
            keys = [each["AttributeName"] for each in found["KeySchema"]]
            copies = [each["RegionName"] for each in found.get("Replicas", ())]
            yield self._subject("table", name), wording.table(keys, copies)

    def _queues(self) -> Described:
        sqs = self._clients.of("sqs", self._region)
        for url in self._list("sqs", "list_queues", "QueueUrls"):
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            text = wording.queue(
                "KmsMasterKeyId" in found,
                int(found["VisibilityTimeout"]),
                int(found["MessageRetentionPeriod"]),
                "RedrivePolicy" in found,
            )
            yield self._subject("queue", url.rpartition("/")[2]), text

    def _images(self) -> Described:
        for each in self._list("ecr", "describe_repositories", "repositories"):
            text = wording.repository(
                each["imageTagMutability"],
                each["encryptionConfiguration"]["encryptionType"],
                each["imageScanningConfiguration"]["scanOnPush"],
            )
            yield self._subject("images", each["repositoryName"]), text

    def _balancers(self) -> Described:
        for each in self._list("elbv2", "describe_load_balancers", "LoadBalancers"):
            text = wording.balancer(each["Type"], each["Scheme"], len(each["AvailabilityZones"]))
            yield self._subject("balancer", each["LoadBalancerName"]), text
        for each in self._list("elbv2", "describe_target_groups", "TargetGroups"):
            text = wording.targets(each["Protocol"], each["Port"], each["HealthCheckPath"])
            yield self._subject("targets", each["TargetGroupName"]), text
        wafv2 = self._clients.of("wafv2", self._region)
        for each in self._clients.marked(wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"]):
            found = wafv2.get_web_acl(Name=each["Name"], Id=each["Id"], Scope="REGIONAL")["WebACL"]
            text = wording.firewall(str(one["Name"]) for one in found["Rules"])
            yield self._subject("firewall", each["Name"]), text

    def _certificates(self) -> Described:
        for each in _certificates(self._clients, self._region):
            shown = set(_proofs(each)) <= self._record_names
            yield self._subject("certificate", each["DomainName"]), wording.certificate(each["Status"], shown)

    def _backups(self) -> Described:
        backup = self._clients.of("backup", self._region)
        for each in self._list("backup", "list_backup_vaults", "BackupVaultList"):
            yield (
                self._subject("backup vault", each["BackupVaultName"]),
                ("encrypted" if each.get("EncryptionKeyArn") else "NOT encrypted"),
            )
        for each in self._list("backup", "list_backup_plans", "BackupPlansList"):
            plan = backup.get_backup_plan(BackupPlanId=each["BackupPlanId"])["BackupPlan"]
            yield (
                self._subject("backup plan", each["BackupPlanName"]),
                ", ".join(sorted(one["RuleName"] for one in plan["Rules"])),
            )


def _certificates(clients: Clients, region: str) -> list[Any]:
    acm = clients.of("acm", region)
    listed = clients.listed("acm", region, "list_certificates", "CertificateSummaryList")
    return [acm.describe_certificate(CertificateArn=each["CertificateArn"])["Certificate"] for each in listed]


def _proofs(certificate: Any) -> list[str]:
    options = certificate.get("DomainValidationOptions", ())
    return [each["ResourceRecord"]["Name"].rstrip(".") for each in options if "ResourceRecord" in each]


def _record_names(clients: Clients, region: str) -> frozenset[str]:
    zones = clients.listed("route53", region, "list_hosted_zones", "HostedZones")
    return frozenset(
        record["Name"].rstrip(".")
        for zone in zones
        for record in clients.listed(
            "route53", region, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        )
    )


def _global(clients: Clients, region: str) -> Described:
    for each in clients.listed("rds", region, "describe_global_clusters", "GlobalClusters"):
        roles = [
            f"{one['DBClusterArn'].rpartition(':')[2]} {'writes' if one['IsWriter'] else 'reads'}"
            for one in each["GlobalClusterMembers"]
        ]
        yield Subject(GLOBAL, "database", each["GlobalClusterIdentifier"]), ", ".join(sorted(roles))
    yield from _dns(clients, region)


def _dns(clients: Clients, region: str) -> Described:
    checks = {}
    for each in clients.listed("route53", region, "list_health_checks", "HealthChecks"):
        config = each["HealthCheckConfig"]
        watched = config.get("AlarmIdentifier", {})
        checks[each["Id"]] = wording.check_name(
            watched.get("Name"), str(config.get("FullyQualifiedDomainName", each["Id"]))
        )
        yield (
            Subject(GLOBAL, "health check", checks[each["Id"]]),
            wording.health_check(
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
                yield Subject(GLOBAL, f"{kind} record", name), _dns_record(each, checks)


def _dns_record(record: Mapping[str, Any], checks: Mapping[str, str]) -> str:
    routing = [record["Failover"]] if "Failover" in record else []
    routing += [f"LATENCY {record['Region']}"] if "Region" in record else []
    values = [each["Value"] for each in record.get("ResourceRecords", ())]
    values += [f"alias of {_alias(record['AliasTarget']['DNSName'].rstrip('.'))}"] if "AliasTarget" in record else []
    check = record.get("HealthCheckId")
    return wording.dns_record(routing, values, checks.get(check, "an unknown health check") if check else None)


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
        wording.replication(
            each["Destination"]["Bucket"].rpartition(":")[2],
            each["Destination"].get("ReplicationTime", {}).get("Status") == "Enabled",
        )
        for each in rules["ReplicationConfiguration"]["Rules"]
        if each["Status"] == "Enabled"
    ]
    lock = _or_none(s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", Bucket=name)
    return wording.bucket(versioned, algorithms, replicated, locked=lock is not None)


def _or_none(call: Any, absent: str, **arguments: Any) -> Any:
    """The answer, or None where the service says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == absent:
            return None
        raise
