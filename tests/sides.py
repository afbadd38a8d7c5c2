"""What stands in one Region of a recording, in words that hold for both."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource, Secret
from tests.environments import PRIMARY, RECOVERY

OTHER = {PRIMARY: RECOVERY, RECOVERY: PRIMARY}
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
CIDRS = {PRIMARY: "10.40.", RECOVERY: "10.41."}

SAME_KIND = {
    aws.DYNAMODB_TABLE_REPLICA: aws.DYNAMODB_TABLE,
    aws.EC2_VPC_PEERING_CONNECTION_ACCEPTER: (aws.EC2_VPC_PEERING_CONNECTION),
    aws.KMS_REPLICA_KEY: aws.KMS_KEY,
}
"""What the recovery Region has -> what it is the other side of."""

KEPT_OPTIONS = ("protect", "retain_on_delete", "delete_before_replace", "ignore_changes")


@dataclass(frozen=True)
class Standing:
    """One resource, described so that its other side reads the same."""

    record: Resource
    kind: str
    name: str
    inputs: Mapping[str, Any]
    """Its options among them, as `options.protect` and so on."""


def side(recording: Recording, region: str) -> dict[tuple[str, str], Standing]:
    """What stands in a Region, by kind and name."""
    found = [_standing(recording, each, region) for each in recording.real() if each.region == region]
    named = {(each.kind, each.name): each for each in found}
    assert len(named) == len(found)
    return named


def _standing(recording: Recording, record: Resource, region: str) -> Standing:
    def said_of(found: re.Match[str]) -> str:
        target = recording.by_key[found["key"]]
        return f"{_kind(target)} {_name(target, region)} {found['path']}"

    text = json.dumps(dict(record.inputs), default=_opened)
    inputs = json.loads(_neutral(REFERENCE.sub(said_of, text), region))
    if record.type == aws.DYNAMODB_TABLE:
        inputs = _as_replica(inputs)
    if record.type == aws.CLOUDWATCH_COMPOSITE_ALARM:
        inputs = _as_parts(inputs)
    options = {f"options.{name}": value for name, value in dataclasses.asdict(record.options).items()}
    kept = {f"options.{name}": options[f"options.{name}"] for name in KEPT_OPTIONS}
    return Standing(record, _kind(record), _name(record, region), {**inputs, **kept})


def _kind(record: Resource) -> str:
    return SAME_KIND.get(record.type, record.type)


def _name(record: Resource, region: str) -> str:
    name = re.sub(r"-(replica|accepter|connection)$", "", record.name) if record.type in _PAIRED else record.name
    if record.is_kubernetes:
        name = re.sub(r"-[0-9a-f]{8}$", "", name)  # what it holds names its Region
    return _neutral(name, region)


_PAIRED = {*SAME_KIND, *SAME_KIND.values()}


def _neutral(text: str, region: str) -> str:
    """`text` without this Region's name, code and addresses, nor the other one's; a cache that isn't replicated says
    so in its name."""
    text = text.replace("-alone", "")
    for own, word in ((region, "here"), (OTHER[region], "there")):
        text = text.replace(own, f"<{word}>").replace(CODES[own], f"<{word}>")
        for address in (CIDRS[own], CIDRS[own].replace(".", "-")):
            text = text.replace(address, f"<{word}>.")
    return text


def _opened(value: object) -> Any:
    if isinstance(value, Secret):
        return {"secret": value.value}
    raise TypeError(type(value))


def _as_replica(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table in the words of its replica; what a replica takes over from its table is left out."""
    return {
        "deletionProtectionEnabled": table.get("deletionProtectionEnabled"),
        "kmsKeyArn": table["serverSideEncryption"]["kmsKeyArn"],
        "pointInTimeRecovery": table["pointInTimeRecovery"]["enabled"],
        "tags": table.get("tags"),
    }


def _as_parts(alarm: Mapping[str, Any]) -> Mapping[str, Any]:
    """A composite alarm with each alarm that it sums up as a property of its own."""
    summed = {f"sums up {name}": True for name in re.findall(r'ALARM\("([^"]+)"\)', alarm["alarmRule"])}
    return {**alarm, **summed, "alarmRule": re.sub(r'(ALARM\("[^"]+"\)( OR )?)+', "any of these", alarm["alarmRule"])}
