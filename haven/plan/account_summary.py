"""Key facts about an account's own resources, read from the recording alone."""

from collections.abc import Iterator, Sequence

from haven.program import aws_types as aws
from haven.program.recording import Resource


def trail(records: Sequence[Resource]) -> Iterator[str]:
    """What a trail records, and for how long its bucket locks the objects."""
    for each in _of(records, aws.CLOUDTRAIL_TRAIL):
        reach = "all Regions" if each.inputs.get("isMultiRegionTrail") else "this Region alone"
        yield f"trail {each.inputs.get('name')}: events of {reach}"
    for each in _of(records, aws.S3_BUCKET_OBJECT_LOCK_CONFIGURATION):
        yield f"locked for {each.inputs['rule']['defaultRetention']['days']} days"


def baseline(records: Sequence[Resource]) -> Iterator[str]:
    """How closely AWS Config and GuardDuty look, and which images are copied where."""
    for each in _of(records, aws.CFG_RECORDER):
        daily = each.inputs.get("recordingMode", {}).get("recordingFrequency") == "DAILY"
        yield f"AWS Config writes down {'once a day what changed' if daily else 'every change'}"
    watched = [each for each in _of(records, aws.GUARDDUTY_DETECTOR_FEATURE) if each.inputs.get("status") == "ENABLED"]
    if watched:
        yield f"GuardDuty reads {', '.join(sorted(str(each.inputs.get('name')) for each in watched))} too"
    for each in _of(records, aws.ECR_REPLICATION_CONFIGURATION):
        for rule in each.inputs["replicationConfiguration"]["rules"]:
            names = ", ".join(f"{chosen['filter']}*" for chosen in rule.get("repositoryFilters", ())) or "all"
            yield f"images {names} are copied to {', '.join(to['region'] for to in rule['destinations'])}"


def state(records: Sequence[Resource]) -> Iterator[str]:
    """Under which name the key for the state is known."""
    return (f"secrets: {each.inputs.get('name')}" for each in _of(records, aws.KMS_ALIAS))


def _of(records: Sequence[Resource], type_: str) -> list[Resource]:
    return [each for each in records if each.type == type_]
