"""Key facts about an account's own resources, read from the recording alone."""

from collections.abc import Iterator, Sequence

from haven.program import aws_types as aws
from haven.program.queries import of_type
from haven.program.recording import Resource


def trail(records: Sequence[Resource]) -> Iterator[str]:
    """What a trail records, and for how long its bucket locks the objects."""
    for each in of_type(records, aws.CLOUDTRAIL_TRAIL):
        reach = "all Regions" if each.inputs.get("isMultiRegionTrail") else "this Region alone"
        yield f"trail {each.inputs.get('name')}: events of {reach}"
    for each in of_type(records, aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION):
        yield f"locked for {each.inputs['rule']['defaultRetention']['days']} days"


def baseline(records: Sequence[Resource]) -> Iterator[str]:
    """The scope of AWS Config and GuardDuty, and the replication of images."""
    for each in of_type(records, aws.CFG_RECORDER):
        daily = each.inputs.get("recordingMode", {}).get("recordingFrequency") == "DAILY"
        yield f"AWS Config records {'changes once a day' if daily else 'every change'}"
    watched = [
        each for each in of_type(records, aws.GUARDDUTY_DETECTOR_FEATURE) if each.inputs.get("status") == "ENABLED"
    ]
    if watched:
        yield f"GuardDuty reads {', '.join(sorted(str(each.inputs.get('name')) for each in watched))} too"
    for each in of_type(records, aws.ECR_REPLICATION_CONFIGURATION):
        for rule in each.inputs["replicationConfiguration"]["rules"]:
            names = ", ".join(f"{chosen['filter']}*" for chosen in rule.get("repositoryFilters", ())) or "all"
            yield f"images {names} are copied to {', '.join(to['region'] for to in rule['destinations'])}"


def state(records: Sequence[Resource]) -> Iterator[str]:
    """The alias of the key that encrypts the state's secrets."""
    return (f"secrets: {each.inputs.get('name')}" for each in of_type(records, aws.KMS_ALIAS))
