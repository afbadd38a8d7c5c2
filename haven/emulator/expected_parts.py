"""What a recording says of tables, queues, images, balancers and vaults, as facts that `found_parts` reads back."""

from collections.abc import Iterator, Sequence

from haven.emulator.expected import Fact
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource


def facts(recording: Recording) -> dict[Fact, str]:
    """Everything that can be told of these parts in a recording."""
    return dict(_Planned(recording).facts())


class _Planned:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._records = [each for each in recording.real() if each.region]

    def facts(self) -> Iterator[tuple[Fact, str]]:
        yield from self._tables()
        yield from self._queues()
        yield from self._images()
        yield from self._balancers()
        yield from self._certificates()
        yield from self._backups()

    def _of(self, token: str) -> list[Resource]:
        return [each for each in self._records if each.type == token]

    def _referred(self, value: object) -> Resource | None:
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._recording.by_key.get(found["key"]) if found else None

    def _tables(self) -> Iterator[tuple[Fact, str]]:
        beside = self._of(aws.DYNAMODB_TABLE_REPLICA)
        for each in self._of(aws.DYNAMODB_TABLE):
            home = str(each.region)
            others = [str(one["regionName"]) for one in each.inputs.get("replicas", ())]
            others += [str(one.region) for one in beside if self._referred(one.inputs["globalTableArn"]) is each]
            keys = [str(each.inputs[name]) for name in ("hashKey", "rangeKey") if each.inputs.get(name)]
            for region in (home, *others):
                copies = sorted({home, *others} - {region})
                yield Fact(region, "table", str(each.inputs["name"])), table(keys, copies)

    def _queues(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.SQS_QUEUE):
            wait, kept = int(each.inputs.get("visibilityTimeoutSeconds", 30)), each.inputs["messageRetentionSeconds"]
            text = queue(bool(each.inputs.get("kmsMasterKeyId")), wait, int(kept), "redrivePolicy" in each.inputs)
            yield Fact(str(each.region), "queue", str(each.inputs["name"])), text

    def _images(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.ECR_REPOSITORY):
            encryption = [str(one["encryptionType"]) for one in each.inputs["encryptionConfigurations"]]
            scanned = bool(each.inputs["imageScanningConfiguration"]["scanOnPush"])
            text = repository(str(each.inputs["imageTagMutability"]), ", ".join(encryption), scanned)
            yield Fact(str(each.region), "images", str(each.inputs["name"])), text

    def _balancers(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.LB_LOAD_BALANCER):
            reach = "internal" if each.inputs.get("internal") else "internet-facing"
            text = balancer(str(each.inputs["loadBalancerType"]), reach, len(each.inputs["subnets"]))
            yield Fact(str(each.region), "balancer", str(each.inputs["name"])), text
        for each in self._of(aws.LB_TARGET_GROUP):
            text = f"{each.inputs['protocol']} {each.inputs['port']}, healthy on {each.inputs['healthCheck']['path']}"
            yield Fact(str(each.region), "targets", str(each.inputs["name"])), text
        for each in self._of(aws.WAFV2_WEB_ACL):
            text = firewall(str(one["name"]) for one in each.inputs["rules"])
            yield Fact(str(each.region), "firewall", str(each.inputs["name"])), text

    def _certificates(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.ACM_CERTIFICATE):
            yield Fact(str(each.region), "certificate", str(each.inputs["domainName"])), certificate("ISSUED", True)

    def _backups(self) -> Iterator[tuple[Fact, str]]:
        for each in self._of(aws.BACKUP_VAULT):
            yield Fact(str(each.region), "backup vault", str(each.inputs["name"])), "encrypted"
        for each in self._of(aws.BACKUP_PLAN):
            rules = [str(one["ruleName"]) for one in each.inputs["rules"]]
            yield Fact(str(each.region), "backup plan", str(each.inputs["name"])), ", ".join(sorted(rules))


def table(keys: Sequence[str], copies: Sequence[str]) -> str:
    """A table in words."""
    return f"by {' and '.join(keys)}, {'also in ' + ', '.join(sorted(copies)) if copies else 'nowhere else'}"


def queue(encrypted: bool, hidden: int, kept: int, gives_up: bool) -> str:
    """A queue in words."""
    words = [
        "encrypted" if encrypted else "NOT encrypted",
        f"hidden {hidden} s",
        f"kept {kept} s",
        "with dead letters" if gives_up else "no dead letters",
    ]
    return ", ".join(words)


def repository(tags: str, encryption: str, scanned: bool) -> str:
    """A repository in words."""
    return f"{tags.lower()} tags, {encryption}, {'scanned on push' if scanned else 'NOT scanned'}"


def balancer(kind: str, reach: str, subnets: int) -> str:
    """A load balancer in words."""
    return f"{kind}, {reach}, in {subnets} subnets"


def firewall(rules: Iterator[str]) -> str:
    """A web ACL in words."""
    return f"rules {', '.join(sorted(rules))}"


def certificate(status: str, shown: bool) -> str:
    """A certificate in words."""
    return f"{status}, its record {'is there' if shown else 'is MISSING'}"
