"""Volumes, wherever they are described."""

from collections.abc import Iterator

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, resource_rule
from haven_policies.rules.property_rules import each_of, key, switch
from haven_policies.rules.values import is_off, value_at

_NAMING_NO_KEY = (aws.EC2_LAUNCH_CONFIGURATION,)
"""Types whose volumes can't name a key: they get the account's default one."""
_TYPES = (
    aws.EBS_ENCRYPTION_BY_DEFAULT,
    aws.EBS_VOLUME,
    aws.EC2_INSTANCE,
    aws.EC2_LAUNCH_CONFIGURATION,
    aws.EC2_LAUNCH_TEMPLATE,
    aws.EC2_SPOT_FLEET_REQUEST,
    aws.EC2_SPOT_INSTANCE_REQUEST,
)


@resource_rule(
    *_TYPES,
    description="Volumes are encrypted with a customer managed key, in launch templates too.",
    remediation="Set encrypted and kmsKeyId.",
    page="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    severity=Severity.HIGH,
)
def volume_encrypted(found: Resource) -> Iterator[Finding]:
    """The account's default key counts only where a volume names none, and only in its Region."""
    if found.type == aws.EBS_ENCRYPTION_BY_DEFAULT:
        if value_at(found.inputs, "enabled") is False:
            yield against(found, "enabled", "true", "leave it on, for volumes that name no encryption")
        return
    for place in _volumes(found):
        fix = "set it before the volume is created: it can't be changed"
        yield from switch(_TYPES, f"{place}encrypted", fix).findings(found)
        if found.type not in _NAMING_NO_KEY:
            yield from key(_TYPES, f"{place}kmsKeyId").findings(found)


def _volumes(found: Resource) -> Iterator[str]:
    """Where a resource describes volumes, each with its dot; volumes of instances count from where they are named."""
    if found.type == aws.EBS_VOLUME:
        yield ""
    for path in each_of(found, "blockDeviceMappings"):
        if not is_off(value_at(found.inputs, f"{path}.ebs")):
            yield f"{path}.ebs."
    specifications = [f"{path}." for path in each_of(found, "launchSpecifications")]
    for base in ("", *specifications):
        for name in ("rootBlockDevice", "rootBlockDevices", "ebsBlockDevices"):
            for path in each_of(found, f"{base}{name}"):
                if not is_off(value_at(found.inputs, f"{path}.noDevice")):
                    continue
                yield f"{path}."
