"""What a recording says must be there, as facts that `found` reads back from the services."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource, Secret


class Fact(NamedTuple):
    """One thing that can be told by looking: in this Region, about this kind of thing, this one is so."""

    region: str
    about: str
    """For example `bucket`."""
    name: str
    """Which one, by the name that AWS knows it by."""


Facts = Mapping[Fact, str]

GLOBAL = "global"
"""Stands for the Region where a service has only one place: Route 53."""

REPLICA = "replicated secret"
"""A secret in another Region than its own."""

CALCULATED = "what is calculated from metrics"
"""What an alarm without a metric of its own is on; the emulator doesn't answer the calculation."""


def facts(recording: Recording) -> dict[Fact, str]:
    """Everything that can be told of the AWS resources in a recording."""
    return dict(_Planned(recording).facts())


class _Planned:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._records = [each for each in recording.real() if each.region]

    def facts(self) -> Iterator[tuple[Fact, str]]:
        yield from self._network()
        yield from self._peering()
        yield from self._clusters()
        yield from self._database()
        yield from self._caches()
        yield from self._buckets()
        yield from self._keys()
        yield from self._secrets()
        yield from self._dns()
        yield from self._alarms()
        yield from self._others()

    def _of(self, token: str, region: str | None = None) -> list[Resource]:
        return [each for each in self._records if each.type == token and region in (None, each.region)]

    def _referred(self, value: object) -> Resource | None:
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._recording.by_key.get(found["key"]) if found else None

    def _zones(self, subnets: Iterable[object]) -> list[str]:
        records = [self._referred(each) for each in subnets]
        return sorted({str(each.inputs["availabilityZone"]) for each in records if each})

    def _network(self) -> Iterator[tuple[Fact, str]]:
        for vpc in self._of(aws.EC2_VPC):
            region, name = str(vpc.region), str(vpc.inputs["cidrBlock"])
            inside = [each for each in self._records if self._referred(each.inputs.get("vpcId")) is vpc]
            subnets = [each for each in inside if each.type == aws.EC2_SUBNET]
            zones = Counter(str(each.inputs["availabilityZone"]) for each in subnets)
            yield Fact(region, "subnets", name), counted(zones)
            gateways = [self._referred(each.inputs.get("subnetId")) for each in self._of(aws.EC2_NAT_GATEWAY)]
            held = Counter(str(each.inputs["availabilityZone"]) for each in gateways if each in subnets)
            yield Fact(region, "NAT gateways", name), counted(held)
            endpoints = [each for each in inside if each.type == aws.EC2_VPC_ENDPOINT]
            kinds = Counter(str(each.inputs.get("vpcEndpointType", "Gateway")) for each in endpoints)
            yield Fact(region, "endpoints", name), counted(kinds)
            logs = [each for each in inside if each.type == aws.EC2_FLOW_LOG]
            yield Fact(region, "flow logs", name), ", ".join(str(each.inputs["trafficType"]) for each in logs) or "none"

    def _peering(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.EC2_VPC_PEERING_CONNECTION):
            ends = [self._referred(each.inputs[name]) for name in ("vpcId", "peerVpcId")]
            cidrs = " - ".join(str(end.inputs["cidrBlock"]) for end in ends if end)
            for end in ends:
                if end:
                    yield Fact(str(end.region), "peering", cidrs), "active"

    def _clusters(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.EKS_CLUSTER):
            region, name = str(each.region), str(each.inputs["name"])
            access = each.inputs.get("vpcConfig", {})
            yield Fact(region, "cluster", name), cluster(str(each.inputs["version"]), access)
            addons = [one for one in self._of(aws.EKS_ADDON, region) if one.inputs["clusterName"] == name]
            pinned = {str(one.inputs["addonName"]): str(one.inputs["addonVersion"]) for one in addons}
            yield Fact(region, "add-ons", name), ", ".join(f"{key} {pinned[key]}" for key in sorted(pinned)) or "none"
        for each in self._of(aws.EKS_NODE_GROUP):
            scaling, types = each.inputs["scalingConfig"], each.inputs.get("instanceTypes", ())
            zones = self._zones(each.inputs["subnetIds"])
            yield Fact(str(each.region), "node group", str(each.inputs["nodeGroupName"])), nodes(scaling, types, zones)

    def _database(self) -> Iterator[tuple[Fact, str]]:
        members = self._of(aws.RDS_CLUSTER)
        for database in self._of(aws.RDS_GLOBAL_CLUSTER):
            mine = [each for each in members if self._referred(each.inputs.get("globalClusterIdentifier")) is database]
            # Only the first writer is told its password; a member that joins refuses one.
            roles = {
                f"{each.inputs['clusterIdentifier']} {'writes' if 'masterUsername' in each.inputs else 'reads'}"
                for each in mine
            }
            yield Fact(GLOBAL, "database", str(database.inputs["globalClusterIdentifier"])), ", ".join(sorted(roles))
        instances = self._of(aws.RDS_CLUSTER_INSTANCE)
        for each in members:
            mine = [one for one in instances if self._referred(one.inputs["clusterIdentifier"]) is each]
            described = sorted(f"{one.inputs['instanceClass']} in {one.inputs['availabilityZone']}" for one in mine)
            text = engine(str(each.inputs["engineVersion"]), bool(each.inputs.get("storageEncrypted")), described)
            yield Fact(str(each.region), "database member", str(each.inputs["clusterIdentifier"])), text

    def _caches(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.ELASTICACHE_REPLICATION_GROUP):
            shards, replicas = int(each.inputs["numNodeGroups"]), int(each.inputs["replicasPerNodeGroup"])
            text = cache(
                shards, replicas, bool(each.inputs["multiAzEnabled"]), bool(each.inputs["transitEncryptionEnabled"])
            )
            yield Fact(str(each.region), "cache", str(each.inputs["replicationGroupId"])), text

    def _buckets(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.S3_BUCKET):
            name, region = str(each.inputs["bucket"]), str(each.region)
            versioned = any(
                self._is_bucket(one, each) and one.inputs["versioningConfiguration"]["status"] == "Enabled"
                for one in self._of(aws.S3_BUCKET_VERSIONING, region)
            )
            encrypted = [
                str(rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"])
                for one in self._of(aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION, region)
                if self._is_bucket(one, each)
                for rule in one.inputs["rules"]
            ]
            replicated = [
                self._replication(rule)
                for one in self._of(aws.S3_BUCKET_REPLICATION_CONFIG, region)
                if self._is_bucket(one, each)
                for rule in one.inputs["rules"]
            ]
            locked = bool(each.inputs.get("objectLockEnabled"))
            yield Fact(region, "bucket", name), bucket(versioned, encrypted, replicated, locked=locked)

    def _is_bucket(self, setting: Resource, wanted: Resource) -> bool:
        value = setting.inputs["bucket"]
        return value == wanted.inputs["bucket"] or self._referred(value) is wanted

    def _replication(self, rule: Mapping[str, Any]) -> str:
        to = self._referred(rule["destination"]["bucket"])
        name = to.inputs["bucket"] if to else str(rule["destination"]["bucket"]).rpartition(":")[2]
        return replication(str(name), "replicationTime" in rule["destination"])

    def _keys(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.KMS_ALIAS):
            target = self._referred(each.inputs["targetKeyId"])
            if target is not None:
                primary = target.type == aws.KMS_KEY
                role = "primary" if primary else "replica"
                rotated = bool(target.inputs.get("enableKeyRotation")) if primary else None
                yield Fact(str(each.region), "key", str(each.inputs["name"])), key(role, rotated)

    def _secrets(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.SECRETSMANAGER_SECRET):
            name = str(each.inputs["name"])
            yield Fact(str(each.region), "secret", name), "holds a value"
            for replica in each.inputs.get("replicas", ()):
                yield Fact(str(replica["region"]), REPLICA, name), "holds a value"

    def _dns(self) -> Iterator[tuple[Fact, str]]:
        checks = {}
        for each in self._of(aws.ROUTE53_HEALTH_CHECK):
            checks[each.key] = check_name(
                each.inputs.get("cloudwatchAlarmName"), str(each.inputs.get("fqdn", each.name))
            )
            yield (
                Fact(GLOBAL, "health check", checks[each.key]),
                health_check(
                    str(each.inputs["type"]),
                    str(each.inputs.get("cloudwatchAlarmRegion", "")),
                    str(each.inputs.get("insufficientDataHealthStatus", "")),
                ),
            )
        for each in self._of(aws.ROUTE53_RECORD):
            if self._referred(each.inputs["name"]):
                continue  # it validates a certificate, and AWS makes up its name
            zone = self._referred(each.inputs["zoneId"])
            kind = "private" if zone and zone.inputs.get("vpcs") else "public"
            routing = [one["type"] for one in each.inputs.get("failoverRoutingPolicies", ())]
            routing += [f"LATENCY {one['region']}" for one in each.inputs.get("latencyRoutingPolicies", ())]
            check = self._referred(each.inputs.get("healthCheckId"))
            name = f"{each.inputs['name']} {each.inputs.get('setIdentifier', '')}".strip()
            values = [str(value) for value in each.inputs.get("records", ())]
            values += [f"alias of {self._alias(str(alias['name']))}" for alias in each.inputs.get("aliases", ())]
            yield (
                Fact(GLOBAL, f"{kind} record", name),
                dns_record(routing, values, checks.get(check.key if check else "")),
            )

    def _alias(self, target: str) -> str:
        """What an alias stands for: another record, or a load balancer, whose host name AWS makes up."""
        balancer = self._referred(target)
        return f"balancer {balancer.inputs['name']}" if balancer else target

    def _named(self, value: object) -> str:
        """What belongs to another resource, by that one's name."""
        found = self._referred(value)
        return str(found.inputs["name"]) if found else str(value)

    def _alarms(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.CLOUDWATCH_METRIC_ALARM):
            got = each.inputs
            if "metricQueries" in got:
                text = CALCULATED
            else:
                dimensions = {name: self._named(value) for name, value in got.get("dimensions", {}).items()}
                text = alarm(f"{got['namespace']} {got['metricName']}", dimensions, int(got["period"]))
            yield Fact(str(each.region), "alarm", str(got["name"])), text

    def _others(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.SSM_PARAMETER):
            yield Fact(str(each.region), "parameter", str(each.inputs["name"])), parameter(_value(each))
        for each in self._of(aws.CLOUDWATCH_LOG_GROUP):
            days = each.inputs.get("retentionInDays")
            yield (
                Fact(str(each.region), "log group", str(each.inputs["name"])),
                f"kept {int(days)} days" if days else "kept",
            )


def counted(numbers: Mapping[str, int]) -> str:
    """`2 eu-west-1a, 2 eu-west-1b`."""
    return ", ".join(f"{numbers[name]} {name}" for name in sorted(numbers)) or "none"


def cluster(version: str, access: Mapping[str, Any]) -> str:
    """A control plane in words."""
    reach = [word for word in ("Private", "Public") if access.get(f"endpoint{word}Access")]
    return f"Kubernetes {version}, {' and '.join(reach).lower() or 'no'} access"


def nodes(scaling: Mapping[str, Any], types: Iterable[object], zones: Iterable[str]) -> str:
    """A node group in words."""
    sizes = f"{int(scaling['desiredSize'])} ({int(scaling['minSize'])} to {int(scaling['maxSize'])})"
    return f"{sizes} {'/'.join(str(each) for each in types)} in {', '.join(sorted(zones))}"


def engine(version: str, encrypted: bool, instances: Sequence[str]) -> str:
    """A member of the global database in words."""
    storage = "encrypted" if encrypted else "NOT encrypted"
    return f"PostgreSQL {version}, {storage}, {', '.join(sorted(instances)) or 'headless'}"


def cache(shards: int, replicas: int, zones: bool, tls: bool) -> str:
    """A cache group in words."""
    return (
        f"{shards} shards x {1 + replicas} nodes, {'Multi-AZ' if zones else 'one zone'}, {'TLS' if tls else 'no TLS'}"
    )


def bucket(versioned: bool, encrypted: Sequence[str], replicated: Sequence[str], *, locked: bool) -> str:
    """A bucket's settings in words."""
    # Without a setting S3 encrypts with its own key, since 2023-01-05 (S3 User Guide, default encryption).
    words = ["versioned" if versioned else "NOT versioned", ", ".join(encrypted) or "AES256"]
    words += [*sorted(replicated)] or ["not replicated"]
    return ", ".join([*words, *(["Object Lock"] if locked else [])])


def replication(destination: str, timed: bool) -> str:
    """One replication rule in words."""
    return f"to {destination}{' with time control' if timed else ''}"


def key(role: str, rotated: bool | None) -> str:
    """A multi-Region key in words; a replica rotates with its primary, so nothing is said there."""
    rotation = {True: ", rotated", False: ", NOT rotated", None: ""}[rotated]
    return f"multi-Region {role}{rotation}"


def check_name(alarm_name: object, otherwise: str) -> str:
    """What a health check is told apart by: it has no name of its own."""
    return f"on alarm {alarm_name}" if alarm_name else otherwise


def health_check(type_: str, region: str, without_data: str) -> str:
    """A health check in words."""
    return " ".join(each for each in (type_, f"in {region}," if region else "", without_data) if each)


def dns_record(routing: Sequence[str], values: Sequence[str], check: str | None) -> str:
    """A record in words."""
    return f"{' '.join(routing) or 'simple'} {', '.join(sorted(values))}, {check or 'no health check'}"


def alarm(metric: str, dimensions: Mapping[str, Any], period: int) -> str:
    """An alarm in words."""
    where = ", ".join(f"{name}={dimensions[name]}" for name in sorted(dimensions))
    return f"{metric} [{where}] every {period} s"


def parameter(value: str) -> str:
    """A parameter's value in words: of JSON its top-level keys, for what lies below may only be known afterwards."""
    try:
        document = json.loads(value)
    except json.JSONDecodeError:
        return value
    return f"JSON with {', '.join(sorted(document))}" if isinstance(document, Mapping) else value


def _value(record: Resource) -> str:
    """The value of a parameter, which its type decides where to give."""
    value = record.inputs.get("insecureValue", record.inputs.get("value", ""))
    return str(value.value if isinstance(value, Secret) else value)
