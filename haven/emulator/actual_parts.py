"""Tables, queues, images, balancers and vaults as they really are, as the facts that `planned_parts` expects."""

from collections.abc import Iterator, Sequence
from typing import Any

from haven.emulator import expected_parts
from haven.emulator.actual import Clients
from haven.emulator.expected import Fact


def facts(url: str, regions: Sequence[str]) -> dict[Fact, str]:
    """Everything that can be told of these parts at this endpoint, in these Regions."""
    clients = Clients(url)
    shown = _record_names(clients, regions[0])
    return {fact: text for region in regions for fact, text in _Region(clients, region, shown).facts()}


def proofs(url: str, regions: Sequence[str]) -> frozenset[str]:
    """Names of the DNS records that validate certificates: AWS makes them up, so nobody plans them."""
    clients = Clients(url)
    asked = (proof for region in regions for each in _certificates(clients, region) for proof in _proofs(each))
    return frozenset(asked)


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


class _Region:
    def __init__(self, clients: Clients, region: str, shown: frozenset[str]) -> None:
        self._clients = clients
        self._region = region
        self._shown = shown

    def facts(self) -> Iterator[tuple[Fact, str]]:
        for part in (self._tables, self._queues, self._images, self._balancers, self._certificates, self._backups):
            yield from part()

    def _fact(self, about: str, name: str) -> Fact:
        return Fact(self._region, about, name)

    def _list(self, service: str, operation: str, answer: str, **arguments: Any) -> list[Any]:
        return self._clients.listed(service, self._region, operation, answer, **arguments)

    def _tables(self) -> Iterator[tuple[Fact, str]]:
        dynamodb = self._clients.of("dynamodb", self._region)
        for name in self._list("dynamodb", "list_tables", "TableNames"):
            found = dynamodb.describe_table(TableName=name)["Table"]
            keys = [each["AttributeName"] for each in found["KeySchema"]]
            copies = [each["RegionName"] for each in found.get("Replicas", ())]
            yield self._fact("table", name), expected_parts.table(keys, copies)

    def _queues(self) -> Iterator[tuple[Fact, str]]:
        sqs = self._clients.of("sqs", self._region)
        for url in self._list("sqs", "list_queues", "QueueUrls"):
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            text = expected_parts.queue(
                "KmsMasterKeyId" in found,
                int(found["VisibilityTimeout"]),
                int(found["MessageRetentionPeriod"]),
                "RedrivePolicy" in found,
            )
            yield self._fact("queue", url.rpartition("/")[2]), text

    def _images(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("ecr", "describe_repositories", "repositories"):
            text = expected_parts.repository(
                each["imageTagMutability"],
                each["encryptionConfiguration"]["encryptionType"],
                each["imageScanningConfiguration"]["scanOnPush"],
            )
            yield self._fact("images", each["repositoryName"]), text

    def _balancers(self) -> Iterator[tuple[Fact, str]]:
        for each in self._list("elbv2", "describe_load_balancers", "LoadBalancers"):
            text = expected_parts.balancer(each["Type"], each["Scheme"], len(each["AvailabilityZones"]))
            yield self._fact("balancer", each["LoadBalancerName"]), text
        for each in self._list("elbv2", "describe_target_groups", "TargetGroups"):
            text = f"{each['Protocol']} {each['Port']}, healthy on {each['HealthCheckPath']}"
            yield self._fact("targets", each["TargetGroupName"]), text
        wafv2 = self._clients.of("wafv2", self._region)
        for each in wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"]:
            found = wafv2.get_web_acl(Name=each["Name"], Id=each["Id"], Scope="REGIONAL")["WebACL"]
            text = expected_parts.firewall(str(one["Name"]) for one in found["Rules"])
            yield self._fact("firewall", each["Name"]), text

    def _certificates(self) -> Iterator[tuple[Fact, str]]:
        for each in _certificates(self._clients, self._region):
            shown = set(_proofs(each)) <= self._shown
            yield self._fact("certificate", each["DomainName"]), expected_parts.certificate(each["Status"], shown)

    def _backups(self) -> Iterator[tuple[Fact, str]]:
        backup = self._clients.of("backup", self._region)
        for each in self._list("backup", "list_backup_vaults", "BackupVaultList"):
            yield (
                self._fact("backup vault", each["BackupVaultName"]),
                ("encrypted" if each.get("EncryptionKeyArn") else "NOT encrypted"),
            )
        for each in self._list("backup", "list_backup_plans", "BackupPlansList"):
            plan = backup.get_backup_plan(BackupPlanId=each["BackupPlanId"])["BackupPlan"]
            yield (
                self._fact("backup plan", each["BackupPlanName"]),
                ", ".join(sorted(one["RuleName"] for one in plan["Rules"])),
            )
