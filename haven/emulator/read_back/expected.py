"""Descriptions of the resources that a recording declares, as `actual` reads them back from the services."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from haven.emulator.read_back import wording
from haven.emulator.subject import GLOBAL, REPLICATED_SECRET, Subject
from haven.program import aws_types as aws
from haven.program.queries import of_type
from haven.program.recording import Recording, Resource, Secret

Described = Iterator[tuple[Subject, str]]


def descriptions(recording: Recording) -> dict[Subject, str]:
    """Every AWS resource in a recording that can be read back, with its description."""
    return dict(_Expected(recording).descriptions())


class _Expected:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._resources = [each for each in recording.real() if each.region]

    def descriptions(self) -> Described:
        for part in (
            self._network,
            self._peering,
            self._clusters,
            self._database,
            self._caches,
            self._buckets,
            self._keys,
            self._secrets,
            self._dns,
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

    def _of(self, token: str, region: str | None = None) -> list[Resource]:
        return [each for each in of_type(self._resources, token) if region in (None, each.region)]

    def _referred(self, value: object) -> Resource | None:
        return self._recording.referred(value)

    def _zones(self, subnets: Iterable[object]) -> list[str]:
        records = [self._referred(each) for each in subnets]
        return sorted({str(each.inputs["availabilityZone"]) for each in records if each})

    def _network(self) -> Described:
        for vpc in self._of(aws.EC2_VPC):
            region, name = str(vpc.region), str(vpc.inputs["cidrBlock"])
            inside = [each for each in self._resources if self._referred(each.inputs.get("vpcId")) is vpc]
            subnets = [each for each in inside if each.type == aws.EC2_SUBNET]
            zones = Counter(str(each.inputs["availabilityZone"]) for each in subnets)
            yield Subject(region, "subnets", name), wording.counted(zones)
            gateways = [self._referred(each.inputs.get("subnetId")) for each in self._of(aws.EC2_NAT_GATEWAY)]
            held = Counter(str(each.inputs["availabilityZone"]) for each in gateways if each in subnets)
            yield Subject(region, "NAT gateways", name), wording.counted(held)
            endpoints = [each for each in inside if each.type == aws.EC2_VPC_ENDPOINT]
            kinds = Counter(str(each.inputs.get("vpcEndpointType", "Gateway")) for each in endpoints)
            yield Subject(region, "endpoints", name), wording.counted(kinds)
            logs = [each for each in inside if each.type == aws.EC2_FLOW_LOG]
            yield (
                Subject(region, "flow logs", name),
                ", ".join(str(each.inputs["trafficType"]) for each in logs) or "none",
            )

    def _peering(self) -> Described:
        for each in self._of(aws.EC2_VPC_PEERING_CONNECTION):
            ends = [self._referred(each.inputs[name]) for name in ("vpcId", "peerVpcId")]
            cidrs = " - ".join(str(end.inputs["cidrBlock"]) for end in ends if end)
            for end in ends:
                if end:
                    yield Subject(str(end.region), "peering", cidrs), "active"

    def _clusters(self) -> Described:
        for each in self._of(aws.EKS_CLUSTER):
            region, name = str(each.region), str(each.inputs["name"])
            access = each.inputs.get("vpcConfig", {})
            yield Subject(region, "cluster", name), wording.cluster(str(each.inputs["version"]), access)
            addons = [one for one in self._of(aws.EKS_ADDON, region) if one.inputs["clusterName"] == name]
            pinned = {str(one.inputs["addonName"]): str(one.inputs.get("addonVersion", "any")) for one in addons}
            yield (
                Subject(region, "add-ons", name),
                ", ".join(f"{key} {pinned[key]}" for key in sorted(pinned)) or "none",
            )
        for each in self._of(aws.EKS_NODE_GROUP):
            scaling, types = each.inputs["scalingConfig"], each.inputs.get("instanceTypes", ())
            zones = self._zones(each.inputs["subnetIds"])
            yield (
                Subject(str(each.region), "node group", str(each.inputs["nodeGroupName"])),
                wording.nodes(scaling, types, zones),
            )

    def _database(self) -> Described:
        members = self._of(aws.RDS_CLUSTER)
        for database in self._of(aws.RDS_GLOBAL_CLUSTER):
            mine = [each for each in members if self._referred(each.inputs.get("globalClusterIdentifier")) is database]
            # Only the first writer has a password; a member that joins accepts none.
            roles = {
                f"{each.inputs['clusterIdentifier']} {'writes' if 'masterUsername' in each.inputs else 'reads'}"
                for each in mine
            }
            yield Subject(GLOBAL, "database", str(database.inputs["globalClusterIdentifier"])), ", ".join(sorted(roles))
        instances = self._of(aws.RDS_CLUSTER_INSTANCE)
        for each in members:
            mine = [one for one in instances if self._referred(one.inputs["clusterIdentifier"]) is each]
            described = sorted(f"{one.inputs['instanceClass']} in {one.inputs['availabilityZone']}" for one in mine)
            text = wording.engine(
                str(each.inputs["engineVersion"]), bool(each.inputs.get("storageEncrypted")), described
            )
            yield Subject(str(each.region), "database member", str(each.inputs["clusterIdentifier"])), text

    def _caches(self) -> Described:
        for each in self._of(aws.ELASTICACHE_REPLICATION_GROUP):
            shards, replicas = int(each.inputs["numNodeGroups"]), int(each.inputs["replicasPerNodeGroup"])
            text = wording.cache(
                shards, replicas, bool(each.inputs["multiAzEnabled"]), bool(each.inputs["transitEncryptionEnabled"])
            )
            yield Subject(str(each.region), "cache", str(each.inputs["replicationGroupId"])), text

    def _buckets(self) -> Described:
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
            yield Subject(region, "bucket", name), wording.bucket(versioned, encrypted, replicated, locked=locked)

    def _is_bucket(self, setting: Resource, wanted: Resource) -> bool:
        value = setting.inputs["bucket"]
        return value == wanted.inputs["bucket"] or self._referred(value) is wanted

    def _replication(self, rule: Mapping[str, Any]) -> str:
        to = self._referred(rule["destination"]["bucket"])
        name = to.inputs["bucket"] if to else str(rule["destination"]["bucket"]).rpartition(":")[2]
        return wording.replication(str(name), "replicationTime" in rule["destination"])

    def _keys(self) -> Described:
        for each in self._of(aws.KMS_ALIAS):
            target = self._referred(each.inputs["targetKeyId"])
            if target is not None:
                primary = target.type == aws.KMS_KEY
                role = "primary" if primary else "replica"
                rotated = bool(target.inputs.get("enableKeyRotation")) if primary else None
                yield Subject(str(each.region), "key", str(each.inputs["name"])), wording.key(role, rotated)

    def _secrets(self) -> Described:
        for each in self._of(aws.SECRETSMANAGER_SECRET):
            name = str(each.inputs["name"])
            yield Subject(str(each.region), "secret", name), "holds a value"
            for replica in each.inputs.get("replicas", ()):
                yield Subject(str(replica["region"]), REPLICATED_SECRET, name), "holds a value"

    def _dns(self) -> Described:
        checks = {}
        for each in self._of(aws.ROUTE53_HEALTH_CHECK):
            checks[each.key] = wording.check_name(
                each.inputs.get("cloudwatchAlarmName"), str(each.inputs.get("fqdn", each.name))
            )
            yield (
                Subject(GLOBAL, "health check", checks[each.key]),
                wording.health_check(
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
                Subject(GLOBAL, f"{kind} record", name),
                wording.dns_record(routing, values, checks.get(check.key if check else "")),
            )

    def _alias(self, target: str) -> str:
        """What an alias stands for: another record, or a load balancer, whose host name AWS makes up."""
        balancer = self._referred(target)
        return f"balancer {balancer.inputs['name']}" if balancer else target

    def _named(self, value: object) -> str:
        """What belongs to another resource, by that one's name."""
        found = self._referred(value)
        return str(found.inputs["name"]) if found else str(value)

    def _alarms(self) -> Described:
        for each in self._of(aws.CLOUDWATCH_METRIC_ALARM):
            got = each.inputs
            if "metricQueries" in got:
                text = wording.CALCULATED
            else:
                dimensions = {name: self._named(value) for name, value in got.get("dimensions", {}).items()}
                text = wording.alarm(f"{got['namespace']} {got['metricName']}", dimensions, int(got["period"]))
            yield Subject(str(each.region), "alarm", str(got["name"])), text

    def _parameters(self) -> Described:
        for each in self._of(aws.SSM_PARAMETER):
            yield Subject(str(each.region), "parameter", str(each.inputs["name"])), wording.parameter(_value(each))

    def _log_groups(self) -> Described:
        for each in self._of(aws.CLOUDWATCH_LOG_GROUP):
            text = wording.log_group(each.inputs.get("retentionInDays"))
            yield Subject(str(each.region), "log group", str(each.inputs["name"])), text

    def _tables(self) -> Described:
        beside = self._of(aws.DYNAMODB_TABLE_REPLICA)
        for each in self._of(aws.DYNAMODB_TABLE):
            home = str(each.region)
            others = [str(one["regionName"]) for one in each.inputs.get("replicas", ())]
            others += [str(one.region) for one in beside if self._referred(one.inputs["globalTableArn"]) is each]
            keys = [str(each.inputs[name]) for name in ("hashKey", "rangeKey") if each.inputs.get(name)]
            for region in (home, *others):
                copies = sorted({home, *others} - {region})
                yield Subject(region, "table", str(each.inputs["name"])), wording.table(keys, copies)

    def _queues(self) -> Described:
        for each in self._of(aws.SQS_QUEUE):
            wait, kept = int(each.inputs.get("visibilityTimeoutSeconds", 30)), each.inputs["messageRetentionSeconds"]
            text = wording.queue(
                bool(each.inputs.get("kmsMasterKeyId")), wait, int(kept), "redrivePolicy" in each.inputs
            )
            yield Subject(str(each.region), "queue", str(each.inputs["name"])), text

    def _images(self) -> Described:
        for each in self._of(aws.ECR_REPOSITORY):
            encryption = [str(one["encryptionType"]) for one in each.inputs["encryptionConfigurations"]]
            scanned = bool(each.inputs["imageScanningConfiguration"]["scanOnPush"])
            text = wording.repository(str(each.inputs["imageTagMutability"]), ", ".join(encryption), scanned)
            yield Subject(str(each.region), "images", str(each.inputs["name"])), text

    def _balancers(self) -> Described:
        for each in self._of(aws.LB_LOAD_BALANCER):
            reach = "internal" if each.inputs.get("internal") else "internet-facing"
            text = wording.balancer(str(each.inputs["loadBalancerType"]), reach, len(each.inputs["subnets"]))
            yield Subject(str(each.region), "balancer", str(each.inputs["name"])), text
        for each in self._of(aws.LB_TARGET_GROUP):
            inputs = each.inputs
            text = wording.targets(inputs["protocol"], inputs["port"], inputs["healthCheck"]["path"])
            yield Subject(str(each.region), "targets", str(each.inputs["name"])), text
        for each in self._of(aws.WAFV2_WEB_ACL):
            text = wording.firewall(str(one["name"]) for one in each.inputs["rules"])
            yield Subject(str(each.region), "firewall", str(each.inputs["name"])), text

    def _certificates(self) -> Described:
        for each in self._of(aws.ACM_CERTIFICATE):
            yield (
                Subject(str(each.region), "certificate", str(each.inputs["domainName"])),
                wording.certificate("ISSUED", True),
            )

    def _backups(self) -> Described:
        for each in self._of(aws.BACKUP_VAULT):
            yield Subject(str(each.region), "backup vault", str(each.inputs["name"])), "encrypted"
        for each in self._of(aws.BACKUP_PLAN):
            rules = [str(one["ruleName"]) for one in each.inputs["rules"]]
            yield Subject(str(each.region), "backup plan", str(each.inputs["name"])), ", ".join(sorted(rules))


def _value(record: Resource) -> str:
    """A parameter's value; its type decides which input holds it."""
    value = record.inputs.get("insecureValue", record.inputs.get("value", ""))
    return str(value.value if isinstance(value, Secret) else value)
